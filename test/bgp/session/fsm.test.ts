import { expect, test } from "vitest";
import { step } from "#bgp/session/fsm.ts";
import {
  type Effect,
  type Ending,
  type Event,
  idleSession,
  parallelSession,
  type Session,
  type SessionAttributes,
  type State,
} from "#bgp/session/session.ts";

const attributes: SessionAttributes = { connectRetryMs: 5_000, idleHoldMs: 2_000, dial: "now" };
const notification = (code: number, subcode: number) => ({ code, subcode });

/** Every event, by the name that the table below gives it. */
const events: Readonly<Record<string, Event>> = {
  manualStart: { kind: "manualStart" },
  automaticStart: { kind: "automaticStart" },
  "manualStop 6/2": { kind: "manualStop", notification: notification(6, 2), reason: "stopped" },
  "manualStop silent": { kind: "manualStop", notification: undefined, reason: "stopped" },
  "automaticStop 6/1": { kind: "automaticStop", notification: notification(6, 1) },
  connectRetryExpired: { kind: "connectRetryExpired" },
  holdExpired: { kind: "holdExpired" },
  keepaliveExpired: { kind: "keepaliveExpired" },
  idleHoldExpired: { kind: "idleHoldExpired" },
  sendHoldExpired: { kind: "sendHoldExpired" },
  tcpConnected: { kind: "tcpConnected" },
  tcpAccepted: { kind: "tcpAccepted" },
  tcpFailed: { kind: "tcpFailed", reason: "reset" },
  openReceived: { kind: "openReceived", holdMs: 90_000, keepaliveMs: 30_000 },
  "headerError 1/2": { kind: "headerError", notification: notification(1, 2) },
  "openError 2/2": { kind: "openError", notification: notification(2, 2) },
  "updateError 3/1": { kind: "updateError", notification: notification(3, 1) },
  collisionDump: { kind: "collisionDump" },
  "notificationReceived 6/2": { kind: "notificationReceived", notification: notification(6, 2) },
  "notificationReceived 3/1": { kind: "notificationReceived", notification: notification(3, 1) },
  "notificationReceived 2/1": { kind: "notificationReceived", notification: notification(2, 1) },
  keepaliveReceived: { kind: "keepaliveReceived" },
  updateReceived: { kind: "updateReceived" },
  refreshReceived: { kind: "refreshReceived" },
};

function named(name: string): Event {
  const event = events[name];
  if (event === undefined) throw new Error(`no event ${name}`);
  return event;
}

/**
 * RFC 4271 §8.2.2, written out: next state, then effects. `hold 90000` arms a timer, `-hold` disarms it, `quiet`
 * disarms all; `close sent 6/2` ends the connection with that NOTIFICATION; in parentheses the NOTIFICATION's data.
 */
