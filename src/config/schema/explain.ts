import { nearest } from "../did-you-mean.ts";
import { type FieldDoc, fieldDoc } from "./field-doc.ts";
import { kinds } from "./kinds.ts";
import { defaultText, valueText } from "./reference.ts";
import { resources } from "./resources.ts";

interface Explained {
  readonly found: boolean;
  readonly text: string;
}

/** What `linnet explain` says about `bgppeer` or `bgppeer.spec.timers`; kinds by name, plural or short name, in any case. */
export function explain(path: string): Explained {
  const [kindName = "", ...names] = path.split(".");
  const kind = documents.find(({ called }) => called.includes(kindName.toLowerCase()));
  if (kind === undefined)
    return unknown(
      kindName,
      documents.map(({ name }) => name),
      "kind",
    );
  let doc = kind.doc;
  for (const name of names) {
    const fields = (doc.items ?? doc).fields ?? {};
    const next = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (next === undefined) return unknown(name, Object.keys(fields), "field");
    doc = next;
  }
  return { found: true, text: tell([kind.name, ...names].join("."), doc) };
}

const documents = [
  ...resources.map(({ kind, plural, shortNames, description, schema }) => ({
    name: kind,
    called: [kind.toLowerCase(), plural, ...shortNames],
    doc: { ...fieldDoc(schema), description, required: false },
  })),
  ...[kinds.Node, kinds.Secret].map(({ kind, schema }) => ({
    name: kind,
    called: [kind.toLowerCase(), `${kind.toLowerCase()}s`],
    doc: { ...fieldDoc(schema), description: `${kind} of Kubernetes: the part that is used.`, required: false },
  })),
];

function unknown(name: string, known: readonly string[], what: string): Explained {
  const near = nearest(name, known);
  const hint = near === undefined ? `known are ${known.join(", ")}` : `did you mean ${near}?`;
  return { found: false, text: known.length === 0 ? `there are no fields below` : `no ${what} ${name}; ${hint}` };
}

function tell(title: string, doc: FieldDoc): string {
  const standard = defaultText(doc);
  const fields = Object.entries((doc.items ?? doc).fields ?? {});
  const widest = Math.max(0, ...fields.map(([name]) => name.length));
  return [
    `${title}: ${valueText(doc)}`,
    ...(standard === "" ? [] : [`default: ${standard}`]),
    ...(doc.description === "" ? [] : ["", doc.description]),
    ...doc.rules.map(({ message }) => `Rule: ${message}.`),
    ...(fields.length === 0 ? [] : ["", "Fields:"]),
    ...fields.map(([name, field]) => `  ${name.padEnd(widest)}  ${valueText(field)}${fieldDefault(field)}`),
  ].join("\n");
}

function fieldDefault(field: FieldDoc): string {
  const standard = defaultText(field);
  return standard === "" ? "" : field.required ? ` (${standard})` : ` (default: ${standard})`;
}
