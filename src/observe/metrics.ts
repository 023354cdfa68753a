import type { ObservedDaemon, ObservedPeer } from "./ports.ts";

/** One value with its labels, as a scrape shows it. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A row of the metrics page. Counters may start again at 0 with the daemon. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: "gauge" | "counter";
  readonly samples: (daemon: ObservedDaemon) => Iterable<Sample>;
}

const peerLabels = (peer: ObservedPeer): Record<string, string> => ({ peer: peer.name, address: peer.address });

const ofDaemon = (name: string, help: string, value: (daemon: ObservedDaemon) => number): Metric => ({
  name,
  help,
  kind: "gauge",
  samples: (daemon) => [{ labels: {}, value: value(daemon) }],
});

const ofPeer = (name: string, help: string, kind: Metric["kind"], value: (peer: ObservedPeer) => number): Metric => ({
  name,
  help,
  kind,
  samples: function* ({ peers }) {
    for (const peer of peers) yield { labels: peerLabels(peer), value: value(peer) };
  },
});

const ofPeerFamily = (
  name: string,
  help: string,
  value: (family: ObservedPeer["families"][number]) => number,
): Metric => ({
  name,
  help,
  kind: "gauge",
  samples: function* ({ peers }) {
    for (const peer of peers) {
      for (const family of peer.families) {
        yield { labels: { ...peerLabels(peer), family: family.family }, value: value(family) };
      }
    }
  },
});

const ofTable = (name: string, help: string, field: "prefixes" | "paths"): Metric => ({
  name,
  help,
  kind: "gauge",
  samples: ({ tables }) => [
    { labels: { family: "ipv4" }, value: tables.ipv4[field] },
    { labels: { family: "ipv6" }, value: tables.ipv6[field] },
  ],
});

/** The metrics page, row by row. */
export const metrics: readonly Metric[] = [
  {
    name: "linnet_build_info",
    help: "Always 1; the version stands in the label.",
    kind: "gauge",
    samples: ({ version }) => [{ labels: { version }, value: 1 }],
  },
  ofDaemon("linnet_start_time_seconds", "When the daemon started, in seconds since 1970.", (d) => d.startedMs / 1000),
  ofDaemon("linnet_recovering", "1 while neighbours are waited for after a restart.", (d) => Number(d.recovering)),
  ofDaemon("linnet_config_invalid_objects", "Objects whose newest text is invalid.", (d) => d.invalidObjects),
  ofDaemon("linnet_kernel_routes_wanted", "Routes the kernel shall hold.", (d) => d.forwarding.wanted),
  ofDaemon("linnet_kernel_changes_pending", "Route changes on their way to the kernel.", (d) => d.forwarding.pending),
  ofDaemon("linnet_kernel_routes_failed", "Routes the kernel refused.", (d) => d.forwarding.failed),
  ofDaemon(
    "linnet_rib_foreign_routes",
    "Routes that the origin check refuses: pod addresses of another node than the one that told them.",
    (d) => d.foreignRoutes,
  ),
  ofDaemon("linnet_drained", "1 while the node is out of service or on its way there.", (d) => Number(d.draining)),
  ofTable("linnet_rib_prefixes", "Prefixes with at least one path.", "prefixes"),
  ofTable("linnet_rib_paths", "Paths of all prefixes.", "paths"),
  ofPeer("linnet_bgp_up", "1 while the session is Established.", "gauge", (p) => Number(p.state === "Established")),
  ofPeer("linnet_bgp_since_seconds", "When the session came into its state.", "gauge", (p) => p.sinceMs / 1000),
  ofPeer("linnet_bgp_flaps_total", "Times the session went down again.", "counter", (p) => p.flaps),
  ofPeer("linnet_bgp_messages_received_total", "BGP messages received.", "counter", (p) => p.messagesReceived),
  ofPeer("linnet_bgp_messages_sent_total", "BGP messages sent.", "counter", (p) => p.messagesSent),
  ofPeerFamily("linnet_bgp_routes_accepted", "Routes from the neighbour that policy accepted.", (f) => f.accepted),
  ofPeerFamily("linnet_bgp_routes_filtered", "Routes from the neighbour that policy rejected.", (f) => f.filtered),
  ofPeerFamily("linnet_bgp_routes_best", "Routes from the neighbour that are the best.", (f) => f.best),
  ofPeerFamily("linnet_bgp_routes_advertised", "Routes told to the neighbour.", (f) => f.advertised),
];
