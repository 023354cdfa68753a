import { OUR_API_VERSION } from "#config/schema/kinds.ts";
import type { WriteRequest } from "../messages.ts";

/** Who says it, in managed fields and events. */
export const MANAGER = "linnet";

const segment = encodeURIComponent;
const NO_BODY = { contentType: "application/json", body: undefined };

export const getNode = (name: string): WriteRequest => {
  return { method: "GET", path: `/api/v1/nodes/${segment(name)}`, query: {}, ...NO_BODY };
};

export const getNodeStatus = (name: string): WriteRequest => {
  return { method: "GET", path: `/apis/${OUR_API_VERSION}/bgpnodestatuses/${segment(name)}`, query: {}, ...NO_BODY };
};

/** A strategic merge: conditions are merged by type, so that nobody else's is lost. */
export const patchNodeCondition = (node: string, condition: Readonly<Record<string, string>>): WriteRequest => ({
  method: "PATCH",
  path: `/api/v1/nodes/${segment(node)}/status`,
  query: { fieldManager: MANAGER },
  contentType: "application/strategic-merge-patch+json",
  body: { status: { conditions: [condition] } },
});

/** Server-side apply by force: we are the only ones who write these fields. What is there already makes no new version. */
export const apply = (
  plural: string,
  kind: string,
  name: string,
  fields: { readonly metadata?: object; readonly status?: object },
): WriteRequest => ({
  method: "PATCH",
  path: `/apis/${OUR_API_VERSION}/${plural}/${segment(name)}${fields.status === undefined ? "" : "/status"}`,
  query: { fieldManager: MANAGER, force: "true" },
  contentType: "application/apply-patch+yaml",
  body: { apiVersion: OUR_API_VERSION, kind, ...fields, metadata: { name, ...fields.metadata } },
});

/** Events about objects without a namespace stand in `default`. */
const EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events";

export const createEvent = (name: string, event: object): WriteRequest => ({
  method: "POST",
  path: EVENTS,
  query: { fieldManager: MANAGER },
  contentType: "application/json",
  body: { apiVersion: "events.k8s.io/v1", kind: "Event", metadata: { name, namespace: "default" }, ...event },
});

/** @param count how often it happened, the first time included @param time of the last, metav1.MicroTime */
export const continueEvent = (name: string, count: number, time: string): WriteRequest => ({
  method: "PATCH",
  path: `${EVENTS}/${segment(name)}`,
  query: { fieldManager: MANAGER },
  contentType: "application/merge-patch+json",
  body: { series: { count, lastObservedTime: time } },
});
