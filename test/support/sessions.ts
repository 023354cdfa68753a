import type { EstablishedSession, RoutingSide } from "#bgp/ports.ts";
import { Speaker } from "#bgp/speaker.ts";
import type { RouteSink } from "#bgp/wire/route-sink.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { type Address, formatWords, parseAddress } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { FakeClock } from "./fake-clock.ts";
import type { FakeNetwork } from "./fake-wire.ts";
import { LineLog } from "./line-log.ts";

/** A test's address. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

/** A neighbour with usual settings. */
export function peerConfig(name: string, at: string, changes: Partial<PeerConfig> = {}): PeerConfig {
  return {
    name,
    origin: "node",
    source: "BGPPeer/test",
    description: undefined,
    announcer: undefined,
    address: address(at),
    interface: undefined,
    unnumbered: false,
    port: 179,
    passive: false,
    localAddress: undefined,
    localAs: 64512,
    remoteAs: 64512,
    password: undefined,
    ttl: { kind: "direct" },
    families: ["ipv4", "ipv6"],
    timers: { holdMs: 90_000, keepaliveMs: 30_000, connectRetryMs: 5_000, idleHoldMs: 2_000 },
    gracefulRestart: { enabled: true, restartMs: 120_000, deferralMs: 60_000 },
    reflectorClient: false,
    nextHop: "auto",
    allowOwnAs: 0,
    enforceFirstAs: true,
    extendedNextHop: false,
    prefixLimit: {},
    importPolicies: [],
    exportPolicies: [],
    advertise: [],
    ...changes,
  };
}

/** A node with these neighbours. */
export function nodeConfig(
  routerId: number,
  peers: readonly PeerConfig[],
  changes: Partial<NodeConfig> = {},
): NodeConfig {
  return {
    nodeName: `n${routerId}`,
    localAs: 64512,
    routerId,
    clusterId: routerId,
    addresses: {},
    listen: { port: 179, addresses: [] },
    peers,
    gatewayPeers: [],
    originated: [],
    policies: {},
    blockOwners: new Map(),
    kernel: {
      install: true,
      table: 254,
      metric: 32,
      protocol: 186,
      maxPaths: 1,
      nextHopObjects: "never",
      preferredSource: {},
      setSysctls: false,
    },
    gracefulRestart: { enabled: true, restartMs: 120_000, deferralMs: 60_000 },
    drain: { reasons: [], nodeShutdown: false, withdrawMs: 10_000 },
    cni: undefined,
    masquerade: undefined,
    ...changes,
  };
}

/** Writes down what sessions ask of the RIB, and keeps nothing. */
class RoutingLog implements RoutingSide {
  readonly log: string[] = [];
  readonly sessions = new Map<string, EstablishedSession>();

  up(session: EstablishedSession): RouteSink {
    this.sessions.set(session.peer, session);
    this.log.push(
      `up ${session.peer} ${session.families.join(" ")} kept ${session.gracefulRestart?.kept.join(" ") ?? "-"}`,
    );
    const note = (text: string): void => {
      this.log.push(`${session.peer} ${text}`);
    };
    return {
      find: () => 0,
      add: () => 1,
      drop: () => {},
      reach4: (word, length) => note(`+${formatWords("ipv4", word)}/${length}`),
      reach6: (w0, w1, w2, w3, length) => note(`+${formatWords("ipv6", w0, w1, w2, w3)}/${length}`),
      unreach4: (word, length) => note(`-${formatWords("ipv4", word)}/${length}`),
      unreach6: (w0, w1, w2, w3, length) => note(`-${formatWords("ipv6", w0, w1, w2, w3)}/${length}`),
      endOfRib: (family) => note(`End-of-RIB ${family}`),
    };
  }

  down(peer: string, retained: readonly Family[]): void {
    this.sessions.delete(peer);
    this.log.push(`down ${peer} retained ${retained.join(" ")}`);
  }

  sweep(peer: string, family: Family): void {
    this.log.push(`sweep ${peer} ${family}`);
  }

  markStale(peer: string, family: Family): void {
    this.log.push(`stale ${peer} ${family}`);
  }

  refresh(peer: string, family: Family, enhanced: boolean): void {
    this.log.push(`refresh ${peer} ${family}${enhanced ? " enhanced" : ""}`);
  }

  /** What was written since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }
}

/** A speaker on the fake network, with all that it tells. */
export class TestNode {
  readonly routing = new RoutingLog();
  readonly log = new LineLog();
  /** `complete ipv4`. */
  readonly complete: Family[] = [];
  readonly speaker: Speaker;
  forwarding: readonly Family[] = ["ipv4", "ipv6"];

  constructor(clock: FakeClock, network: FakeNetwork, at: string, restarted = false) {
    this.speaker = new Speaker({
      clock,
      log: this.log,
      transport: network.host(address(at)),
      routing: this.routing,
      observer: {
        established: () => {},
        down: () => {},
        endOfRib: () => {},
        complete: (family) => this.complete.push(family),
      },
      restarted,
      forwardingKept: (family) => this.forwarding.includes(family),
      random: () => 1,
    });
  }

  state(name: string): string | undefined {
    return this.speaker.peer(name)?.state;
  }

  /** Queues a message towards a neighbour, as the RIB would. */
  send(name: string, octets: Uint8Array): void {
    this.routing.sessions.get(name)?.send(octets, 0, octets.length, () => {});
  }
}
