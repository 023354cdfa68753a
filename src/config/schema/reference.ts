import { type FieldDoc, fieldAt, fieldDoc } from "./field-doc.ts";
import { node } from "./node.ts";
import { resources } from "./resources.ts";

/** The reference part of docs/configuration.md: a section a kind, a row a field. */
export function referenceOf(): string {
  const ours = resources.map(({ kind, description, schema }) => {
    const { spec, status } = fieldDoc(schema).fields ?? {};
    const part = kind === "BGPNodeStatus" ? status : spec;
    return section(kind, description, part, kind === "BGPNodeStatus" ? "status" : "spec");
  });
  const annotations = fieldAt(fieldDoc(node), ["metadata", "annotations"]);
  const about = "Facts that a Node's status does not give, or gives wrongly.";
  return [...ours, section("Annotations of a Node", about, annotations, "")].join("\n");
}

function section(title: string, about: string, doc: FieldDoc | undefined, prefix: string): string {
  const rows = doc === undefined ? [] : rowsOf(doc, prefix);
  return `### ${title}\n\n${about}\n\n| field | value | default | meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

/** The fields below `doc`, each with its own fields behind it; what was taken apart before is referred to. */
function rowsOf(doc: FieldDoc, prefix: string, known = new Map<string, string>()): string[] {
  return Object.entries(doc.fields ?? {}).flatMap(([key, field]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    const inner = field.items ?? field;
    const content = JSON.stringify(inner.fields);
    const before = inner.fields === undefined ? undefined : known.get(content);
    if (before === undefined && !isSelector(inner)) known.set(content, path);
    const meaning = before === undefined ? meaningOf(field) : `${field.description} Fields as in \`${before}\`.`;
    const row = `| \`${path}\` | ${cell(valueText(field))} | ${cell(defaultText(field))} | ${cell(meaning)} |`;
    if (isSelector(inner) || before !== undefined) return [row];
    return [row, ...rowsOf(inner, field.items === undefined ? path : `${path}[]`, known)];
  });
}

/** A label selector is known to whoever knows Kubernetes: it is not taken apart. */
const isSelector = ({ fields }: FieldDoc): boolean => Object.hasOwn(fields ?? {}, "matchExpressions");

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** What can be written there. */
export function valueText(doc: FieldDoc): string {
  if (isSelector(doc)) return "label selector";
  if (doc.items !== undefined) return `${doc.type === "map" ? "mapping to" : "list of"} ${valueText(doc.items)}`;
  if (doc.choices !== undefined) return doc.choices.join(", ");
  if (doc.form !== undefined) return doc.form;
  const { type, least, most, longest } = doc;
  if (type === "integer" && least !== undefined && most !== undefined) return `${least} to ${most}`;
  if (type === "boolean") return "true, false";
  return type === "string" && longest !== undefined ? `text, at most ${longest} characters` : TYPE_WORDS[type];
}

const TYPE_WORDS: Readonly<Record<FieldDoc["type"], string>> = {
  string: "text",
  integer: "number",
  boolean: "true, false",
  array: "list",
  object: "mapping",
  map: "mapping",
  "int-or-string": "number or text",
  any: "anything",
};

export function defaultText({ required, default: value, absent = "" }: FieldDoc): string {
  if (required) return "must be given";
  if (value === undefined) return absent;
  if (typeof value === "object") return Array.isArray(value) && value.length === 0 ? "none" : "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function meaningOf({ description, rules, form }: FieldDoc): string {
  const more = form === undefined ? rules.map(({ message }) => `${message[0]?.toUpperCase()}${message.slice(1)}.`) : [];
  return [description, ...more].join(" ");
}
