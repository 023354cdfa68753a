import type { CelRule } from "./describe.ts";
import { type FieldDoc, fieldDoc } from "./field-doc.ts";
import { OUR_GROUP, OUR_VERSION } from "./kinds.ts";
import type { Resource } from "./resources.ts";

/** A CustomResourceDefinition (apiextensions.k8s.io/v1) of a resource, ready to be printed as YAML. */
export function crdOf({ kind, plural, shortNames, description, schema, columns, singleton }: Resource): object {
  const { spec, status } = fieldDoc(schema).fields ?? {};
  const rules: CelRule[] =
    singleton === undefined
      ? []
      : [
          {
            cel: `self.metadata.name == '${singleton}'`,
            message: `the only ${kind} is named ${singleton}`,
            field: "metadata.name",
          },
        ];
  const openAPIV3Schema = {
    type: "object",
    description,
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: singleton === undefined ? { type: "object" } : NAMED,
      ...(spec === undefined ? {} : { spec: structural(spec) }),
      ...(status === undefined ? {} : { status: structural(status) }),
    },
    ...(spec?.required === true ? { required: ["spec"] } : {}),
    ...validations(rules),
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${OUR_GROUP}` },
    spec: {
      group: OUR_GROUP,
      scope: "Cluster",
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames,
        categories: ["linnet"],
      },
      versions: [
        {
          name: OUR_VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema },
        },
      ],
    },
  };
}

/** A rule can be about the name only where the schema has it. */
const NAMED = { type: "object", properties: { name: { type: "string" } } };

/** Keeps what is given: absent keywords must be absent in the YAML too. */
const given = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** A structural schema: types all along. */
function structural(doc: FieldDoc): object {
  const { choices, pattern, least, most, shortest, longest, listKey, rules } = doc;
  const { type, ...inside } = typeOf(doc);
  const name = doc.type === "array" ? "Items" : "Length";
  return given({
    type,
    description: withAbsent(doc) || undefined,
    default: emptyDefault(doc.default) ? undefined : doc.default,
    enum: choices,
    pattern,
    format: doc.type === "integer" ? "int64" : undefined,
    minimum: least,
    maximum: most,
    [`min${name}`]: shortest,
    [`max${name}`]: longest,
    "x-kubernetes-list-type": listKey === undefined ? undefined : "map",
    "x-kubernetes-list-map-keys": listKey === undefined ? undefined : [listKey],
    ...validations(rules),
    ...inside,
  });
}

function withAbsent({ description, absent }: FieldDoc): string {
  return absent === undefined ? description : `${description} Default: ${absent}.`;
}

/** What is empty says nothing: it would only lengthen what `kubectl get -o yaml` prints. */
const emptyDefault = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

interface TypeKeywords {
  readonly type?: string;
  readonly [keyword: string]: unknown;
}

function typeOf({ type, fields = {}, items }: FieldDoc): TypeKeywords {
  switch (type) {
    case "object": {
      const required = Object.keys(fields).filter((key) => fields[key]?.required);
      const properties = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, structural(field)]));
      return { type, properties, ...(required.length === 0 ? {} : { required }) };
    }
    case "array":
      return { type, items: items === undefined ? {} : structural(items) };
    case "map":
      return { type: "object", additionalProperties: items === undefined ? {} : structural(items) };
    case "int-or-string":
      return { anyOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true };
    case "any":
      return { "x-kubernetes-preserve-unknown-fields": true };
    case "string":
    case "integer":
    case "boolean":
      return { type };
  }
}

function validations(rules: readonly CelRule[]): object {
  const list = rules.map(({ cel, message, messageCel, field, reason }) => {
    const fieldPath = field === undefined ? undefined : `.${field}`;
    return given({ rule: cel, message, messageExpression: messageCel, fieldPath, reason });
  });
  return list.length === 0 ? {} : { "x-kubernetes-validations": list };
}
