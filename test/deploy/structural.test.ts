import { expect, test } from "vitest";
import { defaulted, parts, refusals, type Schema } from "../support/crd/schema.ts";
import { definitions, schemaOf } from "./crd.ts";

/** Rules of the API server for schemas of CRDs (apiextensions.k8s.io/v1, "structural schemas"), part by part. */

const kinds = definitions.map(({ spec }) => spec.names.kind);
const FORBIDDEN = [
  "$ref",
  "definitions",
  "dependencies",
  "deprecated",
  "discriminator",
  "id",
  "patternProperties",
  "readOnly",
  "writeOnly",
  "xml",
  "uniqueItems",
];

/** What the API server would say against one part. */
function faults(schema: Schema): string[] {
  const { type, properties, additionalProperties, items, required = [] } = schema;
  const free = schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const keyFields = keys.map((key) => [key, items?.properties?.[key]] as const);
  return [
    ...(type === undefined && !free ? ["has no type"] : []),
    ...FORBIDDEN.filter((keyword) => keyword in schema).map((keyword) => `${keyword} is forbidden`),
    ...(properties && additionalProperties ? ["has both properties and additionalProperties"] : []),
    ...(type === "array" && items === undefined ? ["is a list without items"] : []),
    ...required
      .filter((key) => properties?.[key] === undefined)
      .map((key) => `requires ${key}, which it does not have`),
    ...(schema["x-kubernetes-list-type"] === "map" && keys.length === 0 ? ["is a map list without keys"] : []),
    ...keyFields
      .filter(([key, field]) => field === undefined || !(items?.required?.includes(key) || field.default !== undefined))
      .map(([key]) => `has the list key ${key}, which is neither required nor defaulted`),
    ...(schema.default === undefined
      ? []
      : refusals(schema, defaulted(schema, schema.default)).map(({ text }) => `default: ${text}`)),
  ];
}

test.each(kinds)("the schema of %s is structural", (kind) => {
  const all = [...parts(schemaOf(kind))];
  expect(all.length).toBeGreaterThan(10);
  expect(all.flatMap(([path, schema]) => faults(schema).map((fault) => `${path} ${fault}`))).toEqual([]);
});

test("the check notices what is not structural", () => {
  const broken: Schema = {
    type: "object",
    properties: {
      a: {},
      b: { type: "array" },
      c: { type: "string", default: 1 },
      d: { type: "object", uniqueItems: true },
    },
    required: ["e"],
  };
  const found = [...parts(broken)].flatMap(([path, schema]) => faults(schema).map((fault) => `${path} ${fault}`));
  expect(found).toEqual([
    " requires e, which it does not have",
    "a has no type",
    "b is a list without items",
    "c default: must be of type string",
    "d uniqueItems is forbidden",
  ]);
});

test.each(definitions)("the definition $metadata.name is named as the API server wants it", ({ metadata, spec }) => {
  expect(metadata.name).toBe(`${spec.names.plural}.${spec.group}`);
  expect(spec.names.singular).toBe(spec.names.kind.toLowerCase());
});

/**
 * The API server refuses a CRD whose rules could cost too much, by an estimate that multiplies the limits on the way to a
 * rule; a list or text without a limit counts as millions (KEP 2876). Its estimate itself is not computed here.
 */
const MOST_EVALUATIONS = 100_000;

test.each(kinds)("rules of %s are reached by bounded lists only, and look at bounded texts", (kind) => {
  const unbounded: string[] = [];
  const walk = (schema: Schema, path: string, times: number): void => {
    const hasRule = (schema["x-kubernetes-validations"] ?? []).length > 0;
    if (hasRule && times > MOST_EVALUATIONS) unbounded.push(`${path}: up to ${times} evaluations`);
    if (hasRule && schema.type === "string" && schema.maxLength === undefined) unbounded.push(`${path}: no maxLength`);
    for (const [key, field] of Object.entries(schema.properties ?? {})) walk(field, `${path}.${key}`, times);
    if (schema.items) walk(schema.items, `${path}[]`, times * (schema.maxItems ?? Number.POSITIVE_INFINITY));
    if (schema.additionalProperties) walk(schema.additionalProperties, `${path}{}`, Number.POSITIVE_INFINITY);
  };
  walk(schemaOf(kind), kind, 1);
  expect(unbounded).toEqual([]);
});

test.each(kinds)(
  "expressions of %s make no text of anything else: the estimate knows no limit of its length",
  (kind) => {
    const expressions = [...parts(schemaOf(kind))].flatMap(([path, schema]) =>
      (schema["x-kubernetes-validations"] ?? []).flatMap(({ rule, messageExpression = "" }) =>
        [rule, messageExpression].map((text) => `${path}: ${text}`),
      ),
    );
    expect(expressions.filter((text) => /\bstring\(|\.format\(/.test(text))).toEqual([]);
  },
);
