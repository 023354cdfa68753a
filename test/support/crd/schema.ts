import { evaluate } from "./cel.ts";

/** Part of a CRD's `openAPIV3Schema`. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly "x-kubernetes-validations"?: readonly Rule[];
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly [keyword: string]: unknown;
}

export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
  readonly reason?: string;
}

/** Why an object is refused. */
export interface Refusal {
  readonly path: string;
  readonly text: string;
  /** The rule that refused it; undefined: the schema did. */
  readonly rule?: string;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value with defaults filled in, as the API server does before it validates. */
export function defaulted(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => defaulted(schema.items ?? {}, each));
  if (!isObject(value)) return value;
  const filled: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    const given = value[key] ?? structuredClone(inner.default);
    if (given !== undefined) filled[key] = defaulted(inner, given);
  }
  return { ...value, ...filled };
}

/** What the API server (with strict field validation) says against a value; rules only where the schema is content. */
export function refusals(schema: Schema, value: unknown, path = ""): Refusal[] {
  const bySchema = shapeFaults(schema, value, path);
  return bySchema.length > 0 ? bySchema : ruleFaults(schema, value, path);
}

function shapeFaults(schema: Schema, value: unknown, path: string): Refusal[] {
  const faults = Object.entries(checks).flatMap(([keyword, check]) => {
    const text = keyword in schema ? check(schema, value) : undefined;
    return text === undefined ? [] : [{ path, text }];
  });
  return faults.length > 0 ? faults : inner(schema, value, path, shapeFaults, true);
}

function ruleFaults(schema: Schema, value: unknown, path: string): Refusal[] {
  const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule): Refusal[] => {
    const text = broken(rule, value);
    const at = `${path}${rule.fieldPath ?? ""}`.replace(/^[.]/, "");
    return text === undefined ? [] : [{ path: at, text, rule: rule.rule }];
  });
  return [...own, ...inner(schema, value, path, ruleFaults, false)];
}

/** The sentence of a rule that does not hold: its messageExpression where that can be evaluated. */
function broken({ rule, message, messageExpression }: Rule, self: unknown): string | undefined {
  let detail = "";
  try {
    if (evaluate(rule, self) === true) return undefined;
  } catch (error) {
    detail = ` (${error instanceof Error ? error.message : String(error)})`;
  }
  try {
    return messageExpression === undefined ? message + detail : String(evaluate(messageExpression, self));
  } catch {
    return message;
  }
}

type Walk = (schema: Schema, value: unknown, path: string) => Refusal[];

function inner(schema: Schema, value: unknown, path: string, walk: Walk, strict: boolean): Refusal[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => walk(schema.items ?? {}, each, `${path}[${index}]`));
  if (!isObject(value)) return [];
  const { properties, additionalProperties } = schema;
  return Object.entries(value).flatMap(([key, each]): Refusal[] => {
    const below = path === "" ? key : `${path}.${key}`;
    const known = properties?.[key] ?? additionalProperties;
    if (known !== undefined) return walk(known, each, below);
    const named = path === "metadata"; // all objects have the same, whatever a schema says of it
    const free = named || properties === undefined || schema["x-kubernetes-preserve-unknown-fields"] === true;
    return strict && !free ? [{ path: below, text: "unknown field" }] : [];
  });
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: isObject,
};

const sized = (value: unknown): number =>
  typeof value === "string" ? [...value].length : Array.isArray(value) ? value.length : Number.NaN;

/** Keywords of a schema: what is said where a value breaks one. */
const checks: Readonly<Record<string, (schema: Schema, value: unknown) => string | undefined>> = {
  type: ({ type = "" }, value) => (TYPES[type]?.(value) === true ? undefined : `must be of type ${type}`),
  anyOf: ({ anyOf = [] }, value) =>
    anyOf.some(({ type = "" }) => TYPES[type]?.(value)) ? undefined : "must be an integer or a string",
  enum: ({ enum: choices = [] }, value) =>
    choices.includes(value) ? undefined : `supported values: ${choices.join(", ")}`,
  pattern: ({ pattern = "" }, value) =>
    typeof value !== "string" || new RegExp(pattern, "u").test(value) ? undefined : `should match '${pattern}'`,
  minimum: ({ minimum = 0 }, value) =>
    typeof value === "number" && value < minimum ? `should be at least ${minimum}` : undefined,
  maximum: ({ maximum = 0 }, value) =>
    typeof value === "number" && value > maximum ? `should be at most ${maximum}` : undefined,
  minLength: ({ minLength = 0 }, value) => (sized(value) < minLength ? "is too short" : undefined),
  maxLength: ({ maxLength = 0 }, value) => (sized(value) > maxLength ? "is too long" : undefined),
  minItems: ({ minItems = 0 }, value) => (sized(value) < minItems ? "has too few items" : undefined),
  maxItems: ({ maxItems = 0 }, value) => (sized(value) > maxItems ? "has too many items" : undefined),
  required: ({ required = [] }, value) => {
    const missing = required.filter((key) => !(key in (value as Json)));
    return missing.length === 0 ? undefined : `${missing.join(", ")}: required`;
  },
};

/** Every part of a schema with its path: `spec.peers[].address`, `spec.labels{}`. */
export function* parts(schema: Schema, path = ""): Generator<readonly [path: string, schema: Schema]> {
  yield [path, schema];
  for (const [key, field] of Object.entries(schema.properties ?? {}))
    yield* parts(field, path === "" ? key : `${path}.${key}`);
  if (schema.items) yield* parts(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* parts(schema.additionalProperties, `${path}{}`);
}
