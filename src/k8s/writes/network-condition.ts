import type { ObservedNode } from "../ports.ts";

/** The node's condition NetworkUnavailable; while it is True, no pods are scheduled there. */
export interface NetworkCondition {
  readonly status: "True" | "False";
  readonly reason: "RoutesPending" | "RoutesInstalled" | "RoutesOverdue" | "Drained" | "DaemonStopped";
  readonly message: string;
}

/** How long routes are waited for: a neighbour that is dead must not keep a node from work for ever. */
export const LONGEST_WAIT_MS = 120_000;

/** @param nowMs since 1970 */
export function networkCondition(observed: ObservedNode, nowMs: number): NetworkCondition {
  if (observed.shuttingDown) {
    return { status: "True", reason: "DaemonStopped", message: "the routing daemon was stopped; its routes stay" };
  }
  if (observed.drained) {
    return { status: "True", reason: "Drained", message: "the node is out of service: its routes are withdrawn" };
  }
  if (observed.routesReady && !neverMet(observed)) {
    return { status: "False", reason: "RoutesInstalled", message: "the routes to other nodes are in the kernel" };
  }
  if (nowMs - observed.startedMs >= LONGEST_WAIT_MS) {
    const message = `neighbours were awaited for ${LONGEST_WAIT_MS / 1000} s, in vain`;
    return { status: "False", reason: "RoutesOverdue", message };
  }
  return { status: "True", reason: "RoutesPending", message: "routes to other nodes are awaited" };
}

/** Neighbours that do not answer are soon given up waiting for; but what they would have told is not in the kernel. */
const neverMet = ({ sessions }: ObservedNode): boolean =>
  sessions.length > 0 && sessions.every(({ state, flaps }) => state !== "Established" && flaps === 0);