const table: Readonly<Record<State, Readonly<Record<string, string>>>> = {
  idle: {
    manualStart: "connect: connectRetry 5000, dial",
    automaticStart: "connect: connectRetry 5000, dial",
    "manualStop 6/2": "idle: -idleHold",
    "manualStop silent": "idle: -idleHold",
    "automaticStop 6/1": "idle: -idleHold",
    connectRetryExpired: "idle",
    holdExpired: "idle",
    keepaliveExpired: "idle",
    idleHoldExpired: "connect: connectRetry 5000, dial",
    sendHoldExpired: "idle",
    tcpConnected: "idle",
    tcpAccepted: "idle",
    tcpFailed: "idle",
    openReceived: "idle",
    "headerError 1/2": "idle",
    "openError 2/2": "idle",
    "updateError 3/1": "idle",
    collisionDump: "idle",
    "notificationReceived 6/2": "idle",
    "notificationReceived 3/1": "idle",
    "notificationReceived 2/1": "idle",
    keepaliveReceived: "idle",
    updateReceived: "idle",
    refreshReceived: "idle",
  },
  connect: {
    manualStart: "connect",
    automaticStart: "connect",
    "manualStop 6/2": "idle: quiet, close closed",
    "manualStop silent": "idle: quiet, close closed",
    "automaticStop 6/1": "idle: quiet, close closed, idleHold 2000",
    connectRetryExpired: "connect: close closed, connectRetry 5000, dial",
    holdExpired: "idle: quiet, close closed, idleHold 2000",
    keepaliveExpired: "idle: quiet, close closed, idleHold 2000",
    idleHoldExpired: "idle: quiet, close closed, idleHold 2000",
    sendHoldExpired: "idle: quiet, close closed, idleHold 2000",
    tcpConnected: "openSent: -connectRetry, open, hold 240000",
    tcpAccepted: "openSent: -connectRetry, open, hold 240000",
    tcpFailed: "active: close lost, -hold, -keepalive, connectRetry 250",
    openReceived: "idle: quiet, close closed, idleHold 2000",
    "headerError 1/2": "idle: quiet, close closed, idleHold 2000",
    "openError 2/2": "idle: quiet, close closed, idleHold 2000",
    "updateError 3/1": "idle: quiet, close closed, idleHold 2000",
    collisionDump: "idle: quiet, close closed, idleHold 2000",
    "notificationReceived 6/2": "active: quiet, close received 6/2, connectRetry 5000",
    "notificationReceived 3/1": "idle: quiet, close received 3/1, idleHold 2000",
    "notificationReceived 2/1": "idle: quiet, close received 2/1, idleHold 2000",
    keepaliveReceived: "idle: quiet, close closed, idleHold 2000",
    updateReceived: "idle: quiet, close closed, idleHold 2000",
    refreshReceived: "idle: quiet, close closed, idleHold 2000",
  },
  active: {
    manualStart: "active",
    automaticStart: "active",
    "manualStop 6/2": "idle: quiet, close closed",
    "manualStop silent": "idle: quiet, close closed",
    "automaticStop 6/1": "idle: quiet, close closed, idleHold 2000",
    connectRetryExpired: "connect: connectRetry 5000, dial",
    holdExpired: "idle: quiet, close closed, idleHold 2000",
    keepaliveExpired: "idle: quiet, close closed, idleHold 2000",
    idleHoldExpired: "idle: quiet, close closed, idleHold 2000",
    sendHoldExpired: "idle: quiet, close closed, idleHold 2000",
    tcpConnected: "openSent: -connectRetry, open, hold 240000",
    tcpAccepted: "openSent: -connectRetry, open, hold 240000",
    tcpFailed: "connect: quiet, close lost, connectRetry 5000, dial",
    openReceived: "idle: quiet, close closed, idleHold 2000",
    "headerError 1/2": "idle: quiet, close closed, idleHold 2000",
    "openError 2/2": "idle: quiet, close closed, idleHold 2000",
    "updateError 3/1": "idle: quiet, close closed, idleHold 2000",
    collisionDump: "idle: quiet, close closed, idleHold 2000",
    "notificationReceived 6/2": "active: quiet, close received 6/2, connectRetry 5000",
    "notificationReceived 3/1": "idle: quiet, close received 3/1, idleHold 2000",
    "notificationReceived 2/1": "idle: quiet, close received 2/1, idleHold 2000",
    keepaliveReceived: "idle: quiet, close closed, idleHold 2000",
    updateReceived: "idle: quiet, close closed, idleHold 2000",
    refreshReceived: "idle: quiet, close closed, idleHold 2000",
  },
  openSent: {
    manualStart: "openSent",
    automaticStart: "openSent",
    "manualStop 6/2": "idle: quiet, close sent 6/2",
    "manualStop silent": "idle: quiet, close closed",
    "automaticStop 6/1": "idle: quiet, close sent 6/1, idleHold 2000",
    connectRetryExpired: "idle: quiet, close sent 5/1, idleHold 2000",
    holdExpired: "idle: quiet, close sent 4/0, idleHold 2000",
    keepaliveExpired: "idle: quiet, close sent 5/1, idleHold 2000",
    idleHoldExpired: "idle: quiet, close sent 5/1, idleHold 2000",
    sendHoldExpired: "idle: quiet, close sent 8/0, idleHold 2000",
    tcpConnected: "openSent",
    tcpAccepted: "openSent",
    tcpFailed: "active: close lost, -hold, -keepalive, connectRetry 250",
    openReceived: "openConfirm: keepalive, keepalive 30000, hold 90000",
    "headerError 1/2": "idle: quiet, close sent 1/2, idleHold 2000",
    "openError 2/2": "idle: quiet, close sent 2/2, idleHold 2000",
    "updateError 3/1": "idle: quiet, close sent 3/1, idleHold 2000",
    collisionDump: "idle: quiet, close sent 6/7, idleHold 2000",
    "notificationReceived 6/2": "active: quiet, close received 6/2, connectRetry 5000",
    "notificationReceived 3/1": "idle: quiet, close received 3/1, idleHold 2000",
    "notificationReceived 2/1": "idle: quiet, close received 2/1, idleHold 2000",
    keepaliveReceived: "idle: quiet, close sent 5/1(4), idleHold 2000",
    updateReceived: "idle: quiet, close sent 5/1(2), idleHold 2000",
    refreshReceived: "idle: quiet, close sent 5/1(5), idleHold 2000",
  },
  openConfirm: {
    manualStart: "openConfirm",
    automaticStart: "openConfirm",
    "manualStop 6/2": "idle: quiet, close sent 6/2",
    "manualStop silent": "idle: quiet, close closed",
    "automaticStop 6/1": "idle: quiet, close sent 6/1, idleHold 2000",
    connectRetryExpired: "idle: quiet, close sent 5/2, idleHold 2000",
    holdExpired: "idle: quiet, close sent 4/0, idleHold 2000",
    keepaliveExpired: "openConfirm: keepalive, keepalive 30000",
    idleHoldExpired: "idle: quiet, close sent 5/2, idleHold 2000",
    sendHoldExpired: "idle: quiet, close sent 8/0, idleHold 2000",
    tcpConnected: "openConfirm",
    tcpAccepted: "openConfirm",
    tcpFailed: "connect: quiet, close lost, connectRetry 5000, dial",
    openReceived: "idle: quiet, close sent 5/2(1), idleHold 2000",
    "headerError 1/2": "idle: quiet, close sent 1/2, idleHold 2000",
    "openError 2/2": "idle: quiet, close sent 2/2, idleHold 2000",
    "updateError 3/1": "idle: quiet, close sent 3/1, idleHold 2000",
    collisionDump: "idle: quiet, close sent 6/7, idleHold 2000",
    "notificationReceived 6/2": "active: quiet, close received 6/2, connectRetry 5000",
    "notificationReceived 3/1": "idle: quiet, close received 3/1, idleHold 2000",
    "notificationReceived 2/1": "idle: quiet, close received 2/1, idleHold 2000",
    keepaliveReceived: "established: hold 90000, sendHold 480000, up",
    updateReceived: "idle: quiet, close sent 5/2(2), idleHold 2000",
    refreshReceived: "idle: quiet, close sent 5/2(5), idleHold 2000",
  },
  established: {
    manualStart: "established",
    automaticStart: "established",
    "manualStop 6/2": "idle: quiet, down sent 6/2, close sent 6/2",
    "manualStop silent": "idle: quiet, down closed, close closed",
    "automaticStop 6/1": "idle: quiet, down sent 6/1, close sent 6/1, idleHold 2000",
    connectRetryExpired: "idle: quiet, down sent 5/3, close sent 5/3, idleHold 2000",
    holdExpired: "idle: quiet, down sent 4/0, close sent 4/0, idleHold 2000",
    keepaliveExpired: "established: keepalive, keepalive 30000",
    idleHoldExpired: "idle: quiet, down sent 5/3, close sent 5/3, idleHold 2000",
    sendHoldExpired: "idle: quiet, down sent 8/0, close sent 8/0, idleHold 2000",
    tcpConnected: "established",
    tcpAccepted: "established",
    tcpFailed: "connect: quiet, down lost, close lost, connectRetry 5000, dial",
    openReceived: "idle: quiet, down sent 5/3(1), close sent 5/3(1), idleHold 2000",
    "headerError 1/2": "idle: quiet, down sent 1/2, close sent 1/2, idleHold 2000",
    "openError 2/2": "idle: quiet, down sent 2/2, close sent 2/2, idleHold 2000",
    "updateError 3/1": "idle: quiet, down sent 3/1, close sent 3/1, idleHold 2000",
    collisionDump: "idle: quiet, down sent 6/7, close sent 6/7, idleHold 2000",
    "notificationReceived 6/2": "active: quiet, down received 6/2, close received 6/2, connectRetry 5000",
    "notificationReceived 3/1": "idle: quiet, down received 3/1, close received 3/1, idleHold 2000",
    "notificationReceived 2/1": "idle: quiet, down received 2/1, close received 2/1, idleHold 2000",
    keepaliveReceived: "established: hold 90000",
    updateReceived: "established: hold 90000",
    refreshReceived: "established: hold 90000",
  },
};

