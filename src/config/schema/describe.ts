import * as v from "valibot";

/** Any schema of this folder: valibot's, with the metadata below. */
export type Schema = v.GenericSchema;

/** A condition over several fields: checked here, and by the API server from its CEL text. */
export interface Rule<T> {
  readonly cel: string;
  /** A sentence that says what would be right. */
  readonly message: string;
  readonly holds: (value: T) => boolean;
}

/** What a schema says beyond valibot's own checks; `structural.ts` turns it into CRD fields, `field-table.ts` into docs. */
export interface Meta {
  /** Regular expression of a string's form, anchored. */
  readonly pattern?: string;
  /** How people call the form: `duration`, `CIDR`. */
  readonly form?: string;
  readonly intOrString?: boolean;
  /** What applies where the field is absent and the schema has no default of its own. */
  readonly absent?: string;
  readonly rules?: readonly { readonly cel: string; readonly message: string }[];
  /** Keys that make list items one and the same for server-side apply. */
  readonly listKeys?: readonly string[];
}

/** Adds what the field means to a schema, for docs, `explain` and the CRD. */
export function says<const S extends Schema>(description: string, schema: S, meta: Meta = {}) {
  return v.pipe(schema, v.description(description), v.metadata({ ...meta }));
}

/** A field that may be absent, without a default. */
export function may<const S extends Schema>(description: string, schema: S, meta: Meta = {}) {
  return v.optional(says(description, schema, meta));
}

/** A field that may be absent and then has this value, written as in a manifest. */
export function or<const S extends Schema>(value: v.InferInput<S>, description: string, schema: S, meta: Meta = {}) {
  const schemaOfField: Schema = says(description, schema, meta);
  return v.optional(schemaOfField, value) as unknown as v.OptionalSchema<S, v.InferInput<S>>;
}

/** Adds conditions over several fields. */
export function ruled<const S extends Schema>(schema: S, rules: readonly Rule<v.InferOutput<S>>[]) {
  const check = v.rawCheck<v.InferOutput<S>>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const { message, holds } of rules) if (!holds(dataset.value)) addIssue({ message });
  });
  return v.pipe(schema, check, v.metadata({ rules: rules.map(({ cel, message }) => ({ cel, message })) }));
}

/** A string with a form of its own, turned into a value; `read` returns what is wrong as `{ wrong }`. */
export function text<T>(form: string, read: (text: string) => T | { readonly wrong: string }, pattern?: string) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value);
      if (typeof value !== "object" || value === null || !("wrong" in value)) return value;
      addIssue({ message: value.wrong });
      return NEVER;
    }),
    v.metadata(pattern === undefined ? { form } : { form, pattern }),
  );
}

/** The parts of valibot's schemas that are walked here; the library's own types do not name them together. */
interface Walkable {
  readonly type: string;
  readonly wrapped?: Walkable;
  readonly entries?: Readonly<Record<string, Walkable>>;
  readonly item?: Walkable;
  readonly value?: Walkable;
}

function unwrap(schema: Walkable): Walkable {
  return schema.wrapped === undefined ? schema : unwrap(schema.wrapped);
}

/** Names of the fields that an object at `path` may have; empty where there is no such object. */
export function fieldNames(schema: Schema, path: readonly (string | number)[]): string[] {
  let at: Walkable | undefined = unwrap(schema as unknown as Walkable);
  for (const part of path) {
    const next: Walkable | undefined = typeof part === "number" ? at.item : (at.entries?.[part] ?? at.value);
    if (next === undefined) return [];
    at = unwrap(next);
  }
  return Object.keys(at.entries ?? {});
}
