import type { ObservedNode, ObservedSession } from "#k8s/ports.ts";
import { NodeWriter, type NodeWriterParts } from "#k8s/writes/node-writer.ts";
import { silentLog } from "#lib/log.ts";
import { mapSteps, type Steps } from "#lib/steps.ts";

/** What a daemon could show, for tests of what is written about it. */

export const START_MS = 1_700_000_000_000;

export const session = (name: string, changes: Partial<ObservedSession> = {}): ObservedSession => ({
  name,
  origin: "node",
  source: "BGPPeer/tor",
  address: "192.0.2.1",
  remoteAs: 64_500,
  state: "Established",
  sinceMs: START_MS,
  flaps: 0,
  lastError: undefined,
  lostBy: undefined,
  families: { ipv4: { received: 1, accepted: 1, advertised: 1 } },
  ...changes,
});

export const down = (name: string, changes: Partial<ObservedSession> = {}): ObservedSession =>
  session(name, {
    ...{ state: "Active", lastError: { text: "no answer", ms: START_MS }, lostBy: "hold timer expired", families: {} },
    ...changes,
  });

const table = { selected: 3, installed: 3, failed: 0 };

export const observedNode = (changes: Partial<ObservedNode> = {}): ObservedNode => ({
  startedMs: START_MS,
  asNumber: 64_512,
  routerId: "192.0.2.10",
  sessions: [],
  tables: { ipv4: table, ipv6: table },
  routesReady: true,
  troubles: [],
  drained: false,
  shuttingDown: false,
  ...changes,
});

/** The same in steps, of which there are more the more sessions there are. */
export function* lookAt(observed: ObservedNode): Steps<ObservedNode> {
  return { ...observed, sessions: yield* mapSteps(observed.sessions, (each) => each) };
}

/** The writer of node n1 where `parts` do not say otherwise. @param observed asked at each look */
export function writerOf(
  observed: () => ObservedNode,
  parts: Pick<NodeWriterParts, "clock" | "send"> & Partial<NodeWriterParts>,
): NodeWriter {
  return new NodeWriter({
    nodeName: "n1",
    log: silentLog,
    observe: () => lookAt(observed()),
    rank: () => 0,
    ...parts,
  });
}
