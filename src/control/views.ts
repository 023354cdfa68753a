import type { Address } from "#route/address.ts";
import type { Attributes, Origin } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import type { Prefix } from "#route/prefix.ts";
import type { Actions } from "./actions.ts";
import type { InterfaceView } from "./interface-view.ts";
import type { ListedProtocol, ProtocolKind } from "./protocol-list.ts";

/**
 * What the control socket needs to see of the daemon, and to ask of it; `daemon/` implements it. Views are plain
 * snapshots, taken when they are asked for: nothing here is kept, and all calls are synchronous and cheap, except where
 * they take a callback. Times `…Ms` are milliseconds since 1970 (Clock.wallMs), spans and remainders are milliseconds.
 */
export interface DaemonView {
  status(): DaemonStatus;
  /** In the order of the configuration: device, direct, kernels, statics, BFD, then the BGP neighbours. */
  protocols(): readonly ListedProtocol[];
  /** undefined: none has this name, or none any more. */
  protocol(name: string): ProtocolView | undefined;
  interfaces(): readonly InterfaceView[];
  /** One entry for each protocol of kind `Static`. */
  statics(): readonly StaticView[];
  bfdSessions(): readonly BfdSessionView[];
  memory(): readonly MemoryView[];
  /** Policies by name, as filters of `show route filter NAME`. */
  policies(): readonly PolicyView[];
  /** The Loc-RIB and all that stands behind it, by family; shown as `master4` and `master6`. */
  readonly tables: Readonly<Record<Family, RouteTableView>>;
  /** What `protocol` (a BGP neighbour, or the kernel) is told; undefined while its channel is not up, or where it has none. */
  exports(protocol: string, family: Family): ExportView | undefined;
  /** Is the kernel's table what the Loc-RIB wants? */
  forwarding(): ForwardingView;
  /** Where one destination stands on its way, for `linnet why`. */
  explain(target: Prefix | Address): Explanation;
  readonly actions: Actions;
}

export interface DaemonStatus {
  /** Of Linnet, as `linnet status` shows it. */
  readonly version: string;
  /** 32 bits. */
  readonly routerId: number;
  readonly hostname: string;
  readonly startedMs: number;
  readonly reconfiguredMs: number;
  readonly state: "running" | "reconfiguring" | "shuttingDown";
  /** Present while graceful restart recovery is in progress (RFC 4724 §4.1). */
  readonly recovery: { readonly waitingFor: number; readonly timer: TimerView } | undefined;
  /** Present while the node goes out of service, or is. */
  readonly drain: DrainView | undefined;
  /** Settings of the kernel that keep packets from the pods of this node, with their names: `net.ipv4.ip_forward`. */
  readonly unforwarded: readonly string[];
  /** What is wrong with the newest objects, a line each with its place: what they say is not in force. */
  readonly invalid: readonly string[];
  /** Routes to pod addresses that are refused, since another node has those: a line each, for people. */
  readonly foreign: readonly string[];
}

export interface DrainView {
  readonly stage: "leaving" | "gone";
  /** For people. */
  readonly reasons: readonly string[];
  /** Until routes are withdrawn, while the stage is `leaving`. */
  readonly withdrawInMs: number | undefined;
  /** All neighbours were told. */
  readonly told: boolean;
}

export interface ProtocolView {
  /** A symbol, `[A-Za-z_][A-Za-z0-9_]*`: `device1`, `kernel1`, `Mesh_10_0_0_2`. */
  readonly name: string;
  readonly kind: ProtocolKind;
  readonly state: "up" | "start" | "down" | "stop" | "flush";
  /** When it came into this state. */
  readonly sinceMs: number;
  /** Disabled by the operator or the configuration, which is more than being down. */
  readonly disabled: boolean;
  readonly description: string | undefined;
  /** Text given with `disable`, or received with a shutdown communication (RFC 9003). */
  readonly message: string | undefined;
  /** Families in which it has routes; none for device and BFD. */
  readonly channels: readonly ChannelView[];
  /** For kind `BGP` only. */
  readonly bgp: BgpView | undefined;
}

