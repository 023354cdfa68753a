import type { Notification } from "../wire/notification.ts";

/** States of one connection (RFC 4271 §8.2.2). */
export type State = "idle" | "connect" | "active" | "openSent" | "openConfirm" | "established";

/** Timers of RFC 4271 §8.1.3 and §10, IdleHoldTime of §8.1.1, and the SendHoldTimer of RFC 9687 §4. */
export type TimerName = "connectRetry" | "hold" | "keepalive" | "idleHold" | "sendHold";

/** Session attributes (RFC 4271 §8.1.1), fixed for the life of one `Session`. */
export interface SessionAttributes {
  readonly connectRetryMs: number;
  /** First IdleHoldTime; doubles with each error after it (DampPeerOscillations). */
  readonly idleHoldMs: number;
  /**
   * `now`: dial at the start. `later`: the neighbour should dial; we do where it did not in time
   * (PassiveTcpEstablishment). `never`: only the neighbour dials.
   */
  readonly dial: "now" | "later" | "never";
}

export interface Session {
  readonly state: State;
  readonly attributes: SessionAttributes;
  /** Failures since the last start by hand, or since the session lived for a keepalive interval (RFC 4271 §8.1.1). */
  readonly connectRetryCounter: number;
  /** Calls in a row that no OPEN answered: the wait before the next one grows with them. */
  readonly failedDials: number;
  /** The neighbour asked us to go: let it come back first. */
  readonly yields: boolean;
  /** Agreed in the OPENs, 0: neither keepalives nor a hold timer (RFC 4271 §4.2). */
  readonly holdMs: number;
  readonly keepaliveMs: number;
}

/** How a connection came to its end. */
export type Ending =
  | { readonly kind: "sent" | "received"; readonly notification: Notification }
  /** TCP ended it. `reason` as the system says it. */
  | { readonly kind: "lost"; readonly reason: string }
  /** We closed it without a word: for a restart, or because another connection took its place. */
  | { readonly kind: "closed"; readonly reason: string };

/** A call was given up: nobody took or refused it. */
export const NO_ANSWER = "no answer";

/** A member of a union for each name. */
export type OneOf<Kind extends string, Fields = unknown> = Kind extends string
  ? { readonly kind: Kind } & Readonly<Fields>
  : never;

/** RFC 4271 §8.1.2-§8.1.5; the numbers of events stand in the table of `docs/rfc-coverage/session.md`. */
export type Event =
  | OneOf<"manualStart" | "automaticStart">
  /** `notification` undefined: close without a word, so that neighbours keep our routes (RFC 4724 §4.2). */
  | OneOf<"manualStop", { notification: Notification | undefined; reason: string }>
  | OneOf<"automaticStop", { notification: Notification }>
  | OneOf<`${TimerName}Expired`>
  | OneOf<"tcpConnected" | "tcpAccepted">
  | OneOf<"tcpFailed", { reason: string }>
  | OneOf<"openReceived", { holdMs: number; keepaliveMs: number }>
  /** A message that breaks the protocol: events 21, 22 and 28. */
  | OneOf<"headerError" | "openError" | "updateError", { notification: Notification }>
  | OneOf<"collisionDump">
  | OneOf<"notificationReceived", { notification: Notification }>
  | OneOf<"keepaliveReceived" | "updateReceived" | "refreshReceived">;

export type Effect =
  /** (Re)starts a timer; the driver adds the jitter of RFC 4271 §10. */
  | { readonly kind: "arm"; readonly timer: TimerName; readonly ms: number }
  | { readonly kind: "disarm"; readonly timer: TimerName }
  | { readonly kind: "dial" }
  | { readonly kind: "send"; readonly message: "open" | "keepalive" }
  /** The session is Established: routes may flow. */
  | { readonly kind: "up" }
  /** The session is Established no more. */
  | { readonly kind: "down"; readonly ending: Ending }
  /** Ends the connection, or the call in progress, and with `sent` says why. */
  | { readonly kind: "close"; readonly ending: Ending };

export interface Step {
  readonly next: Session;
  readonly effects: readonly Effect[];
}

/** A session that was never started. */
export function idleSession(attributes: SessionAttributes): Session {
  const counters = { connectRetryCounter: 0, failedDials: 0 };
  return { state: "idle", attributes, ...counters, yields: false, holdMs: 0, keepaliveMs: 0 };
}

/** A second connection of a neighbour whose first one is busy (RFC 4271 §6.8): it waits for nothing but its own OPEN. */
export function parallelSession(attributes: SessionAttributes): Session {
  return { ...idleSession({ ...attributes, dial: "never" }), state: "active" };
}
