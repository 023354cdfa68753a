/** An object of another system, or a Node, as it came: nothing of it is trusted. */
export interface ForeignObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly raw: Mapping;
}

export type Mapping = Readonly<Record<string, unknown>>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads documents of YAML or JSON that were parsed already; Lists are taken apart, what is no object is left out. */
export function foreignObjects(documents: readonly unknown[]): ForeignObject[] {
  return documents.filter(isMapping).flatMap((raw): ForeignObject[] => {
    const { apiVersion, kind, metadata, items } = raw;
    if (typeof apiVersion !== "string" || typeof kind !== "string") return [];
    if (kind.endsWith("List") && Array.isArray(items)) {
      const bare = kind.slice(0, -4);
      return foreignObjects(items.filter(isMapping).map((item) => ({ apiVersion, kind: bare, ...item })));
    }
    const { name, namespace } = isMapping(metadata) ? metadata : {};
    const space = typeof namespace === "string" ? namespace : undefined;
    return [{ apiVersion, kind, name: String(name ?? ""), namespace: space, raw }];
  });
}

/** A mapping whose fields are taken one by one, so that those that nobody took can be named. */
export class Fields {
  readonly #path: string;
  readonly #value: Mapping;
  readonly #taken = new Set<string>();
  readonly #remark: (text: string) => void;

  /** @param remark is told of fields that are not as expected, by path */
  constructor(value: unknown, path: string, remark: (text: string) => void) {
    this.#value = isMapping(value) ? value : {};
    this.#path = path;
    this.#remark = remark;
    if (value !== undefined && value !== null && !isMapping(value)) remark(`${path}: is not a mapping, left out`);
  }

  text(name: string): string | undefined {
    return this.#take(name, "a text", (value): value is string => typeof value === "string");
  }

  whole(name: string): number | undefined {
    return this.#take(name, "a whole number", (value): value is number => Number.isInteger(value));
  }

  truth(name: string): boolean | undefined {
    return this.#take(name, "true or false", (value): value is boolean => typeof value === "boolean");
  }

  texts(name: string): readonly string[] {
    const isTexts = (value: unknown): value is string[] =>
      Array.isArray(value) && value.every((each) => typeof each === "string");
    return this.#take(name, "a list of texts", isTexts) ?? [];
  }

  /** As it is: for values of more than one form. */
  any(name: string): unknown {
    this.#taken.add(name);
    return this.#value[name];
  }

  fields(name: string): Fields {
    return new Fields(this.any(name), this.path(name), this.#remark);
  }

  list(name: string): Fields[] {
    const value = this.any(name) ?? [];
    if (!Array.isArray(value)) {
      this.#remark(`${this.path(name)}: is not a list, left out`);
      return [];
    }
    return value.map((each, index) => new Fields(each, `${this.path(name)}[${index}]`, this.#remark));
  }

  has(name: string): boolean {
    return this.#value[name] !== undefined && this.#value[name] !== null;
  }

  /** The mapping's own path, as remarks name it. */
  get at(): string {
    return this.#path;
  }

  /** Of a field, as remarks name it. */
  path(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  /** Says of those fields that are there why nothing is made of them. */
  without(reasons: Readonly<Record<string, string>>): void {
    for (const [name, reason] of Object.entries(reasons)) {
      this.#taken.add(name);
      if (this.has(name)) this.#remark(`${this.path(name)}: ${reason}`);
    }
  }

  /** Names the fields that nobody took. */
  end(): void {
    for (const name of Object.keys(this.#value))
      if (!this.#taken.has(name)) this.#remark(`${this.path(name)}: not known here, left out`);
  }

  #take<T>(name: string, form: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.any(name);
    if (value === undefined || value === null) return undefined;
    if (is(value)) return value;
    this.#remark(`${this.path(name)}: is not ${form}, left out`);
    return undefined;
  }
}
