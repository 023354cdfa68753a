import { Cease, ErrorCode, type Notification, OpenError, StateError } from "../wire/notification.ts";

/** States of one connection (RFC 4271 §8.2.2). */
export type State = "idle" | "connect" | "active" | "openSent" | "openConfirm" | "established";

/** Timers of RFC 4271 §8.1.3 and §10, IdleHoldTime of §8.1.1, and the SendHoldTimer of RFC 9687 §4.1. */
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

/** RFC 4271 §8.1.2-§8.1.5; the numbers of events stand in the table of `docs/rfc-coverage/session.md`. */
export type Event =
  | { readonly kind: "manualStart" | "automaticStart" }
  /** `notification` undefined: close without a word, so that neighbours keep our routes (RFC 4724 §4.2). */
  | { readonly kind: "manualStop"; readonly notification: Notification | undefined; readonly reason: string }
  | { readonly kind: "automaticStop"; readonly notification: Notification }
  | { readonly kind: `${TimerName}Expired` }
  | { readonly kind: "tcpConnected" | "tcpAccepted" }
  | { readonly kind: "tcpFailed"; readonly reason: string }
  | { readonly kind: "openReceived"; readonly holdMs: number; readonly keepaliveMs: number }
  /** A message that breaks the protocol: events 21, 22 and 28. */
  | { readonly kind: "headerError" | "openError" | "updateError"; readonly notification: Notification }
  | { readonly kind: "collisionDump" }
  | { readonly kind: "notificationReceived"; readonly notification: Notification }
  | { readonly kind: "keepaliveReceived" | "updateReceived" | "refreshReceived" };

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

/** RFC 4271 §8.2.2: the large value of the hold timer while waiting for an OPEN. */
export const OPEN_HOLD_MS = 240_000;
/** Least SendHoldTime (RFC 9687 §6). */
export const SEND_HOLD_MS = 480_000;
/** After a call that was refused; doubles up to ConnectRetryTime. */
export const FIRST_REDIAL_MS = 250;
/** Enough for any ConnectRetryTime. */
const REDIAL_DOUBLINGS = 20;
/** How long a speaker that should be called waits before it calls itself, unless ConnectRetryTime is shorter. */
export const YIELD_MS = 1_000;
/** IdleHoldTime doubles this often (64 times the first). */
const IDLE_HOLD_DOUBLINGS = 6;

const timerNames: readonly TimerName[] = ["connectRetry", "hold", "keepalive", "idleHold", "sendHold"];

/** A session that was never started. */
export function idleSession(attributes: SessionAttributes): Session {
  return { state: "idle", attributes, connectRetryCounter: 0, failedDials: 0, yields: false, ...noTimes };
}

/** A second connection of a neighbour whose first one is busy (RFC 4271 §6.8): it waits for nothing but its own OPEN. */
export function parallelSession(attributes: SessionAttributes): Session {
  return { ...idleSession({ ...attributes, dial: "never" }), state: "active" };
}

/** RFC 4271 §8.2.2. Pure: equal arguments give equal steps. */
export function step(session: Session, event: Event): Step {
  return states[session.state](session, event);
}

const states: Readonly<Record<State, (session: Session, event: Event) => Step>> = {
  idle,
  connect,
  active,
  openSent,
  openConfirm,
  established,
};

/** RFC 4271 §8.2.2, Idle: no resources are held; the driver turns callers away. */
function idle(session: Session, event: Event): Step {
  switch (event.kind) {
    case "manualStart":
    case "automaticStart":
      return start({ ...session, connectRetryCounter: 0, failedDials: 0, yields: false });
    case "idleHoldExpired":
      return start(session);
    case "manualStop":
    case "automaticStop":
      return { next: { ...session, connectRetryCounter: 0 }, effects: [{ kind: "disarm", timer: "idleHold" }] };
    default:
      return stay(session);
  }
}

