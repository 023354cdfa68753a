import { isObject, type Json, type JsonObject } from "./patch.ts";
import { type Answer, failure } from "./status.ts";

/** What `events.k8s.io/v1` asks of Events beyond their schema, as kube-apiserver 1.36 does. */

interface FieldError {
  readonly reason: "FieldValueInvalid" | "FieldValueRequired";
  readonly field: string;
  readonly message: string;
}

/** Longest texts in octets; `note` is called by its older name. */
const limits = [
  ["reportingInstance", "reportingInstance", 128],
  ["action", "action", 128],
  ["reason", "reason", 128],
  ["note", "message", 1024],
] as const;
const needed = ["reportingController", "reportingInstance", "action", "reason", "eventTime"];
/** Who writes again may change the series alone. */
const fixed = ["regarding", "related", "reason", "note", "type", "action", "reportingController", "reportingInstance"];

const invalid = (field: string, value: Json, text: string): FieldError => {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${text}` };
};
const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function errorsOf(event: JsonObject, before: JsonObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of needed) {
    if (text(event[field]) === "") errors.push({ reason: "FieldValueRequired", field, message: "Required value" });
  }
  for (const [field, called, octets] of limits) {
    if (Buffer.byteLength(text(event[field])) > octets)
      errors.push(invalid(called, "", `can have at most ${octets} characters`));
  }
  const { name } = event.metadata as { name: string };
  if (name.length > 253) errors.push(invalid("metadata.name", name, "must be no more than 253 characters"));
  else if (!subdomain.test(name)) errors.push(invalid("metadata.name", name, "a lowercase RFC 1123 subdomain"));
  if (event.type !== "Normal" && event.type !== "Warning")
    errors.push(invalid("type", "", `has invalid value: ${text(event.type)}`));
  if (isObject(event.series) && !(Number(event.series.count) >= 2))
    errors.push(invalid("series.count", "", "should be at least 2"));
  for (const field of before === undefined ? [] : fixed) {
    if (JSON.stringify(event[field]) !== JSON.stringify(before?.[field]))
      errors.push(invalid(field, event[field] ?? null, "field is immutable"));
  }
  return errors;
}

/** @returns why an Event is refused; undefined: it is not @param before as it stands, where it is written again */
export function refusedEvent(event: JsonObject, before?: JsonObject): Answer | undefined {
  const errors = errorsOf(event, before);
  if (errors.length === 0) return undefined;
  const { name } = event.metadata as { name: string };
  const list = errors.map(({ field, message }) => `${field}: ${message}`);
  const all = list.length === 1 ? list[0] : `[${list.join(", ")}]`;
  return failure(422, "Invalid", `Event.events.k8s.io "${name}" is invalid: ${all}`, {
    ...{ name, group: "events.k8s.io", kind: "Event" },
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}
