import * as v from "valibot";
import { nearest } from "./did-you-mean.ts";
import { lean } from "./lean.ts";
import type { ConfigObject, Source } from "./objects.ts";
import type { FieldPath, Remark } from "./remark.ts";
import { fieldAt, fieldDoc } from "./schema/field-doc.ts";
import { type Kind, type KindInfo, kinds, OUR_API_VERSION, OUR_GROUP } from "./schema/kinds.ts";

/** What became of one thing that a provider found. */
export type Reading =
  | { readonly is: "object"; readonly object: ConfigObject }
  /** `kind` and `name` are given where they could be told, so that the last valid state can stay in force. */
  | {
      readonly is: "invalid";
      readonly kind: Kind | undefined;
      readonly name: string | undefined;
      readonly remarks: readonly Remark[];
    }
  /** Not ours to judge; `what` names it. */
  | { readonly is: "foreign"; readonly what: string };

type Mapping = Readonly<Record<string, unknown>>;
const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads one object as it stands in a manifest or comes from the API server. Never throws. */
export function readObject(raw: unknown, source: Source): Reading {
  if (!isMapping(raw)) return refuse("object", source, [], "must be a mapping with apiVersion, kind and metadata");
  const { apiVersion, kind, metadata } = raw as { apiVersion?: unknown; kind?: unknown; metadata?: unknown };
  if (typeof kind !== "string") return refuse("object", source, ["kind"], "must be given, like Node or BGPPeer");
  const named = (isMapping(metadata) ? metadata : {}) as { name?: unknown; namespace?: unknown };
  const name = typeof named.name === "string" ? named.name : undefined;
  const label = `${kind}/${name ?? "?"}`;
  if (typeof apiVersion !== "string") {
    return refuse(label, source, ["apiVersion"], `must be given, like v1 or ${OUR_API_VERSION}`);
  }
  const info: KindInfo | undefined = Object.hasOwn(kinds, kind) ? kinds[kind as Kind] : undefined;
  if (info?.apiVersion !== apiVersion) return strange(label, kind, apiVersion, source);
  const namespace = typeof named.namespace === "string" ? named.namespace : "default";
  const key = name !== undefined && info.namespaced ? `${namespace}/${name}` : name;
  return check(raw, info, key, label, source);
}

function check(raw: Mapping, info: KindInfo, key: string | undefined, label: string, source: Source): Reading {
  const schema: v.GenericSchema = info.schema;
  const parsed = v.safeParse(schema, raw, { message: sentence });
  if (parsed.success && key !== undefined) {
    return { is: "object", object: { kind: info.kind, name: key, value: lean(parsed.output) as never, source } };
  }
  const remarks = (parsed.issues ?? []).map((issue): Remark => {
    const path = issue.path?.map((part) => part.key as string | number) ?? [];
    const secret = info.kind === "Secret" && path[0] !== "metadata";
    const worded = secret ? `must be text${path[0] === "data" ? " in base64" : ""}` : issue.message;
    const text = issue.expected === "never" ? unknownField(path, schema) : worded;
    return { severity: "error", object: label, path, text, source };
  });
  return { is: "invalid", kind: info.kind, name: key, remarks };
}

function refuse(object: string, source: Source, path: FieldPath, text: string): Reading {
  const remarks: Remark[] = [{ severity: "error", object, path, text, source }];
  return { is: "invalid", kind: undefined, name: undefined, remarks };
}

/** A kind that is not in the table: an error in our own group, else somebody else's. */
function strange(label: string, kind: string, apiVersion: string, source: Source): Reading {
  const ours = Object.values(kinds).filter((info) => info.apiVersion === OUR_API_VERSION);
  const inOurGroup = apiVersion.startsWith(`${OUR_GROUP}/`);
  if (ours.some((info) => info.kind === kind) && (inOurGroup || !apiVersion.includes("/"))) {
    return refuse(label, source, ["apiVersion"], `must be ${OUR_API_VERSION}, not ${apiVersion}`);
  }
  if (!inOurGroup) return { is: "foreign", what: `${apiVersion} ${label}` };
  const names = ours.map((info) => info.kind);
  return refuse(label, source, ["kind"], `${OUR_GROUP} has no kind ${kind}; ${suggestion(kind, names)}`);
}

const suggestion = (name: string, names: readonly string[]): string => {
  const near = nearest(name, names);
  return near === undefined ? `known are ${names.join(", ")}` : `did you mean ${near}?`;
};

function unknownField(path: FieldPath, schema: v.GenericSchema): string {
  return `unknown field; ${suggestion(String(path.at(-1)), Object.keys(fieldAt(fieldDoc(schema), path.slice(0, -1))?.fields ?? {}))}`;
}

/** What is wrong and what would be right, for the checks that valibot words by itself. */
function sentence(issue: v.BaseIssue<unknown>): string {
  if (issue.received === "undefined") return "must be given";
  const got = shown(issue.input);
  const limit = String(issue.requirement);
  switch (issue.type) {
    case "min_value":
      return `${got} is too small: at least ${limit}`;
    case "max_value":
      return `${got} is too large: at most ${limit}`;
    case "min_length":
      return limit === "1" ? "must not be empty" : `is too short: at least ${limit}`;
    case "max_length":
      return `is too long: at most ${limit}`;
    case "integer":
      return `${got} is not a whole number`;
    case "regex":
      return `${got} must match ${limit}`;
    case "picklist":
      return `${got} is none of ${choices(issue)}`;
    default:
      return `${got} is not ${TYPE_NAMES[issue.type] ?? `a ${issue.type}`}`;
  }
}

const choices = (issue: v.BaseIssue<unknown>): string =>
  issue.expected?.replace(/[()"]/g, "").replaceAll(" | ", ", ") ?? "";

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text: put it in quotes",
  union: "a number or text",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  strict_object: "a mapping",
  record: "a mapping",
};

/** A value as JSON, cut to what fits a line. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