function session(state: State, changes: Partial<Session> = {}): Session {
  const agreed = state === "openConfirm" || state === "established";
  const times = { holdMs: agreed ? 90_000 : 0, keepaliveMs: agreed ? 30_000 : 0 };
  return { ...idleSession(attributes), state, ...times, ...changes };
}

function showEnding(ending: Ending): string {
  if (ending.kind === "lost" || ending.kind === "closed") return ending.kind;
  const { code, subcode, data } = ending.notification;
  const shown = Array.from(data ?? []).join(" ");
  return `${ending.kind} ${code}/${subcode}${shown === "" ? "" : `(${shown})`}`;
}

function showEffect(effect: Effect): string {
  switch (effect.kind) {
    case "arm":
      return `${effect.timer} ${effect.ms}`;
    case "disarm":
      return `-${effect.timer}`;
    case "send":
      return effect.message;
    case "down":
    case "close":
      return `${effect.kind} ${showEnding(effect.ending)}`;
    case "dial":
    case "up":
      return effect.kind;
  }
}

function show(before: Session, event: Event): string {
  const { next, effects } = step(before, event);
  const shown = effects.map(showEffect).join(", ");
  const short = shown.replace("-connectRetry, -hold, -keepalive, -idleHold, -sendHold", "quiet");
  return short === "" ? next.state : `${next.state}: ${short}`;
}

