import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { Prefix } from "#route/prefix.ts";

/**
 * What one node's daemon shall do, compiled from all objects (`compile.ts`): plain values, all defaults filled in.
 * Equal objects give deeply equal configurations, whatever their order.
 */
export interface NodeConfig {
  readonly nodeName: string;
  readonly localAs: number;
  /** BGP Identifier, 32 bits, never 0 (RFC 6286). */
  readonly routerId: number;
  /** Cluster id when the node reflects (RFC 4456 §7); the router id where none is set. */
  readonly clusterId: number;
  /** The node's own addresses, as the next hop for families that a session's own address cannot serve. */
  readonly addresses: Readonly<Partial<Record<Family, Address>>>;
  readonly listen: { readonly port: number; readonly addresses: readonly Address[] };
  readonly peers: readonly PeerConfig[];
  /** Neighbours that the kernel's default routes name. */
  readonly gatewayPeers: readonly GatewayPeer[];
  /** What this node originates. */
  readonly originated: readonly OriginatedPrefix[];
  readonly policies: Readonly<Record<string, PolicyConfig>>;
  /** Whose pod addresses are whose, by node; empty: that is not checked. Entries that did not change are the same values. */
  readonly blockOwners: ReadonlyMap<string, BlockOwner>;
  readonly kernel: KernelConfig;
  readonly gracefulRestart: GracefulRestartConfig;
  readonly drain: DrainConfig;
  readonly cni: CniConfig | undefined;
  readonly masquerade: MasqueradeConfig | undefined;
}

export interface OriginatedPrefix {
  readonly prefix: Prefix;
  readonly from: "podCIDR" | "service" | "static";
  /** The name `show` gives it: `node/n1`, `service/default/web`. */
  readonly source: string;
  /** Hold the block against loops: a blackhole of high metric in the kernel. */
  readonly blackhole: boolean;
  readonly communities: readonly number[];
  readonly largeCommunities: readonly (readonly [number, number, number])[];
  readonly localPref: number | undefined;
}

export interface PeerConfig {
  /** Unique on the node and stable: `Mesh_10_0_0_2`, `Node_…`, `Global_…` for the peer's address; also what birdc shows. */
  readonly name: string;
  readonly origin: "mesh" | "node" | "global";
  /** The object it came from: `BGPPeer/tor`, `BGPConfiguration/default`. */
  readonly source: string;
  readonly description: string | undefined;
  /** The node of our AS that it is: what it tells of pod addresses is checked. undefined: it is none. */
  readonly announcer: Announcer | undefined;
  readonly address: Address;
  /** Interface for a link-local address, or to bind the session to. */
  readonly interface: string | undefined;
  /** The neighbour is whoever advertises itself as a router on `interface`; until it is found `address` is `::`. */
  readonly unnumbered: boolean;
  readonly port: number;
  /** Wait for the neighbour to dial. */
  readonly passive: boolean;
  readonly localAddress: Address | undefined;
  readonly localAs: number;
  readonly remoteAs: number | "internal" | "external";
  /** TCP-MD5 (RFC 2385); never logged. */
  readonly password: string | undefined;
  /** `direct`: TTL 1 for external neighbours; `multihop`: TTL as given; `security`: GTSM (RFC 5082) with that many hops. */
  readonly ttl: { readonly kind: "direct" } | { readonly kind: "multihop" | "security"; readonly hops: number };
  readonly families: readonly Family[];
  readonly timers: PeerTimers;
  readonly gracefulRestart: GracefulRestartConfig;
  readonly reflectorClient: boolean;
  /** `auto`: self towards external neighbours and for own routes, else unchanged (RFC 4271 §5.1.3). */
  readonly nextHop: "auto" | "self" | "unchanged";
  /** How often our own AS may stand in a received AS_PATH. */
  readonly allowOwnAs: number;
  /** External neighbours' paths must begin with their AS number. */
  readonly enforceFirstAs: boolean;
  /** Offer IPv6 next hops for IPv4 routes (RFC 8950). */
  readonly extendedNextHop: boolean;
  readonly prefixLimit: Readonly<Partial<Record<Family, number>>>;
  /** Names in `NodeConfig.policies`, tried in order; external neighbours accept nothing without one (RFC 8212). */
  readonly importPolicies: readonly string[];
  readonly exportPolicies: readonly string[];
  /** Kinds of own prefixes that go out before any export policy is asked. */
  readonly advertise: readonly OriginatedPrefix["from"][];
}

