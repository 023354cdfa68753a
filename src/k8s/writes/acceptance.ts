import type { ObjectSet } from "#config/objects.ts";
import { type FieldPath, formatPath, type Remark } from "#config/remark.ts";
import { resources } from "#config/schema/resources.ts";
import { type LabelSelector, selects } from "#config/schema/selector.ts";
import type { WriteRequest } from "../messages.ts";
import type { NodeSearch } from "./node-search.ts";
import { apply } from "./requests.ts";
import { formatTime } from "./time.ts";

/** One of our own objects as the server has it, and what is wrong with it. */
export interface Judged {
  readonly kind: string;
  readonly name: string;
  readonly generation: number | undefined;
  readonly conditions: readonly Condition[];
  readonly remarks: readonly Remark[];
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

/** How many nodes write conditions, so that one of them is alive. */
const WRITERS = 3;
const MAX_MESSAGE = 1024;

/**
 * Which writer of our objects' conditions this node is: 0 for the first, undefined for none. What they write follows from
 * the object alone, so that two who write at once agree; the later ones wait for longer.
 */
export function writerRank(nodes: Iterable<string>, own: string): number | undefined {
  let rank = 0;
  let isThere = false;
  for (const name of nodes) {
    if (name === own) isThere = true;
    else if (name < own && ++rank === WRITERS) return undefined;
  }
  return isThere ? rank : undefined;
}

/** Nodes of which some see what is wrong with an object: those that a BGPPeer selects, where it selects any; else all. */
export function concerned({ Node: nodes, BGPPeer: peers }: ObjectSet, object: string | undefined): Iterable<string> {
  const spec = object?.startsWith("BGPPeer/") ? peers.get(object.slice("BGPPeer/".length))?.value.spec : undefined;
  if (spec === undefined) return nodes.keys();
  const { nodeSelector = {}, peerSelector } = spec;
  const selected = Array.from(nodes).flatMap(([name, { value }]) => {
    const { labels } = value.metadata;
    const isConcerned = selects(nodeSelector, labels) || (peerSelector !== undefined && selects(peerSelector, labels));
    return isConcerned ? [name] : [];
  });
  return selected.length === 0 ? nodes.keys() : selected;
}

/**
 * The conditions that are missing or no longer true. Those of one object are written together: what its writer leaves out
 * of an apply is taken away.
 * @param known all objects in force, defaults among them @param search of earlier times @param nowMs since 1970
 */
export function acceptance(
  objects: readonly Judged[],
  known: ObjectSet,
  search: NodeSearch,
  nowMs: number,
): WriteRequest[] {
  return objects.flatMap((object) => {
    const plural = resources.find(({ kind }) => kind === object.kind)?.plural;
    if (plural === undefined) return [];
    const drafts = [accepted(object), ...references(object, known), ...selection(object, known, search)];
    const before = drafts.map((now) => object.conditions.find(({ type }) => type === now.type));
    if (drafts.every((now, index) => same(now, before[index]))) return [];
    const conditions = drafts.map((now, index) => {
      const since = before[index]?.status === now.status ? before[index]?.lastTransitionTime : undefined;
      return { ...now, lastTransitionTime: since ?? formatTime(nowMs) };
    });
    return [apply(plural, object.kind, object.name, { status: { conditions } })];
  });
}

const same = (now: Condition, before: Condition | undefined): boolean =>
  before?.status === now.status &&
  before.message === now.message &&
  before.observedGeneration === now.observedGeneration;

/** What a condition says where it holds, or where it does not. */
type Words = readonly [reason: string, message: string];

function condition({ generation }: Judged, type: string, holds: boolean, so: Words, otherwise: Words): Condition {
  const [reason, message] = holds ? so : otherwise;
  const about = generation === undefined ? {} : { observedGeneration: generation };
  return { type, status: holds ? "True" : "False", reason, message: message.slice(0, MAX_MESSAGE), ...about };
}

function accepted(object: Judged): Condition {
  const errors = object.remarks.filter(({ severity }) => severity === "error");
  const lines = errors.map(({ path, text }) => `${formatPath(path)}: ${text}`);
  const valid = errors.length === 0;
  const invalid = `not in force; the last valid state stays, if there was one: ${lines.join("; ")}`;
  return condition(object, "Accepted", valid, ["Valid", "the object is in force"], ["Invalid", invalid]);
}

/** Of a neighbour that is in force: are the policies there that it names? Secrets are read by few nodes, and not judged here. */
function references(object: Judged, known: ObjectSet): Condition[] {
  const spec = object.kind === "BGPPeer" ? known.BGPPeer.get(object.name)?.value.spec : undefined;
  if (spec === undefined) return [];
  const names = new Set([...spec.importPolicies, ...spec.exportPolicies]);
  const missing = [...names].filter((name) => known.BGPPolicy.get(name) === undefined);
  const found = missing.length === 0;
  const lost = `there is no ${missing.map((name) => `BGPPolicy/${name}`).join(", no ")}: nothing passes until there is`;
  const there: Words = ["Resolved", "the policies that it names are there"];
  return [condition(object, "ResolvedRefs", found, there, ["PolicyNotFound", lost])];
}

type Selector = readonly [path: FieldPath, selector: LabelSelector | undefined];

/** Where an object that is in force names nodes by their labels. */
function selectorsOf({ kind, name }: Judged, known: ObjectSet): Selector[] {
  if (kind === "BGPPeer") {
    const { nodeSelector, peerSelector } = known.BGPPeer.get(name)?.value.spec ?? {};
    return [
      [["nodeSelector"], nodeSelector],
      [["peerSelector"], peerSelector],
    ];
  }
  const spec = kind === "BGPConfiguration" ? known.BGPConfiguration.get(name)?.value.spec : undefined;
  if (spec === undefined) return [];
  return (["reflectors", "overrides", "advertisements", "serviceAdvertisements"] as const).flatMap((list) =>
    spec[list].flatMap((each, index): Selector[] => [
      [[list, index, "nodeSelector"], each.nodeSelector],
      [[list, index, "clientSelector"], "clientSelector" in each ? each.clientSelector : undefined],
    ]),
  );
}

/** A label that is misspelt is no error, and still nothing comes of what asks for it. */
function selection(object: Judged, known: ObjectSet, search: NodeSearch): Condition[] {
  const selectors = selectorsOf(object, known).filter(([, selector]) => selector !== undefined);
  if (selectors.length === 0) return [];
  const futile = selectors.flatMap(([path, selector = {}]) => {
    return search.finds(selector, known.Node) ? [] : [formatPath(["spec", ...path])];
  });
  const found = futile.length === 0;
  const lost = `no node has the labels that ${futile.join(", ")} ${futile.length === 1 ? "asks" : "ask"} for`;
  const there: Words = ["Selected", "there are nodes with the labels that it asks for"];
  return [condition(object, "NodesSelected", found, there, ["NoMatchingNode", lost])];
}
