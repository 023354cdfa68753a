import type { CelRule, Meta, Schema } from "./describe.ts";

/** One field, as CRDs, the docs and `explain` tell it: read out of a valibot schema. */
export interface FieldDoc {
  readonly type: "string" | "integer" | "boolean" | "array" | "object" | "map" | "int-or-string" | "any";
  readonly description: string;
  readonly required: boolean;
  /** As written in a manifest. */
  readonly default?: unknown;
  /** What applies where the field is absent and there is no default. */
  readonly absent?: string;
  /** How people call the form of a string: `CIDR`, `duration`. */
  readonly form?: string;
  readonly choices?: readonly string[];
  /** Of a number. */
  readonly least?: number;
  readonly most?: number;
  /** Of a string or a list. */
  readonly shortest?: number;
  readonly longest?: number;
  readonly pattern?: string | undefined;
  readonly rules: readonly CelRule[];
  /** Of an object. */
  readonly fields?: Readonly<Record<string, FieldDoc>>;
  /** Of a list, or the values of a map. */
  readonly items?: FieldDoc;
  readonly listKey?: string;
}

/** The parts of valibot's schemas and actions that are walked here; the library has no common type for them. */
interface Walkable {
  readonly type: string;
  readonly pipe?: readonly Walkable[];
  readonly wrapped?: Walkable;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, Walkable>>;
  readonly options?: readonly string[];
  readonly item?: Walkable;
  readonly value?: Walkable;
  readonly requirement?: number | RegExp;
  readonly description?: string;
  readonly metadata?: Meta;
}

type Draft = { -readonly [K in keyof FieldDoc]: FieldDoc[K] };

export const fieldDoc = (schema: Schema): FieldDoc => walk(schema as unknown as Walkable);

function walk(schema: Walkable): FieldDoc {
  const [first, ...actions] = schema.pipe ?? [];
  if (first !== undefined) return actions.reduce<Draft>(act, { ...walk(first) });
  if (schema.type === "optional" || schema.type === "nullable") return optional(schema);
  return { type: "any", description: "", required: true, rules: [], ...TYPES[schema.type]?.(schema) };
}

function optional({ wrapped, default: value }: Walkable): FieldDoc {
  const doc: FieldDoc = { ...walk(wrapped ?? { type: "unknown" }), required: false };
  return value === undefined ? doc : { ...doc, default: value };
}

const TYPES: Readonly<Record<string, (schema: Walkable) => Partial<FieldDoc>>> = {
  string: () => ({ type: "string" }),
  number: () => ({ type: "integer" }),
  boolean: () => ({ type: "boolean" }),
  union: () => ({ type: "int-or-string" }),
  picklist: ({ options = [] }) => ({ type: "string", choices: options }),
  array: ({ item }) => ({ type: "array", ...(item === undefined ? {} : { items: walk(item) }) }),
  record: ({ value }) => ({ type: "map", ...(value === undefined ? {} : { items: walk(value) }) }),
  object: objectDoc,
  strict_object: objectDoc,
};

function objectDoc({ entries = {} }: Walkable): Partial<FieldDoc> {
  return {
    type: "object",
    fields: Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, walk(entry)])),
  };
}

/** What one step of a pipe adds. */
function act(doc: Draft, { type, requirement, description, metadata }: Walkable): Draft {
  if (type === "description") return { ...doc, description: description ?? "" };
  if (type === "metadata") return { ...doc, ...metadata, rules: [...doc.rules, ...(metadata?.rules ?? [])] };
  if (requirement instanceof RegExp) return { ...doc, pattern: requirement.source };
  const limit = LIMITS[type];
  return limit === undefined || requirement === undefined ? doc : { ...doc, [limit]: requirement };
}

const LIMITS: Readonly<Record<string, "least" | "most" | "shortest" | "longest">> = {
  min_value: "least",
  max_value: "most",
  min_length: "shortest",
  max_length: "longest",
};

/** The field that a path leads to; numbers and `[]` stand for list items. */
export function fieldAt(doc: FieldDoc, path: readonly (string | number)[]): FieldDoc | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return doc;
  const named = doc.fields !== undefined && Object.hasOwn(doc.fields, first) ? doc.fields[first] : undefined;
  const next = typeof first === "number" || doc.type === "map" ? doc.items : named;
  return next === undefined ? undefined : fieldAt(next, rest);
}
