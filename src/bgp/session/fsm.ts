import { Cease, ErrorCode, StateError } from "../wire/notification.ts";
import { type Event, NO_ANSWER, type OneOf, type Session, type State, type Step } from "./session.ts";
import {
  cease,
  closed,
  closing,
  confirm,
  dialling,
  establish,
  fail,
  hold,
  keepAlive,
  listen,
  lost,
  received,
  sent,
  start,
  stay,
  stop,
  talk,
  turnsAway,
} from "./transitions.ts";

/** One connection's state machine (RFC 4271 §8.2.2). Pure: equal arguments give equal steps. */
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
    case "connectRetryExpired":
    case "holdExpired":
    case "keepaliveExpired":
    case "sendHoldExpired":
    case "tcpConnected":
    case "tcpAccepted":
    case "tcpFailed":
    case "openReceived":
    case "headerError":
    case "openError":
    case "updateError":
    case "collisionDump":
    case "notificationReceived":
    case "keepaliveReceived":
    case "updateReceived":
    case "refreshReceived":
      return stay(session);
  }
}

/** RFC 4271 §8.2.2, Connect: a call of ours is on its way. */
function connect(session: Session, event: Event): Step {
  if (event.kind === "connectRetryExpired") {
    return { next: session, effects: [closing(closed(NO_ANSWER)), ...dialling(session)] };
  }
  if (event.kind === "tcpFailed") return listen(session, lost(event.reason));
  return waiting(session, event);
}

/** RFC 4271 §8.2.2, Active: waiting for the neighbour's call, or for the time of our next one. */
function active(session: Session, event: Event): Step {
  if (event.kind === "connectRetryExpired") {
    return { next: { ...session, state: "connect" }, effects: dialling(session) };
  }
  if (event.kind === "tcpFailed") return fail(session, lost(event.reason));
  return waiting(session, event);
}

/** RFC 4271 §8.2.2, OpenSent. */
function openSent(session: Session, event: Event): Step {
  if (event.kind === "openReceived") return confirm(session, event.holdMs, event.keepaliveMs);
  if (event.kind === "tcpFailed") return listen(session, lost(event.reason));
  if (event.kind === "notificationReceived" && turnsAway(event.notification)) {
    return listen(session, received(event.notification));
  }
  return talking(session, event, StateError.unexpectedInOpenSent);
}

/** RFC 4271 §8.2.2, OpenConfirm: both OPENs are good, the neighbour's KEEPALIVE is missing. */
function openConfirm(session: Session, event: Event): Step {
  if (event.kind === "keepaliveReceived") return establish(session);
  if (event.kind === "keepaliveExpired") return keepAlive(session);
  if (event.kind === "notificationReceived" && turnsAway(event.notification)) {
    return listen(session, received(event.notification));
  }
  return talking(session, event, StateError.unexpectedInOpenConfirm);
}

/** RFC 4271 §8.2.2, Established. */
function established(session: Session, event: Event): Step {
  if (event.kind === "keepaliveExpired") return keepAlive(session);
  if (event.kind === "keepaliveReceived") {
    // it lived for a keepalive interval: what went wrong before is forgotten
    return { next: { ...session, connectRetryCounter: 0 }, effects: hold(session) };
  }
  if (event.kind === "updateReceived" || event.kind === "refreshReceived") {
    return { next: session, effects: hold(session) };
  }
  return talking(session, event, StateError.unexpectedInEstablished);
}

/** What Connect and Active have in common. What they do not expect ends the attempt: there is nobody to tell. */
function waiting(session: Session, event: Exclude<Event, OneOf<"connectRetryExpired" | "tcpFailed">>): Step {
  switch (event.kind) {
    case "manualStart":
    case "automaticStart":
      return stay(session);
    case "manualStop":
      return stop(session, closed(event.reason));
    case "automaticStop":
      return fail(session, closed("reset"));
    case "tcpConnected":
    case "tcpAccepted":
      return talk(session);
    case "notificationReceived":
      return fail(session, received(event.notification));
    case "holdExpired":
    case "keepaliveExpired":
    case "idleHoldExpired":
    case "sendHoldExpired":
    case "openReceived":
    case "headerError":
    case "openError":
    case "updateError":
    case "collisionDump":
    case "keepaliveReceived":
    case "updateReceived":
    case "refreshReceived":
      return fail(session, closed(`unexpected: ${event.kind}`));
  }
}

/** What OpenSent, OpenConfirm and Established have in common. @param subcode of the error in the neighbour's machine */
function talking(session: Session, event: Event, subcode: number): Step {
  switch (event.kind) {
    case "manualStart":
    case "automaticStart":
    case "tcpConnected": // a second connection has a session of its own until §6.8 decides
    case "tcpAccepted":
      return stay(session);
    case "manualStop":
      return stop(session, event.notification ? sent(event.notification) : closed(event.reason));
    case "automaticStop":
    case "headerError":
    case "openError":
    case "updateError":
      return fail(session, sent(event.notification));
    case "holdExpired":
      return fail(session, sent({ code: ErrorCode.holdTimerExpired, subcode: 0 })); // RFC 4271 §6.5
    case "sendHoldExpired":
      return fail(session, sent({ code: ErrorCode.sendHoldTimerExpired, subcode: 0 })); // RFC 9687 §4.3
    case "tcpFailed":
      return fail(session, lost(event.reason));
    case "collisionDump":
      return fail(session, sent(cease(Cease.connectionCollision)));
    case "notificationReceived":
      return fail(session, received(event.notification));
    case "connectRetryExpired":
    case "keepaliveExpired":
    case "idleHoldExpired":
    case "openReceived":
    case "keepaliveReceived":
    case "updateReceived":
    case "refreshReceived":
      return fail(session, sent({ code: ErrorCode.stateMachine, subcode, data: unexpected[event.kind] ?? [] }));
  }
}

/** RFC 6608 §4: the data is the type of the message that was not expected. */
const unexpected: Readonly<Partial<Record<Event["kind"], readonly number[]>>> = {
  openReceived: [1],
  updateReceived: [2],
  keepaliveReceived: [4],
  refreshReceived: [5],
};
