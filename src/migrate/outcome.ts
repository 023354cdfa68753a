import { type FieldPath, formatPath } from "#config/remark.ts";
import { OUR_API_VERSION } from "#config/schema/kinds.ts";
import { readObject } from "#config/validate.ts";

/** Annotations of a Node that say what its own fields do not. */
interface NodeAnnotations {
  readonly node: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One of our objects, and what is to be known before it is applied. */
export interface Migrated {
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly spec: object;
  };
  readonly remarks: readonly string[];
}

/** What became of another system's objects. */
export interface Migration {
  readonly objects: readonly Migrated[];
  readonly nodes: readonly NodeAnnotations[];
  /** What none of our objects stands for. */
  readonly remarks: readonly string[];
}

/** Gathers a migration. Remarks are about `about` until it is called again. */
export class Outcome {
  readonly #objects: Migrated[] = [];
  readonly #nodes = new Map<string, Record<string, string>>();
  readonly #remarks: string[] = [];
  #about = "";

  about(what: string): void {
    this.#about = what;
  }

  readonly remark = (text: string): void => {
    const line = this.#about === "" ? text : `${this.#about}: ${text}`;
    if (!this.#remarks.includes(line)) this.#remarks.push(line);
  };

  /**
   * One of ours. What our own schema refuses becomes a remark: nothing is printed that could not be applied. Of the
   * configuration only the part that is wrong is left out: without any, all nodes would mesh.
   */
  add(kind: string, name: string, spec: object, remarks: readonly string[] = []): void {
    const object = { apiVersion: OUR_API_VERSION, kind, metadata: { name }, spec: tidy(spec) as object };
    for (;;) {
      const reading = readObject(object, { from: "api" });
      if (reading.is === "object") {
        this.#objects.push({ object, remarks });
        return;
      }
      const faults = reading.is === "invalid" ? reading.remarks : [];
      const [first] = faults;
      if (kind !== "BGPConfiguration" || first === undefined || !leaveOut(object, first.path)) {
        const texts = faults.map(({ path, text }) => `${formatPath(path)}: ${text}`);
        this.remark(`${kind}/${name} cannot be made of it: ${texts.join("; ")}`);
        return;
      }
      this.remark(`${kind}/${name}: ${formatPath(first.path)}: ${first.text}; left out`);
      object.spec = tidy(object.spec) as object;
    }
  }

  annotate(node: string, annotations: Readonly<Record<string, string | undefined>>): void {
    const known = this.#nodes.get(node) ?? {};
    for (const [key, value] of Object.entries(annotations)) if (value !== undefined) known[key] = value;
    if (Object.keys(known).length > 0) this.#nodes.set(node, known);
  }

  end(): Migration {
    const nodes = Array.from(this.#nodes, ([node, annotations]) => ({ node, annotations }));
    return { objects: this.#objects, nodes, remarks: this.#remarks };
  }
}

type Container = Record<string | number, unknown>;

/** Takes out the item of the outermost list on the way to a field, or else the field. @returns whether there was one */
function leaveOut(object: object, path: FieldPath): boolean {
  let [at, outer] = [object as Container, [] as readonly [Container, string | number] | readonly []];
  for (const step of path) {
    if (!(step in at)) break; // what is missing costs the mapping around it
    outer = [at, step];
    if (Array.isArray(at)) break;
    const next = at[step];
    if (typeof next !== "object" || next === null) break;
    at = next as Container;
  }
  const [holder, key] = outer;
  if (holder === undefined || key === undefined || holder === object) return false;
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
  return true;
}

/** Without what is undefined, and without mappings and lists in which nothing is left. */
function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const kept = tidy(inner);
    return kept === undefined || (isEmpty(kept) && !MEANINGFUL_EMPTY.has(key)) ? [] : [[key, kept] as const];
  });
  return Object.fromEntries(entries);
}

/** A selector without conditions selects all. */
const MEANINGFUL_EMPTY = new Set(["nodeSelector", "peerSelector", "serviceSelector", "clientSelector"]);

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length === 0
    : typeof value === "object" && value !== null && Object.keys(value).length === 0;

/** A text as a name that the API server takes (RFC 1123). */
export function objectName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "");
}
