import type { Json, JsonObject } from "./patch.ts";

/** What a request is answered with. */
export interface Answer {
  readonly code: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text goes out as plain text. */
  readonly body: JsonObject | string;
}

/** A metav1.Status that says no, worded as kube-apiserver 1.36 words it. */
export function failure(code: number, reason: string | undefined, message: string, details?: JsonObject): Answer {
  const status: Record<string, Json> = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason !== undefined && { reason }),
    ...(details !== undefined && { details }),
    code,
  };
  return { code, body: status };
}

export const notServed: Answer = { code: 404, body: "404 page not found\n" };

/** An overloaded server's answer, before it even looks at the request. */
export const tooMany: Answer = {
  code: 429,
  headers: { "retry-after": "1" },
  body: "Too many requests, please try again later.\n",
};

/** 429 as an object: a resource that was just defined. */
export const initializing: Answer = {
  ...failure(429, "TooManyRequests", "storage is (re)initializing", { retryAfterSeconds: 1 }),
  headers: { "retry-after": "1" },
};

export const notFound = (plural: string, name: string): Answer =>
  failure(404, "NotFound", `${plural} "${name}" not found`, { name, kind: plural });

export const alreadyExists = (plural: string, name: string): Answer =>
  failure(409, "AlreadyExists", `${plural} "${name}" already exists`, { name, kind: plural });

export const conflict = (plural: string, name: string): Answer =>
  failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${plural} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    { name, kind: plural },
  );

export const expiredContinue: Answer = failure(
  410,
  "Expired",
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
);

export const tooOld = (asked: number, oldest: number): Answer =>
  failure(410, "Expired", `too old resource version: ${asked} (${oldest})`);

/** @param verb as RBAC says it @param group "" for core */
export function forbidden(user: string, verb: string, { plural, group, name, namespace, subresource }: Target): Answer {
  const what = subresource === undefined ? plural : `${plural}/${subresource}`;
  const named = name === undefined ? "" : ` "${name}"`;
  const scope = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const kind = group === "" ? plural : `${plural}.${group}`;
  return failure(
    403,
    "Forbidden",
    `${kind}${named} is forbidden: User "${user}" cannot ${verb} resource "${what}" in API group "${group}" ${scope}`,
    { ...(name !== undefined && { name }), ...(group !== "" && { group }), kind: plural },
  );
}

/** What a request is about. */
export interface Target {
  readonly group: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}
