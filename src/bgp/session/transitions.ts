import { Cease, ErrorCode, type Notification, OpenError } from "../wire/notification.ts";
import type { Effect, Ending, Session, Step, TimerName } from "./session.ts";

/** What the states of `fsm.ts` have in common: the ways from one to another. */

/** RFC 4271 §8.2.2: the large value of the hold timer while waiting for an OPEN. */
const OPEN_HOLD_MS = 240_000;
/** Least SendHoldTime (RFC 9687 §6). */
const SEND_HOLD_MS = 480_000;
/** After a call that was refused; doubles up to ConnectRetryTime. */
const FIRST_REDIAL_MS = 250;
/** Enough for any ConnectRetryTime. */
const REDIAL_DOUBLINGS = 20;
/** How long a speaker that should be called waits before it calls itself, unless ConnectRetryTime is shorter. */
const YIELD_MS = 1_000;
/** IdleHoldTime doubles this often (64 times the first). */
const IDLE_HOLD_DOUBLINGS = 6;

const timerNames: readonly TimerName[] = ["connectRetry", "hold", "keepalive", "idleHold", "sendHold"];

const noTimes = { holdMs: 0, keepaliveMs: 0 } as const;

export const stay = (session: Session): Step => ({ next: session, effects: [] });

export const lost = (reason: string): Ending => ({ kind: "lost", reason });
export const closed = (reason: string): Ending => ({ kind: "closed", reason });
export const sent = (notification: Notification): Ending => ({ kind: "sent", notification });
export const received = (notification: Notification): Ending => ({ kind: "received", notification });
export const closing = (ending: Ending): Effect => ({ kind: "close", ending });
export const cease = (subcode: number): Notification => ({ code: ErrorCode.cease, subcode });
const arm = (timer: TimerName, ms: number): Effect => ({ kind: "arm", timer, ms });

/** From Idle: call, or wait for a call (RFC 4271 §8.2.2, events 1, 3-7 and 13). */
export function start(session: Session): Step {
  const { dial, connectRetryMs } = session.attributes;
  if (dial === "now" && !session.yields) {
    return { next: { ...session, state: "connect" }, effects: dialling(session) };
  }
  const next: Session = { ...session, state: "active", yields: false };
  if (dial === "never") return stay(next);
  return { next, effects: [arm("connectRetry", session.yields ? connectRetryMs : Math.min(connectRetryMs, YIELD_MS))] };
}

export const dialling = (session: Session): Effect[] => [
  arm("connectRetry", session.attributes.connectRetryMs),
  { kind: "dial" },
];

/** A connection is there: our OPEN goes out (RFC 4271 §8.2.2, events 16 and 17). */
export function talk(session: Session): Step {
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
export function listen(session: Session, ending: Ending): Step {
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
export function confirm(session: Session, holdMs: number, keepaliveMs: number): Step {
  const next: Session = { ...session, state: "openConfirm", failedDials: 0, holdMs, keepaliveMs };
  const effects: Effect[] = [{ kind: "send", message: "keepalive" }, ...keepalives(next)];
  return { next, effects: [...effects, ...(holdMs === 0 ? [{ kind: "disarm", timer: "hold" } as const] : hold(next))] };
}

/** The neighbour confirmed our OPEN (RFC 4271 §8.2.2, event 26). */
export function establish(session: Session): Step {
  // RFC 9687 §4.3: no SendHoldTimer where the hold time is 0
  const sendHold = session.holdMs === 0 ? [] : [arm("sendHold", Math.max(SEND_HOLD_MS, 2 * session.holdMs))];
  const next: Session = { ...session, state: "established" };
  return { next, effects: [...hold(session), ...sendHold, { kind: "up" }] };
}

export const hold = (session: Session): Effect[] => (session.holdMs === 0 ? [] : [arm("hold", session.holdMs)]);

const keepalives = (session: Session): Effect[] =>
  session.holdMs === 0 || session.keepaliveMs === 0 ? [] : [arm("keepalive", session.keepaliveMs)];

/** It is time for a KEEPALIVE (RFC 4271 §8.2.2, event 11). */
export const keepAlive = (session: Session): Step => ({
  next: session,
  effects: [{ kind: "send", message: "keepalive" }, ...keepalives(session)],
});

/** Event 24 (RFC 4271 §8.1.5): not counted as a failure. */
const isVersionError = ({ code, subcode }: Notification): boolean =>
  code === ErrorCode.open && subcode === OpenError.unsupportedVersion;

/**
 * The neighbour has no use for this connection now, which is nobody's error. RFC 4271 §8.2.2 goes to Idle; two that
 * turned each other away from there, each time for longer, might never meet again.
 */
export const turnsAway = ({ code, subcode }: Notification): boolean =>
  code === ErrorCode.cease && (subcode === Cease.connectionRejected || subcode === Cease.connectionCollision);

/** By the operator's hand: Idle until started again (RFC 4271 §8.2.2, event 2). */
export function stop(session: Session, ending: Ending): Step {
  return idleAgain({ ...session, connectRetryCounter: 0, yields: false }, ending);
}

/** Idle, and back after the IdleHoldTime (RFC 4271 §8.1.1, DampPeerOscillations). */
export function fail(session: Session, ending: Ending): Step {
  const told = ending.kind === "received" ? ending.notification : undefined;
  const connectRetryCounter = session.connectRetryCounter + (told !== undefined && isVersionError(told) ? 0 : 1);
  const yields = told?.code === ErrorCode.cease;
  const { next, effects } = idleAgain({ ...session, connectRetryCounter, yields }, ending);
  if (ending.kind === "lost" && connectRetryCounter > 1) return awaitReturn(next, effects);
  const waitMs = idleHoldMs(next, ending);
  if (waitMs > 0) return { next, effects: [...effects, arm("idleHold", waitMs)] };
  const again = start(next);
  return { next: again.next, effects: [...effects, ...again.effects] };
}

/**
 * A neighbour that was lost again and again crashes, or restarts: its calls are taken at any time, since turning them away
 * could outlast the time for which it keeps our routes, and we keep its own. Our calls come later each time.
 */
function awaitReturn(session: Session, effects: readonly Effect[]): Step {
  const { connectRetryMs, dial } = session.attributes;
  const next: Session = { ...session, state: "active" };
  if (dial === "never") return { next, effects };
  const doublings = Math.min(session.connectRetryCounter - 1, REDIAL_DOUBLINGS);
  return {
    next,
    effects: [...effects, arm("connectRetry", Math.min(connectRetryMs, FIRST_REDIAL_MS * 2 ** doublings))],
  };
}

/** The first failure that is nobody's error costs no time. Everything else waits, twice as long each time. */
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
