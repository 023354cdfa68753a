import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readObject } from "#config/validate.ts";
import { ApiError } from "#k8s/io/api-client.ts";
import type { JsonObject } from "../support/api-server/patch.ts";
import { real, realServer, realServerOrWhyNot, type ServerUnderTest } from "../support/api-server/under-test.ts";
import { defaulted, refusals, type Schema } from "../support/crd/schema.ts";
import { definitions, schemaOf } from "./crd.ts";

/** Every keyword of every schema: an object that breaks it and nothing else of the schema, made from the schema. */

interface Breach {
  readonly kind: string;
  readonly path: string;
  readonly keyword: string;
  readonly object: JsonObject;
}

type Put = (value: unknown) => unknown;

/** A value that the schema takes, rules aside. */
function sample(schema: Schema): unknown {
  const {
    type,
    enum: choices,
    minimum,
    minLength = 0,
    minItems = 0,
    items = {},
    properties = {},
    required = [],
  } = schema;
  if (choices !== undefined) return choices[0];
  switch (type ?? "") {
    case "string":
      return schema.pattern === undefined ? "a".repeat(Math.max(1, minLength)) : "2026-11-21T00:00:00Z";
    case "boolean":
      return true;
    case "array":
      return Array.from({ length: minItems }, () => sample(items));
    case "object":
      return Object.fromEntries(required.map((key) => [key, sample(properties[key] ?? {})]));
    default:
      return minimum ?? 1;
  }
}

const wrongType = { string: 1, boolean: "yes", integer: "one", array: {}, object: [] } as const;

/** By keyword: values that break it. */
const breaches: Readonly<Record<string, (schema: Schema) => readonly unknown[]>> = {
  type: ({ type }) => [wrongType[type as keyof typeof wrongType]],
  enum: () => ["nothing of the kind"],
  pattern: () => ["not of this form"],
  minimum: ({ minimum = 0 }) => [minimum - 1],
  maximum: ({ maximum = 0 }) => (maximum < Number.MAX_SAFE_INTEGER ? [maximum + 1] : []),
  minLength: ({ minLength = 0 }) => ["a".repeat(minLength - 1)],
  maxLength: ({ maxLength = 0 }) => ["a".repeat(maxLength + 1)],
  minItems: ({ minItems = 0, items = {} }) => [Array.from({ length: minItems - 1 }, () => sample(items))],
  maxItems: ({ maxItems = 0, items = {} }) => [Array.from({ length: maxItems + 1 }, () => sample(items))],
  required: (schema) =>
    (schema.required ?? []).map((missing) => {
      const { [missing]: _, ...rest } = sample(schema) as Record<string, unknown>;
      return rest;
    }),
  properties: (schema) => [{ ...(sample(schema) as object), unheardOf: 1 }],
};

/** Everything below `schema` that can be broken. @param put an object around a value that stands at `path` */
function* breachesOf(kind: string, schema: Schema, path: string, put: Put): Generator<Breach> {
  for (const [keyword, broken] of Object.entries(breaches)) {
    if (!(keyword in schema)) continue;
    for (const value of broken(schema)) yield { kind, path, keyword, object: put(value) as JsonObject };
  }
  const { properties = {}, items, additionalProperties } = schema;
  for (const [key, field] of Object.entries(properties)) {
    yield* breachesOf(kind, field, `${path}.${key}`, (value) => put({ ...(sample(schema) as object), [key]: value }));
  }
  if (items) yield* breachesOf(kind, items, `${path}[0]`, (value) => put([value, ...rest(schema)]));
  if (additionalProperties) yield* breachesOf(kind, additionalProperties, `${path}.x`, (value) => put({ x: value }));
}

const rest = ({ minItems = 0, items = {} }: Schema): unknown[] =>
  Array.from({ length: Math.max(0, minItems - 1) }, () => sample(items));

const configured = definitions.map(({ spec }) => spec.names.kind).filter((kind) => kind !== "BGPNodeStatus");
const all = configured.flatMap((kind) => {
  const put: Put = (spec) => ({ apiVersion: "linnet.dev/v1alpha1", kind, metadata: { name: "default" }, spec });
  return [...breachesOf(kind, schemaOf(kind).properties?.spec ?? {}, "spec", put)];
});

test.each(configured)("every limit in the schema of %s refuses what is beyond it, at its field", (kind) => {
  const schema = schemaOf(kind);
  const own = all.filter((breach) => breach.kind === kind);
  expect(own.length).toBeGreaterThan(20);
  for (const { object, path, keyword } of own) {
    const found = refusals(schema, defaulted(schema, object));
    expect(
      found.some((each) => each.path.startsWith(path)),
      `${kind} ${path} ${keyword}`,
    ).toBe(true);
  }
});

test.each(configured)("what the schema of %s refuses, the daemon refuses too, at the same field", (kind) => {
  for (const { object, path, keyword } of all.filter((breach) => breach.kind === kind)) {
    const reading = readObject(object, { from: "api" });
    const remarks = reading.is === "invalid" ? reading.remarks : [];
    const paths = remarks.map((remark) =>
      remark.path
        .reduce<string>((text, part) => `${text}${typeof part === "number" ? `[${part}]` : `.${part}`}`, "")
        .slice(1),
    );
    expect(
      paths.some((each) => each.startsWith(path)),
      `${kind} ${path} ${keyword}: ${paths}`,
    ).toBe(true);
  }
});

describe.runIf(realServer !== undefined)(`a real API server (${realServerOrWhyNot})`, () => {
  let server: ServerUnderTest;
  beforeAll(async () => {
    server = await real();
  }, 60_000);
  afterAll(() => server.stop());

  test.each(configured)("refuses beyond the limits of %s, at the same field", { timeout: 120_000 }, async (kind) => {
    const plural = definitions.find(({ spec }) => spec.names.kind === kind)?.spec.names.plural;
    const path = `/apis/linnet.dev/v1alpha1/${plural}`;
    const query = { dryRun: "All", fieldManager: "test", fieldValidation: "Strict" };
    for (const breach of all.filter((each) => each.kind === kind)) {
      const label = `${kind} ${breach.path} ${breach.keyword}`;
      const error = await server.client
        .request({ method: "POST", path, query, body: breach.object })
        .catch((thrown) => thrown);
      expect(error, label).toBeInstanceOf(ApiError);
      expect((error as ApiError).message, label).toContain(breach.path);
    }
  });
});