const pairs = Object.entries(table).flatMap(([state, row]) =>
  Object.keys(events).map((event) => ({ state: state as State, event, expected: row[event] })),
);

test("the table has every state and every event", () => {
  expect(pairs.length).toBe(6 * 24);
  expect(pairs.filter(({ expected }) => expected === undefined)).toEqual([]);
});

test.each(pairs)("$state, $event", ({ state, event, expected }) => {
  expect(show(session(state), named(event))).toBe(expected);
});

test("a step does not touch the session that it is given", () => {
  for (const { state, event } of pairs) {
    const before = session(state);
    const copy = structuredClone(before);
    step(before, named(event));
    expect(before).toEqual(copy);
  }
});

test("a hold time of 0 means no hold timer, no keepalives and no send hold timer", () => {
  const { next, effects } = step(session("openSent"), { kind: "openReceived", holdMs: 0, keepaliveMs: 0 });
  expect(effects.map(showEffect)).toEqual(["keepalive", "-hold"]);
  expect(show(next, { kind: "keepaliveReceived" })).toBe("established: up");
  const up = session("established", { holdMs: 0, keepaliveMs: 0 });
  expect(show(up, { kind: "keepaliveReceived" })).toBe("established");
  expect(show(up, { kind: "updateReceived" })).toBe("established");
});

test("the send hold time is twice the hold time where that is more than 8 minutes", () => {
  const slow = session("openConfirm", { holdMs: 600_000, keepaliveMs: 200_000 });
  expect(show(slow, { kind: "keepaliveReceived" })).toBe("established: hold 600000, sendHold 1200000, up");
});

test("a speaker that only listens never arms the connect retry timer", () => {
  const passive = session("idle", { attributes: { ...attributes, dial: "never" } });
  const { next, effects } = step(passive, { kind: "manualStart" });
  expect([next.state, effects]).toEqual(["active", []]);
  expect(show({ ...next, state: "openSent" }, named("tcpFailed"))).toBe(
    "active: close lost, -hold, -keepalive, -connectRetry",
  );
});

test("a speaker that should be called calls itself after a short wait", () => {
  const waiting = session("idle", { attributes: { ...attributes, dial: "later" } });
  expect(show(waiting, { kind: "manualStart" })).toBe(`active: connectRetry 1000`);
  const hasty = session("idle", { attributes: { ...attributes, connectRetryMs: 300, dial: "later" } });
  expect(show(hasty, { kind: "manualStart" })).toBe("active: connectRetry 300");
});

test("calls that no OPEN answers come twice as late each time, up to the connect retry time", () => {
  let now = session("connect");
  const waits: string[] = [];
  for (let call = 0; call < 7; call++) {
    const { next, effects } = step(now, { kind: "tcpFailed", reason: "connection refused" });
    waits.push(showEffect(effects.at(-1)!));
    now = step(next, { kind: "connectRetryExpired" }).next;
    if (call % 2 === 1) now = step(now, { kind: "tcpConnected" }).next; // also where TCP comes up and is cut again
  }
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000].map((ms) => `connectRetry ${ms}`));
  const answered = step({ ...now, state: "openSent" }, named("openReceived")).next;
  expect(answered.failedDials).toBe(0);
});

