import type { Family } from "#route/family.ts";

/** What is written about the node needs to see of the daemon; `daemon/` passes it in. A snapshot, taken when asked for. */
export interface ObservedNode {
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly asNumber: number;
  /** As people write it: `192.0.2.1`. */
  readonly routerId: string;
  readonly sessions: readonly ObservedSession[];
  readonly tables: Readonly<Record<Family, ObservedTable>>;
  /** No neighbour is awaited, and what was learned is in the kernel; or an earlier run left its routes there. */
  readonly routesReady: boolean;
  /** What is wrong now: invalid objects, conflicts, routes that cannot be installed. Not all of it where it is much. */
  readonly troubles: readonly ObservedTrouble[];
  /** Its routes are withdrawn: it is out of service. */
  readonly drained: boolean;
  readonly shuttingDown: boolean;
}

export interface ObservedTrouble {
  /** The object that it is about, `BGPPeer/tor`; undefined: this node. */
  readonly object: string | undefined;
  /** One word, for programs. */
  readonly reason: "InvalidObject" | "Conflict" | "RouteRefused" | "ForeignRoute";
  /** A sentence, for people. */
  readonly note: string;
}

export interface ObservedSession {
  readonly name: string;
  /** As `PeerConfig.origin`. */
  readonly origin: "mesh" | "node" | "global";
  /** As `PeerConfig.source`: `BGPPeer/tor`. */
  readonly source: string;
  readonly address: string;
  readonly remoteAs: number | undefined;
  readonly state: "Idle" | "Connect" | "Active" | "OpenSent" | "OpenConfirm" | "Established";
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly flaps: number;
  readonly lastError: { readonly text: string; readonly ms: number } | undefined;
  /** Why it was lost last; attempts to bring it back may have failed for other reasons since. */
  readonly lostBy: string | undefined;
  readonly families: Readonly<Partial<Record<Family, ObservedRoutes>>>;
}

export interface ObservedRoutes {
  readonly received: number;
  readonly accepted: number;
  readonly advertised: number;
}

export interface ObservedTable {
  /** Prefixes with a best path. */
  readonly selected: number;
  readonly installed: number;
  readonly failed: number;
}