/** One family of a protocol. */
export interface ChannelView {
  readonly family: Family;
  readonly state: "UP" | "START" | "DOWN" | "FLUSHING";
  /** BIRD's preference of the protocol: 240 direct, 200 static, 100 BGP, 10 kernel. */
  readonly preference: number;
  /** `ACCEPT`, `REJECT`, or the names of the policies. */
  readonly importPolicy: string;
  readonly exportPolicy: string;
  readonly limits: readonly LimitView[];
  /** Graceful restart recovery of this channel: End-of-RIB still to come (`pending`), and others wait for it (`waiting`). */
  readonly recovery: { readonly pending: boolean; readonly waiting: boolean } | undefined;
  /** Absent while the channel is down. */
  readonly routes: RouteCounts | undefined;
  /** The neighbour restarts and its routes are kept (RFC 4724 §4.2). */
  readonly neighbourRestarting: boolean;
  /** What goes out as next hop: the global address, the link-local one beside it (RFC 2545 §3), or both. */
  readonly nextHop: { readonly global: Address | undefined; readonly linkLocal: Address | undefined } | undefined;
  /** Next hops are resolved through the table: internal and multihop sessions. */
  readonly recursive: boolean;
}

export interface LimitView {
  readonly kind: "receive" | "import" | "export";
  readonly routes: number;
  readonly hit: boolean;
  readonly action: "warn" | "block" | "restart" | "disable";
}

export interface RouteCounts {
  /** Accepted by the import policy. */
  readonly imported: number;
  /** Kept though rejected; undefined where such routes are not kept. */
  readonly filtered: number | undefined;
  readonly exported: number;
  /** Of the imported ones, those that are the best of their net. */
  readonly preferred: number;
  readonly importUpdates: ChangeCounts;
  readonly importWithdraws: ChangeCounts;
  readonly exportUpdates: ChangeCounts;
  readonly exportWithdraws: ChangeCounts;
}

/** Route changes since the channel came up. Cells that make no sense for a row are not looked at. */
export interface ChangeCounts {
  readonly received: number;
  /** Invalid, or of no use: looped, unreachable next hop, over a limit. */
  readonly rejected: number;
  /** By policy. */
  readonly filtered: number;
  /** Nothing new. */
  readonly ignored: number;
  readonly accepted: number;
}

/** A timer that runs; `totalMs` is what it was set to, undefined where that is not known. */
export interface TimerView {
  readonly remainingMs: number;
  readonly totalMs: number | undefined;
}

/** States of RFC 4271 §8.2.2; `Passive` waits for the neighbour to dial, `Close` drains, `Down` has no session at all. */
export type BgpState =
  | "Idle"
  | "Connect"
  | "Active"
  | "OpenSent"
  | "OpenConfirm"
  | "Established"
  | "Close"
  | "Passive"
  | "Down";

export interface BgpView {
  readonly state: BgpState;
  readonly address: Address;
  /** Interface of a link-local neighbour address. */
  readonly interface: string | undefined;
  /** undefined: any other AS, or our own, until a session says which. */
  readonly remoteAs: number | undefined;
  readonly localAs: number;
  /** The neighbour restarts; how long its routes are kept. */
  readonly restartTimer: TimerView | undefined;
  /** How long the session rests after an error (IdleHoldTime). */
  readonly errorWait: TimerView | undefined;
  /** Until the next attempt to connect. */
  readonly connectDelay: TimerView | undefined;
  readonly lastError: SessionError | undefined;
  /** How often the session came up and went down again since the start. */
  readonly flaps: number;
  /** Present in Established. */
  readonly session: BgpSessionView | undefined;
}

export interface BgpSessionView {
  readonly remoteRouterId: number;
  readonly localCapabilities: CapabilitiesView;
  readonly remoteCapabilities: CapabilitiesView;
  readonly external: boolean;
  readonly multihop: boolean;
  /** The neighbour is our route reflector client (RFC 4456). */
  readonly reflectorClient: boolean;
  readonly fourOctetAs: boolean;
  readonly addPath: { readonly receive: boolean; readonly send: boolean };
  readonly localAddress: Address;
  /** undefined: hold time 0. */
  readonly holdTimer: TimerView | undefined;
  readonly keepaliveTimer: TimerView | undefined;
}

