import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { RouteSink } from "./wire/route-sink.ts";

/** What the speaker needs from the others; `daemon/` passes it in. */

/** What two speakers agreed on in their OPENs (RFC 5492), as seen from here. */
export interface EstablishedSession {
  /** `PeerConfig.name`. */
  readonly peer: string;
  readonly external: boolean;
  readonly localAs: number;
  readonly remoteAs: number;
  readonly remoteRouterId: number;
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  /** Interface name of the session where it is known: link-local addresses, and neighbours on link. */
  readonly interface: string | undefined;
  readonly families: readonly Family[];
  /** AS numbers of 4 octets on this session (RFC 6793). */
  readonly fourOctetAs: boolean;
  readonly routeRefresh: boolean;
  readonly enhancedRefresh: boolean;
  /** Longest message the neighbour takes: 4,096, or 65,535 (RFC 8654). */
  readonly maxMessageOctets: number;
  /** Families in which it takes IPv4 routes with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** The neighbour sent R: it does not wait for our End-of-RIB before it has ours (RFC 4724 §4). undefined: no such capability. */
  readonly gracefulRestart:
    | {
        readonly restarting: boolean;
        readonly restartMs: number;
        readonly kept: readonly Family[];
        readonly notification: boolean;
      }
    | undefined;
  /** Number for `RouteSink.find`: equal for sessions that understand octets alike. */
  readonly context: number;
  /** Queues whole messages (see `SessionOut` of the RIB). */
  send(bytes: Uint8Array, start: number, end: number, written: () => void): void;
}

/** The RIB's side of the sessions. */
export interface RoutingSide {
  /** The session is up: routes of families not in `gracefulRestart.kept` are gone, kept ones are stale until sent again. */
  up(session: EstablishedSession): RouteSink;
  /** The session is down: routes of `retained` stay, as stale ones; all others go. */
  down(peer: string, retained: readonly Family[]): void;
  /** What is still stale goes: after End-of-RIB, or when its time is over. */
  sweep(peer: string, family: Family): void;
  /** All routes of `family` become stale: the neighbour begins to send them again (RFC 7313 §4). */
  markStale(peer: string, family: Family): void;
  /** The neighbour wants everything again (RFC 2918), between BoRR and EoRR where `enhanced` (RFC 7313). */
  refresh(peer: string, family: Family, enhanced: boolean): void;
}
