import type { ObservedDaemon, ObservedPeer } from "#observe/ports.ts";
import { formatAddress } from "#route/address.ts";
import { families } from "#route/family.ts";
import type { Configuration } from "./configuration.ts";
import type { Daemon } from "./daemon.ts";
import { protocolViews } from "./views/protocols.ts";

/** The daemon as metrics and probes see it. */
export function observed(daemon: Daemon, configuration: Configuration, version: string): ObservedDaemon {
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
    peers: peersOf(daemon),
    tables: { ipv4: table("ipv4"), ipv6: table("ipv6") },
    forwarding: { wanted: sum((c) => c.wanted), pending: sum((c) => c.pending), failed: sum((c) => c.failed) },
    recovering: daemon.restarted && families.some((family) => daemon.speaker.awaited(family).length > 0),
    invalidObjects: new Set(
      configuration.remarks.filter(({ severity }) => severity === "error").map(({ object }) => object),
    ).size,
    foreignRoutes: daemon.ribView.foreign().length,
    draining: daemon.drain.state.stage !== "off",
    shuttingDown: daemon.stopping,
  };
}

function peersOf(daemon: Daemon): ObservedPeer[] {
  const counters = new Map(daemon.speaker.peers().map((peer) => [peer.config.name, peer.counters]));
  return protocolViews(daemon).flatMap(({ name, bgp, sinceMs, channels }) => {
    if (bgp === undefined) return [];
    return [
      {
        name,
        address: formatAddress(bgp.address),
        remoteAs: bgp.remoteAs,
        state: bgp.state,
        sinceMs,
        flaps: bgp.flaps,
        messagesReceived: counters.get(name)?.messagesIn ?? 0,
        messagesSent: counters.get(name)?.messagesOut ?? 0,
        families: channels.map(({ family, routes }) => ({
          family,
          accepted: routes?.imported ?? 0,
          filtered: routes?.filtered ?? 0,
          best: routes?.preferred ?? 0,
          advertised: routes?.exported ?? 0,
        })),
      },
    ];
  });
}