/** RFC 4271 §8.2.2, Connect: a call of ours is on its way. */
function connect(session: Session, event: Event): Step {
  switch (event.kind) {
    case "manualStart":
    case "automaticStart":
      return stay(session);
    case "manualStop":
      return stop(session, closed(event.reason));
    case "connectRetryExpired":
      return { next: session, effects: [closing(closed("no answer")), ...dialling(session)] };
    case "tcpConnected":
    case "tcpAccepted":
      return talk(session);
    case "tcpFailed":
      return listen(session, lost(event.reason));
    default:
      return abandon(session, event);
  }
}

/** RFC 4271 §8.2.2, Active: waiting for the neighbour's call, or for the time of our next one. */
function active(session: Session, event: Event): Step {
  switch (event.kind) {
    case "manualStart":
    case "automaticStart":
      return stay(session);
    case "manualStop":
      return stop(session, closed(event.reason));
    case "connectRetryExpired":
      return { next: { ...session, state: "connect" }, effects: dialling(session) };
    case "tcpConnected":
    case "tcpAccepted":
      return talk(session);
    case "tcpFailed":
      return fail(session, lost(event.reason));
    default:
      return abandon(session, event);
  }
}

/** RFC 4271 §8.2.2, OpenSent. */
function openSent(session: Session, event: Event): Step {
  switch (event.kind) {
    case "manualStart":
    case "automaticStart":
    case "tcpConnected": // a second connection has a session of its own until §6.8 decides
    case "tcpAccepted":
      return stay(session);
    case "tcpFailed":
      return listen(session, lost(event.reason));
    case "openReceived":
      return confirm(session, event.holdMs, event.keepaliveMs);
    case "notificationReceived":
      if (turnsAway(event.notification)) return listen(session, received(event.notification));
      return leave(session, event, StateError.unexpectedInOpenSent);
    default:
      return leave(session, event, StateError.unexpectedInOpenSent);
  }
}

/** RFC 4271 §8.2.2, OpenConfirm: both OPENs are good, the neighbour's KEEPALIVE is missing. */
function openConfirm(session: Session, event: Event): Step {
  switch (event.kind) {
    case "manualStart":
    case "automaticStart":
    case "tcpConnected":
    case "tcpAccepted":
      return stay(session);
    case "keepaliveExpired":
      return { next: session, effects: [{ kind: "send", message: "keepalive" }, ...keepalives(session)] };
    case "keepaliveReceived":
      return establish(session);
    case "notificationReceived":
      if (turnsAway(event.notification)) return listen(session, received(event.notification));
      return leave(session, event, StateError.unexpectedInOpenConfirm);
    default:
      return leave(session, event, StateError.unexpectedInOpenConfirm);
  }
}

/** RFC 4271 §8.2.2, Established. */
function established(session: Session, event: Event): Step {
  switch (event.kind) {
    case "manualStart":
    case "automaticStart":
    case "tcpConnected":
    case "tcpAccepted":
      return stay(session);
    case "keepaliveExpired":
      return { next: session, effects: [{ kind: "send", message: "keepalive" }, ...keepalives(session)] };
    case "keepaliveReceived": // it lived for a keepalive interval: what went wrong before is forgotten
      return { next: { ...session, connectRetryCounter: 0 }, effects: hold(session) };
    case "updateReceived":
    case "refreshReceived":
      return { next: session, effects: hold(session) };
    default:
      return leave(session, event, StateError.unexpectedInEstablished);
  }
}

const noTimes = { holdMs: 0, keepaliveMs: 0 } as const;

const stay = (session: Session): Step => ({ next: session, effects: [] });

const lost = (reason: string): Ending => ({ kind: "lost", reason });
const closed = (reason: string): Ending => ({ kind: "closed", reason });
const sent = (notification: Notification): Ending => ({ kind: "sent", notification });
const received = (notification: Notification): Ending => ({ kind: "received", notification });
const closing = (ending: Ending): Effect => ({ kind: "close", ending });
const cease = (subcode: number): Notification => ({ code: ErrorCode.cease, subcode });
const arm = (timer: TimerName, ms: number): Effect => ({ kind: "arm", timer, ms });

