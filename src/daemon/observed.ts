import type { PeerSnapshot } from "#bgp/session/snapshot.ts";
import { mapSteps, type Steps } from "#lib/steps.ts";
import type { ObservedDaemon, ObservedPeer } from "#observe/ports.ts";
import { formatAddress } from "#route/address.ts";
import { families } from "#route/family.ts";
import type { Configuration } from "./configuration.ts";
import type { Daemon } from "./daemon.ts";
import { STATES } from "./views/bgp.ts";

/** The daemon as metrics and probes see it; thousands of neighbours are looked at with pauses. */
export function* observed(
  daemon: Daemon,
  { remarks }: Pick<Configuration, "remarks">,
  version: string,
): Steps<ObservedDaemon> {
  const peers = yield* lookedAt(daemon, (peer) => peerOf(peer, daemon));
  const counts = families.map((family) => daemon.kernel.installer.counts(family));
  const sum = (of: (each: (typeof counts)[number]) => number): number =>
    counts.reduce((all, each) => all + of(each), 0);
  const table = (family: (typeof families)[number]): { prefixes: number; paths: number } => {
    const { prefixes, paths } = daemon.ribView.tables(family);
    return { prefixes, paths };
  };
  return {
    version,
    startedMs: daemon.startedMs,
    peers,
    tables: { ipv4: table("ipv4"), ipv6: table("ipv6") },
    forwarding: { wanted: sum((c) => c.wanted), pending: sum((c) => c.pending), failed: sum((c) => c.failed) },
    recovering: daemon.restarted && families.some((family) => daemon.speaker.awaited(family).size > 0),
    invalidObjects: new Set(remarks.filter(({ severity }) => severity === "error").map(({ object }) => object)).size,
    foreignRoutes: daemon.ribView.foreign().length,
    draining: daemon.drain.state.stage !== "off",
    shuttingDown: daemon.stopping,
  };
}

/** What `look` says of each neighbour that is there when its turn comes. */
export function* lookedAt<T extends object>({ speaker }: Daemon, look: (peer: PeerSnapshot) => T): Steps<T[]> {
  const each = yield* mapSteps(speaker.configs(), ({ name }) => {
    const peer = speaker.peer(name);
    return peer && look(peer);
  });
  return each.filter((seen) => seen !== undefined);
}

function peerOf({ config, state, sinceMs, losses, counters }: PeerSnapshot, { rib, ribView }: Daemon): ObservedPeer {
  const neighbour = rib.neighbour(config.name);
  return {
    name: config.name,
    address: formatAddress(config.address),
    state: STATES[state],
    sinceMs,
    flaps: losses,
    messagesReceived: counters.messagesIn,
    messagesSent: counters.messagesOut,
    families: config.families.map((family) => {
      if (neighbour === undefined) return { family, accepted: 0, filtered: 0, best: 0, advertised: 0 };
      const { accepted, filtered, best, exported } = ribView.counts(neighbour, family);
      return { family, accepted, filtered, best, advertised: exported };
    }),
  };
}
