import type { Family } from "#route/family.ts";

/** What metrics and probes need to see of the daemon; `daemon/` passes it in. A snapshot, taken when it is asked for. */
export interface ObservedDaemon {
  readonly version: string;
  readonly startedMs: number;
  readonly peers: readonly ObservedPeer[];
  readonly tables: Readonly<Record<Family, { readonly prefixes: number; readonly paths: number }>>;
  readonly forwarding: {
    /** Routes the kernel shall hold. */
    readonly wanted: number;
    /** Changes on their way to the kernel. */
    readonly pending: number;
    /** Routes the kernel refused. */
    readonly failed: number;
  };
  /** Waiting for neighbours after our own start (RFC 4724 §4.1). */
  readonly recovering: boolean;
  /** Routes of other nodes that are not installed, since their addresses belong to a third one; 1000 are counted a family. */
  readonly foreignRoutes: number;
  /** Objects whose last text is invalid: an older state of them is in force. */
  readonly invalidObjects: number;
  /** Out of service, or on the way there. */
  readonly draining: boolean;
  readonly shuttingDown: boolean;
}

export interface ObservedPeer {
  readonly name: string;
  readonly address: string;
  readonly state: string;
  /** Since when it is in this state, milliseconds since 1970. */
  readonly sinceMs: number;
  readonly flaps: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly families: readonly {
    readonly family: Family;
    readonly accepted: number;
    readonly filtered: number;
    readonly best: number;
    readonly advertised: number;
  }[];
}