/** From Idle: call, or wait for a call (RFC 4271 §8.2.2, events 1, 3-7 and 13). */
function start(session: Session): Step {
  const { dial, connectRetryMs } = session.attributes;
  if (dial === "now" && !session.yields) {
    return { next: { ...session, state: "connect" }, effects: dialling(session) };
  }
  const next: Session = { ...session, state: "active", yields: false };
  if (dial === "never") return stay(next);
  return { next, effects: [arm("connectRetry", session.yields ? connectRetryMs : Math.min(connectRetryMs, YIELD_MS))] };
}

const dialling = (session: Session): Effect[] => [
  arm("connectRetry", session.attributes.connectRetryMs),
  { kind: "dial" },
];

/** A connection is there: our OPEN goes out (RFC 4271 §8.2.2, events 16 and 17). */
function talk(session: Session): Step {
  return {
    next: { ...session, state: "openSent" },
    effects: [{ kind: "disarm", timer: "connectRetry" }, { kind: "send", message: "open" }, arm("hold", OPEN_HOLD_MS)],
  };
}

/**
 * The connection failed before it was of use: wait for the neighbour, and call again later. RFC 4271 §8.2.2 does so
 * from OpenSent; from Connect it goes through Idle unless an OPEN is being delayed, which would turn the neighbour's
 * calls away meanwhile.
 */
function listen(session: Session, ending: Ending): Step {
  const { connectRetryMs, dial } = session.attributes;
  const { failedDials } = session;
  const wait = Math.min(connectRetryMs, FIRST_REDIAL_MS * 2 ** failedDials);
  const retry: Effect = dial === "never" ? { kind: "disarm", timer: "connectRetry" } : arm("connectRetry", wait);
  return {
    next: { ...session, state: "active", failedDials: Math.min(failedDials + 1, REDIAL_DOUBLINGS), ...noTimes },
    effects: [closing(ending), { kind: "disarm", timer: "hold" }, { kind: "disarm", timer: "keepalive" }, retry],
  };
}

/** A valid OPEN came (RFC 4271 §8.2.2, event 19). */
function confirm(session: Session, holdMs: number, keepaliveMs: number): Step {
  const next: Session = { ...session, state: "openConfirm", failedDials: 0, holdMs, keepaliveMs };
  const effects: Effect[] = [{ kind: "send", message: "keepalive" }, ...keepalives(next)];
  return { next, effects: [...effects, ...(holdMs === 0 ? [{ kind: "disarm", timer: "hold" } as const] : hold(next))] };
}

function establish(session: Session): Step {
  // RFC 9687 §4.3: no SendHoldTimer where the hold time is 0
  const sendHold = session.holdMs === 0 ? [] : [arm("sendHold", Math.max(SEND_HOLD_MS, 2 * session.holdMs))];
  const next: Session = { ...session, state: "established" };
  return { next, effects: [...hold(session), ...sendHold, { kind: "up" }] };
}

const hold = (session: Session): Effect[] => (session.holdMs === 0 ? [] : [arm("hold", session.holdMs)]);

const keepalives = (session: Session): Effect[] =>
  session.holdMs === 0 || session.keepaliveMs === 0 ? [] : [arm("keepalive", session.keepaliveMs)];

/** What Connect and Active do with everything they do not expect: there is nobody to tell. */
function abandon(session: Session, event: Event): Step {
  switch (event.kind) {
    case "automaticStop":
      return fail(session, closed("reset"));
    case "notificationReceived":
      return fail(session, received(event.notification), isVersionError(event.notification));
    default:
      return fail(session, closed(`unexpected: ${event.kind}`));
  }
}

