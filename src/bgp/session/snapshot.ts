import type { PeerConfig } from "#config/node-config.ts";
import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { Open } from "../wire/open.ts";
import type { Transition } from "./history.ts";
import type { Counters } from "./link-owner.ts";
import type { Negotiated } from "./negotiate.ts";
import type { Ending, State, TimerName } from "./session.ts";

/** A neighbour as status views show it. */
export interface PeerSnapshot {
  readonly config: PeerConfig;
  readonly state: State;
  /** Idle until somebody starts it again. */
  readonly stopped: boolean;
  /** When it became Established, or ceased to be; milliseconds since 1970. */
  readonly sinceMs: number;
  /** How often it ceased to be Established since the neighbour was configured. */
  readonly losses: number;
  readonly localAddress: Address | undefined;
  /** Our OPEN of the connection that is there; undefined before it is sent. */
  readonly local: Open | undefined;
  /** Its OPEN, and what came of both; undefined before OpenConfirm. */
  readonly remote: Open | undefined;
  readonly negotiated: Negotiated | undefined;
  /** What is left of the timers that run. */
  readonly remainingMs: Readonly<Partial<Record<TimerName, number>>>;
  /** How long the rest after an error is in all, while it lasts. */
  readonly idleHoldMs: number | undefined;
  /** The neighbour is away, and its routes are kept (RFC 4724 §4.2). */
  readonly away: boolean;
  /** How long they are kept yet. */
  readonly restartMs: number | undefined;
  /** Families with routes that the neighbour has yet to confirm. */
  readonly stale: readonly Family[];
  /** Families of which End-of-RIB came in this session. */
  readonly complete: readonly Family[];
  /** Octets that wait for the neighbour to take them. */
  readonly unsentOctets: number;
  readonly counters: Readonly<Counters>;
  /** Why the last session, or the last attempt at one, ended. */
  readonly lastEnding: Ending | undefined;
  readonly history: readonly Transition[];
}
