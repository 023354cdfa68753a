import { refusedEvent } from "./events.ts";
import { isObject, type Json, type JsonObject, mergePatch, strategicMerge } from "./patch.ts";
import { apiVersionOf, type Served } from "./resources.ts";
import { type Answer, alreadyExists, conflict, expiredContinue, failure, notFound, type Target } from "./status.ts";
import type { Store, Stored } from "./store.ts";

/** What a request that is no watch is made of. */
export interface Call {
  readonly method: string;
  readonly resource: Served;
  readonly target: Target;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
  /** RFC 3339, for creation. */
  readonly now: string;
}

/** Answers one request, and writes what it says into the store. */
export function answer(store: Store, call: Call): Answer {
  const { method, target } = call;
  const named = target.name !== undefined;
  if (method === "GET") return named ? get(store, call) : list(store, call);
  if (method === "POST" && !named) return create(store, call);
  if (method === "PUT" && named) return update(store, call);
  if (method === "PATCH" && named) return patch(store, call);
  if (method === "DELETE" && named) return remove(store, call);
  return failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

const keyOf = ({ namespace, name = "" }: Target): string => (namespace === undefined ? name : `${namespace}/${name}`);

/** Of lists and watches: `metadata.name=`, `metadata.namespace=` and equality of labels, as far as they are used. */
export function selected(object: Stored, target: Target, query: URLSearchParams): boolean {
  const { metadata } = object;
  if (target.namespace !== undefined && metadata.namespace !== target.namespace) return false;
  const fields = pairs(query.get("fieldSelector")).every(
    ([path, value]) => metadata[path.replace(/^metadata\./, "")] === value,
  );
  const labels = isObject(metadata.labels) ? metadata.labels : {};
  return fields && pairs(query.get("labelSelector")).every(([name, value]) => labels[name] === value);
}

const pairs = (selector: string | null): [string, string][] =>
  (selector ?? "")
    .split(",")
    .filter((term) => term !== "")
    .map((term) => {
      const [name = "", value = ""] = term.split(/==?/);
      return [name, value];
    });

function get(store: Store, { resource, target }: Call): Answer {
  const object = store.get(resource, keyOf(target));
  return object === undefined ? notFound(resource.plural, target.name ?? "") : { code: 200, body: object };
}

interface Continue {
  readonly v: string;
  readonly rv: number;
  readonly start: string;
}

const tokenOf = (token: Continue): string =>
  Buffer.from(JSON.stringify(token).replaceAll("\0", "\\u0000")).toString("base64url");

/** Pages are cut by key; a token from before the history's beginning has expired, and its answer offers an inconsistent rest. */
function list(store: Store, { resource, target, query }: Call): Answer {
  const asked = Number(query.get("resourceVersion") ?? 0);
  if (asked > store.revision) return tooLarge(asked, store.revision);
  const token = query.get("continue");
  const from = token === null ? undefined : (JSON.parse(Buffer.from(token, "base64url").toString()) as Continue);
  if (from !== undefined && from.rv >= 0 && from.rv < store.oldest) {
    const start = from.start.replace(/^\//, "");
    const metadata = { continue: tokenOf({ ...from, rv: -1, start }) };
    return { ...expiredContinue, body: { ...(expiredContinue.body as JsonObject), metadata } };
  }
  const after = from?.start.replace(/^\//, "").replace(/\0$/, "");
  const all = store.list(resource).filter((object) => selected(object, target, query));
  const rest = after === undefined ? all : all.filter(({ metadata }) => pageKey(metadata) > after);
  const limit = Number(query.get("limit") ?? 0) || rest.length;
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  const revision = from === undefined || from.rv < 0 ? store.revision : from.rv;
  const more = rest.length > items.length &&
    last !== undefined && {
      continue: tokenOf({ v: "meta.k8s.io/v1", rv: revision, start: `/${pageKey(last.metadata)}\0` }),
      remainingItemCount: rest.length - items.length,
    };
  return {
    code: 200,
    body: {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata: { ...(resource.custom && { continue: "" }), resourceVersion: `${revision}`, ...more },
      items: resource.custom ? items : items.map(({ kind: _, apiVersion: __, ...item }) => item),
    },
  };
}

const pageKey = ({ namespace, name }: Stored["metadata"]): string =>
  typeof namespace === "string" ? `${namespace}/${name}` : name;

function tooLarge(asked: number, current: number): Answer {
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  return {
    ...failure(504, "Timeout", `Timeout: Too large resource version: ${asked}, current: ${current}`, {
      causes,
      retryAfterSeconds: 1,
    }),
    headers: { "retry-after": "1" },
  };
}

/** @returns the object that a body holds, or what is wrong with it */
function parsed({ body, resource, target }: Call): JsonObject | Answer {
  let object: Json;
  try {
    object = JSON.parse(body) as Json;
  } catch {
    return failure(
      400,
      "BadRequest",
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; json parse error: unexpected end of JSON input (${body.trim()})`,
    );
  }
  const metadata = isObject(object) && isObject(object.metadata) ? object.metadata : {};
  const { namespace = target.namespace } = metadata;
  if (namespace !== target.namespace) {
    return failure(
      400,
      "BadRequest",
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  return object as JsonObject;
}

const isAnswer = (value: JsonObject | Answer): value is Answer => typeof value.code === "number" && "body" in value;

const isDryRun = ({ query }: Pick<Call, "query">): boolean => query.get("dryRun") === "All";

function create(store: Store, call: Call): Answer {
  const object = parsed(call);
  if (isAnswer(object)) return object;
  const { resource, target, now } = call;
  const given = object.metadata as JsonObject;
  const name = typeof given.name === "string" ? given.name : `${given.generateName as string}${store.revision}`;
  const key = keyOf({ ...target, name });
  const { status, ...withoutStatus } = object;
  const metadata = {
    ...given,
    name,
    ...(target.namespace !== undefined && { namespace: target.namespace }),
    uid: `uid-${store.revision}`,
    creationTimestamp: now,
    ...(resource.custom && { generation: 1 }),
  };
  const kept = resource.custom || status === undefined ? withoutStatus : object;
  const named = { kind: resource.kind, apiVersion: apiVersionOf(resource), ...kept, metadata };
  const refused = resource.kind === "Event" ? refusedEvent(named) : undefined;
  if (refused !== undefined) return refused;
  if (store.get(resource, key) !== undefined) return alreadyExists(resource.plural, name);
  return { code: 201, body: isDryRun(call) ? named : store.put(resource, key, named) };
}

function update(store: Store, call: Call): Answer {
  const object = parsed(call);
  if (isAnswer(object)) return object;
  const before = store.get(call.resource, keyOf(call.target));
  if (before === undefined) return notFound(call.resource.plural, call.target.name ?? "");
  return write(store, call, before, object);
}

/** Keeps `after`, or its status alone, unless it was made from an older version. */
function write(store: Store, { resource, target, query }: Call, before: Stored, after: JsonObject): Answer {
  const { name = "", subresource } = target;
  const metadata = isObject(after.metadata) ? after.metadata : {};
  if ((metadata.resourceVersion ?? before.metadata.resourceVersion) !== before.metadata.resourceVersion) {
    return conflict(resource.plural, name);
  }
  const fixed = { ...metadata, resourceVersion: before.metadata.resourceVersion };
  const whole: JsonObject =
    subresource === "status"
      ? { ...before, ...(after.status !== undefined && { status: after.status }) }
      : { ...after, ...(before.status !== undefined && { status: before.status }), metadata: fixed };
  const newSpec = resource.custom && JSON.stringify(whole.spec) !== JSON.stringify(before.spec);
  const generation = Number(before.metadata.generation ?? 0) + 1;
  const next = newSpec ? { ...whole, metadata: { ...(whole.metadata as JsonObject), generation } } : whole;
  const refused = resource.kind === "Event" ? refusedEvent(next, before) : undefined;
  if (refused !== undefined) return refused;
  if (isDryRun({ query })) return { code: 200, body: next };
  return { code: 200, body: store.put(resource, keyOf(target), next) };
}

const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const APPLY = "application/apply-patch+yaml";

function patch(store: Store, call: Call): Answer {
  const { resource, target, contentType, body } = call;
  if (contentType === APPLY) return apply(store, call);
  if (resource.custom ? contentType !== MERGE : contentType !== MERGE && contentType !== STRATEGIC) {
    return resource.custom
      ? failure(
          415,
          "UnsupportedMediaType",
          "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        )
      : failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  }
  const before = store.get(resource, keyOf(target));
  if (before === undefined) return notFound(resource.plural, target.name ?? "");
  const merge = contentType === MERGE ? mergePatch : strategicMerge;
  return write(store, call, before, merge(before, JSON.parse(body) as Json) as JsonObject);
}

/** Server-side apply; bodies are JSON, which is YAML. Creates what is not there, except by a subresource. */
function apply(store: Store, call: Call): Answer {
  const { resource, target, query, body, now } = call;
  const manager = query.get("fieldManager");
  if (manager === null) {
    const message = "Required value: is required for apply patch";
    return failure(422, "Invalid", `PatchOptions.meta.k8s.io "" is invalid: fieldManager: ${message}`, {
      group: "meta.k8s.io",
      kind: "PatchOptions",
      causes: [{ reason: "FieldValueRequired", message, field: "fieldManager" }],
    });
  }
  const key = keyOf(target);
  const there = store.get(resource, key);
  if (there === undefined && target.subresource !== undefined) return notFound(resource.plural, target.name ?? "");
  const wanted = JSON.parse(body) as JsonObject;
  const before = there ?? newObject(call, wanted, store.revision, now);
  const managers = store.managers(resource, key);
  const { metadata: _, apiVersion: __, kind: ___, ...fields } = wanted;
  const { object, conflicts } = managers.apply(before, fields, manager, query.get("force") === "true");
  if (conflicts.length > 0) return applyConflict(conflicts, target.subresource);
  if (there !== undefined) return write(store, call, there, object);
  return { code: 201, body: isDryRun(call) ? object : store.put(resource, key, object) };
}

function newObject({ resource, target }: Call, { metadata }: JsonObject, revision: number, now: string): Stored {
  const { apiVersion, kind } = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  const identity = { uid: `uid-${revision}`, creationTimestamp: now, generation: 1, resourceVersion: "" };
  return { apiVersion, kind, metadata: { ...(metadata as JsonObject), ...identity, name: target.name ?? "" } };
}

function applyConflict(
  conflicts: readonly { readonly manager: string; readonly field: string }[],
  subresource: string | undefined,
): Answer {
  const by = (manager: string): string =>
    `"${manager}"${subresource === undefined ? "" : ` with subresource "${subresource}"`}`;
  const first = conflicts[0]?.manager ?? "";
  const several = conflicts.length > 1;
  const list = several ? `s with ${by(first)}:${conflicts.map(({ field }) => `\n- ${field}`).join("")}` : "";
  const one = `conflict with ${by(first)}: ${conflicts[0]?.field}`;
  return failure(
    409,
    "Conflict",
    several
      ? `Apply failed with ${conflicts.length} conflicts: conflict${list}`
      : `Apply failed with 1 conflict: ${one}`,
    {
      causes: conflicts.map(({ manager, field }) => {
        return { reason: "FieldManagerConflict", message: `conflict with ${by(manager)}`, field };
      }),
    },
  );
}

function remove(store: Store, { resource, target }: Call): Answer {
  const { name = "" } = target;
  const object = store.remove(resource, keyOf(target));
  if (object === undefined) return notFound(resource.plural, name);
  if (resource.deletedShown === true) return { code: 200, body: object };
  const group = resource.group === "" ? {} : { group: resource.group };
  const details = { name, ...group, kind: resource.plural, uid: object.metadata.uid ?? "" };
  return { code: 200, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details } };
}