/** All about the gateway of a default route but where it is. */
export interface GatewayPeer extends Omit<PeerConfig, "name" | "address" | "interface"> {
  readonly family: Family;
}

/** A node with the blocks that it was given, and what tells its routes from others'. */
export interface BlockOwner {
  readonly node: string;
  readonly blocks: readonly Prefix[];
  /** Where it is another one than ours. */
  readonly externalAs: number | undefined;
  readonly routerId: number;
  readonly addresses: Readonly<Partial<Record<Family, Address>>>;
}

/** Which node a neighbour is. */
export interface Announcer {
  readonly node: string;
  /** It also tells other nodes' routes (RFC 4456). */
  readonly reflects: boolean;
}

export interface PeerTimers {
  /** 0 (never), or at least 3,000. */
  readonly holdMs: number;
  /** A third of the hold time unless set. */
  readonly keepaliveMs: number;
  readonly connectRetryMs: number;
  /** First IdleHoldTime after an error; doubles with each one after it, up to 64 times. */
  readonly idleHoldMs: number;
}

export interface GracefulRestartConfig {
  readonly enabled: boolean;
  /** How long neighbours keep our routes while we are away (RFC 4724 §3), at most 4,095 s. */
  readonly restartMs: number;
  /** How long we wait for End-of-RIB after our own start, and how long stale routes live after a neighbour is back. */
  readonly deferralMs: number;
}

export interface DrainConfig {
  /** Why the node shall go out of service, for people; none: it shall not. */
  readonly reasons: readonly string[];
  /** One of them is that the machine is going down: the end of the daemon is no restart. */
  readonly nodeShutdown: boolean;
  /** How long routes are told as leaving ones (RFC 8326) before they are withdrawn. */
  readonly withdrawMs: number;
}

export interface KernelConfig {
  /** Write learned routes into the kernel; a reflector that forwards nothing does not. */
  readonly install: boolean;
  readonly table: number;
  readonly metric: number;
  readonly protocol: number;
  /** Most equal paths in one route; 1 turns ECMP off. */
  readonly maxPaths: number;
  readonly nextHopObjects: "auto" | "always" | "never";
  /** Preferred source of learned routes, by family. */
  readonly preferredSource: Readonly<Partial<Record<Family, Address>>>;
  /** Set forwarding sysctls that are wrong, instead of only warning. */
  readonly setSysctls: boolean;
}

export interface CniConfig {
  readonly plugin: "ptp" | "bridge";
  readonly networkName: string;
  /** File the network configuration is written to. */
  readonly path: string;
  /** The node's Pod CIDRs: the ranges of host-local. */
  readonly podCidrs: readonly Prefix[];
  /** undefined: the uplink's. */
  readonly mtu: number | undefined;
  readonly portmap: boolean;
}

export interface MasqueradeConfig {
  readonly podCidrs: readonly Prefix[];
  /** Destinations that are never masqueraded: all pod blocks, all node addresses, and what the operator adds. */
  readonly exclude: readonly Prefix[];
}

/** Ordered statements; the first that matches and decides wins. What no statement decides falls to the next policy. */
export interface PolicyConfig {
  readonly name: string;
  readonly statements: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly match: PolicyMatch;
  readonly set: PolicyActions;
  readonly action: "accept" | "reject" | "continue";
}

/** All given conditions must hold; an empty match always does. Lists hold when one of their members does. */
export interface PolicyMatch {
  readonly prefixes?: readonly { readonly prefix: Prefix; readonly minLength: number; readonly maxLength: number }[];
  readonly communities?: readonly number[];
  readonly largeCommunities?: readonly (readonly [number, number, number])[];
  /** An AS number anywhere in the path. */
  readonly asPathContains?: readonly number[];
  readonly neighbourKinds?: readonly ("external" | "internal" | "local")[];
  readonly origins?: readonly OriginatedPrefix["from"][];
}

export interface PolicyActions {
  readonly localPref?: number;
  readonly med?: number;
  readonly addCommunities?: readonly number[];
  readonly removeCommunities?: readonly number[];
  readonly addLargeCommunities?: readonly (readonly [number, number, number])[];
  /** Prepend `PeerConfig.localAs` this many times. */
  readonly prepend?: number;
}
