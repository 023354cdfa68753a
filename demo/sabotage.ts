import { until } from "../test/support/lab/until.ts";
import type { Claim } from "./claims/claim.ts";
import { awayNoticed, nodeAway } from "./claims/node-away.ts";
import { fullMtu, packetSize } from "./claims/packet-size.ts";
import { reachability, reachabilityClaims } from "./claims/reachability.ts";
import { nothingLost, restart } from "./claims/restart.ts";
import { routes, routesThere } from "./claims/routes.ts";
import { sessions, sessionsUp } from "./claims/sessions.ts";
import { asFast, throughput } from "./claims/throughput.ts";
import { type DataCentre, type Node, racks } from "./data-centre.ts";

/** Ways to break the demo's claims one at a time, by hand as it were: the demo must notice, and say which. */
export interface Sabotage {
  readonly name: string;
  /** Starts of the names of the claims that no longer hold. */
  readonly breaks: readonly string[];
  readonly measure: (centre: DataCentre) => Promise<Claim[]>;
  readonly spoil: (centre: DataCentre) => Promise<unknown>;
  /** Everything is as before afterwards. */
  readonly mend: (centre: DataCentre) => Promise<unknown>;
}

const table = "sabotage";

export const sabotages: readonly Sabotage[] = [
  {
    name: "BGP packets to node 3 are dropped",
    breaks: [sessionsUp],
    measure: ({ nodes }) => sessions(nodes, 2000),
    spoil: async ({ nodes, timers }) => {
      await nft(third(nodes), "type filter hook input priority 0;", ["tcp dport 179 drop", "tcp sport 179 drop"]);
      await until("node 3 misses its session", timers.hold + 5, async () => {
        const { up, all } = await third(nodes).router.established();
        return up < all;
      });
    },
    mend: async ({ nodes }) => {
      await mended(third(nodes));
      await sessions(nodes);
    },
  },
  {
    name: "another route stands before Linnet's",
    breaks: [routesThere],
    measure: routes,
    spoil: ({ nodes }) => first(nodes).host.ip(...foreignRoute("add")),
    mend: ({ nodes }) => first(nodes).host.ip(...foreignRoute("del")),
  },
  {
    name: "the ToR router loses a route",
    breaks: [
      reachabilityClaims.podPing,
      reachabilityClaims.podTcp,
      reachabilityClaims.nodePing,
      reachabilityClaims.nodeTcp,
    ],
    measure: reachability,
    spoil: ({ tor }) => tor.host.ip(...torRoute("del")),
    mend: ({ tor }) => tor.host.ip(...torRoute("add")),
  },
  {
    name: "a node masquerades what its pods send",
    breaks: [reachabilityClaims.podSource],
    measure: reachability,
    spoil: ({ nodes }) =>
      nft(first(nodes), "type nat hook postrouting priority 100;", [
        `ip saddr ${first(nodes).plan.podCidrs[0]} oifname eth0 masquerade`,
      ]),
    mend: ({ nodes }) => mended(first(nodes)),
  },
  {
    name: "a router's port has a smaller MTU",
    breaks: [fullMtu],
    measure: packetSize,
    spoil: ({ tor }) => tor.host.ip("link", "set", "rack-b", "mtu", "1400"),
    mend: async ({ tor, nodes }) => {
      await tor.host.ip("link", "set", "rack-b", "mtu", "1500");
      for (const { host } of nodes.flatMap(({ pods }) => pods)) {
        for (const family of ["-4", "-6"]) await host.ip(family, "route", "flush", "cache");
      }
    },
  },
  {
    name: "a node's uplink is slow",
    breaks: [asFast],
    measure: throughput,
    spoil: ({ nodes }) =>
      first(nodes).host.run("tc qdisc add dev eth0 root tbf rate 200mbit burst 1mb latency 20ms".split(" ")),
    mend: ({ nodes }) => first(nodes).host.run("tc qdisc del dev eth0 root".split(" ")),
  },
  {
    name: "a node drops a packet now and then",
    breaks: [nothingLost],
    measure: restart,
    spoil: ({ nodes }) =>
      nft(first(nodes), "type filter hook forward priority 0;", ["meta l4proto udp limit rate 2/second drop"]),
    mend: ({ nodes }) => mended(first(nodes)),
  },
  {
    name: "the ToR router swallows packets that it has no route for",
    breaks: [awayNoticed],
    measure: nodeAway,
    spoil: (centre) => blackholes(centre, "add"),
    mend: (centre) => blackholes(centre, "del"),
  },
];

function first(nodes: readonly Node[]): Node {
  const [node] = nodes;
  if (!node) throw new Error("no nodes");
  return node;
}

function third(nodes: readonly Node[]): Node {
  const node = nodes[2];
  if (!node) throw new Error("no third node");
  return node;
}

function foreignRoute(command: "add" | "del"): string[] {
  return ["route", command, "10.244.2.0/24", "via", racks.a.gateway[0], "metric", "1"];
}

/** BIRD looks at the kernel once a minute only. */
function torRoute(command: "add" | "del"): string[] {
  return ["route", command, "10.244.3.0/24", "via", "172.30.2.13", "proto", "bird", "metric", "32"];
}

/** One chain in a table of its own. */
async function nft({ host }: Node, hook: string, rules: readonly string[]): Promise<void> {
  const input = `table inet ${table} {\n chain spoil {\n${[hook, ...rules].join("\n")}\n }\n}\n`;
  await host.run(["nft", "-f", "-"], { input });
}

async function mended({ host }: Node): Promise<void> {
  await host.run(["nft", "delete", "table", "inet", table]);
}

/** Worse than any route that BGP brings to the ToR router. */
async function blackholes({ tor, nodes }: DataCentre, command: "add" | "del"): Promise<void> {
  for (const cidr of nodes[1]?.plan.podCidrs ?? []) {
    await tor.host.ip("route", command, "blackhole", cidr, "metric", "9999");
  }
}
