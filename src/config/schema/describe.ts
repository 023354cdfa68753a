import * as v from "valibot";

/** Any schema of this folder: valibot's, with the metadata below. */
export type Schema = v.GenericSchema;

/** A condition over several fields: checked here, and by the API server from its CEL text. */
export interface Rule<T> {
  readonly cel: string;
  /** A sentence that says what would be right. */
  readonly message: string;
  readonly holds: (value: T) => boolean;
  /** The field that the sentence is about, where it is one of the mapping's. */
  readonly field?: string;
  /** What is wrong with the field, in the API server's words; absent: its value. */
  readonly reason?: "FieldValueRequired" | "FieldValueForbidden";
}

/** A condition in the API server's words only: here a form's parser does the same. */
export interface CelRule {
  readonly cel: string;
  readonly message: string;
  /** CEL that makes a better message of the value. */
  readonly messageCel?: string;
  /** As in `Rule`; also of a mapping within: `metadata.name`. */
  readonly field?: string | undefined;
  readonly reason?: Rule<never>["reason"];
}

/** What a schema says beyond valibot's own checks; `field-doc.ts` reads it for the CRDs, the docs and `explain`. */
export interface Meta {
  /** How people call the form: `duration`, `CIDR`. */
  readonly form?: string;
  /** Regular expression of a string's form, anchored, in the syntax that JavaScript and Go share; where no rule can say it. */
  readonly pattern?: string | undefined;
  /** Most characters: the API server wants a bound before it takes CEL. */
  readonly longest?: number;
  /** Limits of the number, where a number or text may stand. */
  readonly least?: number;
  readonly most?: number;
  /** What applies where the field is absent and the schema has no default of its own. */
  readonly absent?: string;
  readonly rules?: readonly CelRule[];
  /** The field that tells the items of a list apart, for server-side apply. */
  readonly listKey?: string;
}

/** Valibot takes a list for a mapping without fields of its own; a manifest may not. */
function noList<const S extends Schema>(schema: S): S {
  const run: S["~run"] = (dataset, config) => {
    if (!Array.isArray(dataset.value)) return schema["~run"](dataset, config);
    v._addIssue(schema, "type", dataset, config); // makes it a dataset with issues, in place
    return dataset as unknown as v.FailureDataset<v.BaseIssue<unknown>>;
  };
  return { ...schema, "~run": run };
}

/** A mapping with these fields and no others: one that is misspelt is named, and not ignored. */
export const mapping = <const E extends v.ObjectEntries>(entries: E) => noList(v.strictObject(entries));

/** The fields of somebody else's mapping that are used. */
export const excerpt = <const E extends v.ObjectEntries>(entries: E) => noList(v.object(entries));

/** A mapping from any text to values of one kind. */
export const dictionary = <const S extends Schema>(values: S) => noList(v.record(v.string(), values));

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
    for (const { message, holds, field } of rules) {
      if (!holds(dataset.value))
        addIssue({ message, ...(field !== undefined && { path: [pathItem(field, dataset.value)] }) });
    }
  });
  return v.pipe(schema, check, v.metadata({ rules: rules.map(({ holds: _, ...told }) => told) }));
}

const pathItem = (key: string, input: unknown): v.ObjectPathItem => {
  const fields = input as Record<string, unknown>;
  return { type: "object", origin: "value", input: fields, key, value: fields[key] };
};

/** A string with a form of its own, turned into a value; `read` returns what is wrong as `{ wrong }`. */
export function text<T>(meta: Meta, read: (text: string) => T | { readonly wrong: string }) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value);
      if (typeof value !== "object" || value === null || !("wrong" in value)) return value;
      addIssue({ message: value.wrong });
      return NEVER;
    }),
    v.metadata({ ...meta }),
  );
}