/** Ways out that OpenSent, OpenConfirm and Established share; what is left is an error of the neighbour's state machine. */
function leave(session: Session, event: Event, subcode: number): Step {
  switch (event.kind) {
    case "manualStop":
      return stop(session, event.notification ? sent(event.notification) : closed(event.reason));
    case "automaticStop":
      return fail(session, sent(event.notification));
    case "holdExpired":
      return fail(session, sent({ code: ErrorCode.holdTimerExpired, subcode: 0 })); // RFC 4271 §6.5
    case "sendHoldExpired":
      return fail(session, sent({ code: ErrorCode.sendHoldTimerExpired, subcode: 0 })); // RFC 9687 §4.3
    case "tcpFailed":
      return fail(session, lost(event.reason));
    case "headerError":
    case "openError":
    case "updateError":
      return fail(session, sent(event.notification));
    case "collisionDump":
      return fail(session, sent(cease(Cease.connectionCollision)));
    case "notificationReceived":
      return fail(session, received(event.notification), isVersionError(event.notification));
    default:
      return fail(session, sent({ code: ErrorCode.stateMachine, subcode, data: messageTypeOf(event) }));
  }
}

/** RFC 6608 §4: the data is the type of the message that was not expected. */
function messageTypeOf(event: Event): number[] {
  const types: Partial<Record<Event["kind"], number>> = {
    openReceived: 1,
    updateReceived: 2,
    keepaliveReceived: 4,
    refreshReceived: 5,
  };
  const type = types[event.kind];
  return type === undefined ? [] : [type];
}

/** Event 24 (RFC 4271 §8.1.5): not counted as a failure. */
const isVersionError = ({ code, subcode }: Notification): boolean =>
  code === ErrorCode.open && subcode === OpenError.unsupportedVersion;

/**
 * The neighbour has no use for this connection now, which is nobody's error. RFC 4271 §8.2.2 goes to Idle; two that
 * turned each other away from there, each time for longer, might never meet again.
 */
const turnsAway = ({ code, subcode }: Notification): boolean =>
  code === ErrorCode.cease && (subcode === Cease.connectionRejected || subcode === Cease.connectionCollision);

/** By the operator's hand: Idle until started again (RFC 4271 §8.2.2, event 2). */
function stop(session: Session, ending: Ending): Step {
  return idleAgain({ ...session, connectRetryCounter: 0, yields: false }, ending);
}

/** Idle, and back after the IdleHoldTime (RFC 4271 §8.1.1, DampPeerOscillations). */
function fail(session: Session, ending: Ending, uncounted = false): Step {
  const connectRetryCounter = session.connectRetryCounter + (uncounted ? 0 : 1);
  const yields = ending.kind === "received" && ending.notification.code === ErrorCode.cease;
  const { next, effects } = idleAgain({ ...session, connectRetryCounter, yields }, ending);
  const waitMs = idleHoldMs(next, ending);
  if (waitMs > 0) return { next, effects: [...effects, arm("idleHold", waitMs)] };
  const again = start(next);
  return { next: again.next, effects: [...effects, ...again.effects] };
}

/**
 * The first failure that is nobody's error costs no time: the neighbour went away, and may be back at once. Everything
 * else waits, twice as long each time.
 */
function idleHoldMs(session: Session, ending: Ending): number {
  const innocent = ending.kind === "lost" || session.yields;
  if (innocent && session.connectRetryCounter <= 1) return 0;
  const doublings = Math.max(0, session.connectRetryCounter - (innocent ? 2 : 1));
  return session.attributes.idleHoldMs * 2 ** Math.min(doublings, IDLE_HOLD_DOUBLINGS);
}

function idleAgain(session: Session, ending: Ending): Step {
  const effects: Effect[] = timerNames.map((timer) => ({ kind: "disarm", timer }));
  if (session.state === "established") effects.push({ kind: "down", ending });
  effects.push(closing(ending));
  return { next: { ...session, state: "idle", ...noTimes }, effects };
}