test("each error doubles the idle hold time, up to 64 times the first", () => {
  let now = session("idle");
  const waits: string[] = [];
  for (let error = 0; error < 9; error++) {
    const { next, effects } = step({ ...now, state: "openSent" }, named("openError 2/2"));
    waits.push(showEffect(effects.at(-1)!));
    now = next;
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 128, 128].map((seconds) => `idleHold ${seconds * 1000}`));
});

test("a lost connection is taken up again at once, the next one later, unless the session lived for a keepalive", () => {
  const once = step(session("established"), named("tcpFailed"));
  expect([once.next.state, showEffect(once.effects.at(-1)!)]).toEqual(["connect", "dial"]);
  const again = { ...session("established"), connectRetryCounter: once.next.connectRetryCounter };
  expect(step(again, named("tcpFailed")).next.state).toBe("active");
  const lived = step(again, { kind: "keepaliveReceived" }).next;
  expect(step(lived, named("tcpFailed")).next.state).toBe("connect");
});

test("a neighbour that crashes again and again is never turned away; our own calls come later each time", () => {
  let now = session("established");
  const waits: string[] = [];
  for (let crash = 0; crash < 8; crash++) {
    const { next, effects } = step({ ...now, state: "established" }, named("tcpFailed"));
    waits.push(`${next.state}: ${showEffect(effects.at(-1)!)}`);
    now = next;
  }
  const later = [500, 1000, 2000, 4000, 5000, 5000, 5000].map((ms) => `active: connectRetry ${ms}`);
  expect(waits).toEqual(["connect: dial", ...later]);
});

test("after a Cease from the neighbour it is given the connect retry time to come back by itself", () => {
  const { next, effects } = step(session("established"), named("notificationReceived 6/2"));
  expect([next.state, showEffect(effects.at(-1)!)]).toEqual(["active", "connectRetry 5000"]);
  expect(show(next, { kind: "connectRetryExpired" })).toBe("connect: connectRetry 5000, dial");
  const again = step({ ...session("openSent"), connectRetryCounter: 1 }, named("notificationReceived 6/2"));
  expect([again.next.state, showEffect(again.effects.at(-1)!)]).toEqual(["idle", "idleHold 2000"]);
  expect(show(again.next, { kind: "idleHoldExpired" })).toBe("active: connectRetry 5000");
});

test("a neighbour that turns a connection away is waited for, and called again, without an idle hold time", () => {
  for (const subcode of [5, 7]) {
    const event: Event = { kind: "notificationReceived", notification: notification(6, subcode) };
    const waiting = `active: close received 6/${subcode}, -hold, -keepalive, connectRetry 250`;
    expect(show(session("openSent"), event)).toBe(waiting);
    expect(show(session("openConfirm"), event)).toBe(waiting);
    expect(show(session("established"), event)).toContain("active: quiet, down received");
  }
});

test("a second connection never calls by itself, however it ends", () => {
  const second = parallelSession(attributes);
  expect(second.state).toBe("active");
  for (const state of ["active", "openSent", "openConfirm"] as const) {
    for (const event of Object.values(events)) {
      if (event.kind === "connectRetryExpired") continue; // never armed
      const shown = step({ ...second, state }, event).effects.map(showEffect);
      expect(shown).not.toContain("dial");
      expect(shown.filter((effect) => effect.startsWith("connectRetry"))).toEqual([]);
    }
  }
});

test("a stop and a start by hand forget earlier failures", () => {
  const failed = step(session("openSent"), named("openError 2/2")).next;
  expect(failed.connectRetryCounter).toBe(1);
  expect(step(failed, { kind: "manualStart" }).next.connectRetryCounter).toBe(0);
  expect(step(failed, named("manualStop silent")).next.connectRetryCounter).toBe(0);
});

test("a NOTIFICATION about the version does not count as a failure, and is not answered at once", () => {
  const { next, effects } = step(session("openSent"), named("notificationReceived 2/1"));
  expect(next.connectRetryCounter).toBe(0);
  expect(showEffect(effects.at(-1)!)).toBe("idleHold 2000");
});