/** Capabilities of one OPEN (RFC 5492), as one side announced them. */
export interface CapabilitiesView {
  readonly multiprotocol: readonly Family[];
  readonly routeRefresh: boolean;
  readonly extendedNextHop: readonly Family[];
  readonly extendedMessage: boolean;
  readonly gracefulRestart:
    | {
        readonly restartMs: number;
        readonly restarting: boolean;
        readonly supported: readonly Family[];
        readonly preserved: readonly Family[];
      }
    | undefined;
  readonly fourOctetAs: boolean;
  readonly addPath: { readonly receive: readonly Family[]; readonly send: readonly Family[] } | undefined;
  readonly enhancedRefresh: boolean;
  readonly longLivedGracefulRestart:
    | { readonly staleMs: number; readonly supported: readonly Family[]; readonly preserved: readonly Family[] }
    | undefined;
  readonly hostname: string | undefined;
}

/**
 * Why a session is not up, or went down last. NOTIFICATION codes are those of RFC 4271 §4.5; `errno` is the system's own
 * text (`Connection refused`); `local` is what we found without a message; `limit` a prefix limit that shut it down.
 */
export type SessionError =
  | { readonly kind: "sent" | "received"; readonly code: number; readonly subcode: number }
  | { readonly kind: "errno"; readonly text: string }
  | { readonly kind: "local"; readonly text: string }
  | { readonly kind: "limit" };

/** Own prefixes of one static protocol. */
export interface StaticView {
  readonly protocol: string;
  readonly routes: readonly {
    readonly prefix: Prefix;
    readonly destination: Destination;
    readonly hops: readonly HopView[];
  }[];
}

export interface BfdSessionView {
  readonly address: Address;
  /** undefined: multihop. */
  readonly interface: string | undefined;
  readonly state: "Up" | "Down" | "Init" | "AdminDown";
  readonly sinceMs: number;
  /** Of transmission, as agreed. */
  readonly intervalMs: number;
  /** Detection time, 0 while the session is down. */
  readonly timeoutMs: number;
}

/** True figures of one kind of memory. */
export interface MemoryView {
  /** `Routing tables`, `Route attributes`, `Protocols`, … */
  readonly name: string;
  readonly usedBytes: number;
  /** Reserved, and not used now. */
  readonly spareBytes: number;
}

export interface PolicyView {
  readonly name: string;
  accepts(net: NetView, route: RouteView): boolean;
}

export type Destination = "unicast" | "blackhole" | "unreachable" | "prohibited";

export interface HopView {
  readonly gateway: Address | undefined;
  readonly interface: string | undefined;
  /** 1 to 256. */
  readonly weight: number;
  readonly onlink: boolean;
}

/** All routes to one prefix: best first, others as the decision process orders them, rejected ones last. Nets may share a route. */
export interface NetView {
  readonly prefix: Prefix;
  readonly routes: readonly RouteView[];
}

export type RouteSource = "bgp" | "static" | "device" | "kernel";

export interface RouteView {
  /** `ProtocolView.name`. */
  readonly protocol: string;
  readonly source: RouteSource;
  /** The best of its net. */
  readonly best: boolean;
  /** Rejected by the import policy (or looped) and only kept: seen by `show route filtered` alone. */
  readonly filtered: boolean;
  readonly sinceMs: number;
  /** The neighbour that told us. */
  readonly from: Address | undefined;
  readonly destination: Destination;
  /** Resolved next hops; empty unless `unicast`. */
  readonly hops: readonly HopView[];
  readonly preference: number;
  /** Of a neighbour that restarts (RFC 4724) or is gone for long. */
  readonly stale: boolean;
  /** Cost of the next hop: a number, `unknown`, or `unreachable`; undefined where next hops are not resolved. */
  readonly igpMetric: number | "unknown" | "unreachable" | undefined;
  /** Best, wanted by the kernel's table, and refused by it. */
  readonly refused: boolean;
  /** Of a route that the kernel had from others: rtnetlink's protocol number and metric. */
  readonly kernel: { readonly source: number; readonly metric: number } | undefined;
  /** Decoded when asked; undefined for routes without path attributes. */
  attributes(): Attributes | undefined;
  /** Where a BGP route began: the last AS (undefined: in a set, or in our own) and ORIGIN. Cheaper than the attributes. */
  began(): { readonly as: number | undefined; readonly origin: Origin } | undefined;
}

