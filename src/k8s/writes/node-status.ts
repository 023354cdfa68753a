import { families } from "#route/family.ts";
import type { ObservedNode, ObservedSession } from "../ports.ts";
import { formatTime } from "./time.ts";

/** `BGPNodeStatus.status`; src/config/schema/bgp-node-status.ts describes it. */
export interface NodeStatus {
  readonly observedTime: string;
  readonly asNumber: number;
  readonly routerId: string;
  readonly sessions: { readonly configured: number; readonly established: number };
  readonly neighbors: readonly Neighbor[];
  readonly ipv4: ObservedNode["tables"]["ipv4"];
  readonly ipv6: ObservedNode["tables"]["ipv6"];
  readonly conditions: readonly [ReadyCondition];
}

interface Neighbor {
  readonly name: string;
  readonly address: string;
  readonly asNumber?: number;
  readonly state: ObservedSession["state"];
  readonly since: string;
  readonly flaps: number;
  readonly lastError?: string;
  readonly lastErrorTime?: string;
  readonly ipv4?: ObservedSession["families"]["ipv4"];
  readonly ipv6?: ObservedSession["families"]["ipv6"];
}

interface ReadyCondition {
  readonly type: "Ready";
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/** Most sessions listed: an object's size must not grow with the cluster. */
const MAX_NEIGHBORS = 64;
const MAX_LINE = 256;

/** @param nowMs since 1970 @param before what was written last, which knows since when the node is ready or not */
export function nodeStatus(observed: ObservedNode, nowMs: number, before?: NodeStatus): NodeStatus {
  const { asNumber, routerId, sessions, tables } = observed;
  const established = sessions.filter(isUp).length;
  return {
    observedTime: formatTime(nowMs),
    asNumber,
    routerId,
    sessions: { configured: sessions.length, established },
    neighbors: [...sessions].sort(byInterest).slice(0, MAX_NEIGHBORS).map(neighbor),
    ...tables,
    conditions: [ready(observed, established, nowMs, before?.conditions[0])],
  };
}

/** What differs: nothing, numbers alone, or something that a person would look for. */
export function changeOf(before: NodeStatus, after: NodeStatus): "none" | "counts" | "state" {
  const text = (value: object): string => JSON.stringify(value);
  if (text({ ...before, observedTime: "" }) === text({ ...after, observedTime: "" })) return "none";
  return text(withoutCounts(before)) === text(withoutCounts(after)) ? "counts" : "state";
}

const withoutCounts = (status: NodeStatus): object => ({
  ...status,
  observedTime: "",
  ipv4: status.ipv4.failed > 0,
  ipv6: status.ipv6.failed > 0,
  neighbors: status.neighbors.map((each) => ({ ...each, ipv4: undefined, ipv6: undefined })),
});

const isUp = ({ state }: ObservedSession): boolean => state === "Established";

/** Those that are down first, then those of BGPPeers, then the mesh. */
function byInterest(a: ObservedSession, b: ObservedSession): number {
  const rank = (session: ObservedSession): number => (isUp(session) ? 2 : 0) + (session.origin === "mesh" ? 1 : 0);
  return rank(a) - rank(b) || (a.name < b.name ? -1 : 1);
}

/** A session that comes and goes between the states of dialling is Active: what it tries this second is not written. */
function neighbor({
  name,
  address,
  remoteAs,
  state,
  sinceMs,
  flaps,
  lastError,
  families: routes,
}: ObservedSession): Neighbor {
  const dialling = state === "Connect" || state === "OpenSent" || state === "OpenConfirm";
  return {
    name,
    address,
    ...(remoteAs !== undefined && { asNumber: remoteAs }),
    state: dialling ? "Active" : state,
    since: formatTime(state === "Established" ? sinceMs : (lastError?.ms ?? sinceMs)),
    flaps,
    ...(lastError && { lastError: lastError.text.slice(0, MAX_LINE), lastErrorTime: formatTime(lastError.ms) }),
    ...Object.fromEntries(families.flatMap((family) => (routes[family] ? [[family, routes[family]]] : []))),
  };
}

function ready(
  { routesReady, sessions, drained, shuttingDown }: ObservedNode,
  established: number,
  nowMs: number,
  before: ReadyCondition | undefined,
): ReadyCondition {
  const alone = sessions.length > 0 && established === 0;
  const [status, reason, message] = shuttingDown
    ? (["False", "DaemonStopped", "the daemon was stopped"] as const)
    : drained
      ? (["False", "Drained", "the node is out of service: its routes are withdrawn"] as const)
      : !routesReady
        ? (["False", "RoutesPending", "routes to other nodes are awaited"] as const)
        : alone
          ? (["False", "NoSession", "no session is established"] as const)
          : (["True", "RoutesInstalled", "routes to other nodes are in the kernel"] as const);
  const since = before?.status === status ? before.lastTransitionTime : formatTime(nowMs);
  return { type: "Ready", status, reason, message, lastTransitionTime: since };
}