export interface RouteTableView {
  /** Routes, and nets that have any, without the filtered ones; cheap. */
  readonly counts: { readonly nets: number; readonly routes: number };
  /** The net of exactly this prefix. */
  exact(prefix: Prefix): NetView | undefined;
  /** The longest net that covers it and has a route that is not filtered. */
  longestMatch(prefix: Prefix): NetView | undefined;
  /** All nets, or those within `within` (itself included), in whatever order suits the table. */
  walk(within: Prefix | undefined): RouteWalk;
}

/** A way through a table that may change meanwhile: a net that stays is met once, one that comes or goes perhaps. */
export interface RouteWalk {
  /** One bounded step, some 10 µs. @returns a net, `more` where this step met none, or `end` */
  step(): NetView | "more" | "end";
  /** Others had a turn since the last step, and may have changed something. */
  resume(): void;
  /** No further steps will be asked for. */
  close(): void;
}

/** One channel's outward side. */
export interface ExportView {
  /** What of `net` is offered to the neighbour (RFC 4271 §9.1.3), and what came of it; undefined: nothing may be told. */
  of(net: NetView): ExportVerdict | undefined;
}

export interface ExportVerdict {
  readonly route: RouteView;
  /** By the export policy, as it is now. */
  readonly accepted: boolean;
  /** Was really told. */
  readonly sent: boolean;
}

export interface ForwardingView {
  readonly inSync: boolean;
  /** Routes that the kernel shall hold, and changes that are on their way. */
  readonly wanted: number;
  readonly pending: number;
  /** Routes that the kernel refused, the first few with its own words. */
  readonly failed: number;
  readonly failures: readonly { readonly prefix: Prefix; readonly error: string }[];
}

/** The way of one destination through the daemon. Steps that were not reached are undefined or empty. */
export interface Explanation {
  /** The longest known prefix that covers the target, or the prefix itself; undefined: nothing is known about it. */
  readonly prefix: Prefix | undefined;
  /** Every path to it: best first, then those that lost, then those that policy rejected. */
  readonly paths: readonly PathExplanation[];
  readonly kernel:
    | { readonly state: "installed" | "pending"; readonly hops: readonly HopView[] }
    | { readonly state: "failed"; readonly error: string }
    | { readonly state: "notWanted"; readonly reason: string }
    | undefined;
  /** Of each neighbour as it is when it is asked for. */
  readonly told: Iterable<ToldExplanation>;
}

export interface PathExplanation {
  readonly route: RouteView;
  /** `Mesh_10_0_0_2`, or the object that the own prefix comes from (`node/n1`). */
  readonly receivedFrom: string;
  readonly importVerdict: PolicyVerdict;
  /** `best`, `multipath` (shares the load with the best), or the step of RFC 4271 §9.1.2.2 at which it lost. */
  readonly selection:
    | { readonly result: "best" | "multipath" }
    | { readonly result: "lost"; readonly step: string }
    | { readonly result: "excluded"; readonly reason: string };
  /** The attribute's next hop, and through what it is resolved. */
  readonly nextHop:
    | { readonly address: Address; readonly through: string | undefined; readonly hops: readonly HopView[] }
    | undefined;
}

export interface PolicyVerdict {
  readonly accepted: boolean;
  /** Names the policy and the statement that decided, or the rule that did (`RFC 8212: no import policy`). */
  readonly by: string;
}

export interface ToldExplanation {
  readonly protocol: string;
  readonly sent: boolean;
  /** Why it was not told, or by which policy it was. */
  readonly by: string;
}
