import { expect, test } from "vitest";
import type { TimerName } from "#bgp/session/session.ts";
import { Timers } from "#bgp/session/timers.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function timers(random = 1): { clock: FakeClock; timers: Timers; rung: [TimerName, number][] } {
  const clock = new FakeClock();
  const rung: [TimerName, number][] = [];
  return {
    clock,
    timers: new Timers(
      clock,
      () => random,
      (name) => rung.push([name, clock.nowMs()]),
    ),
    rung,
  };
}

test("a timer rings at its millisecond, and once", () => {
  const { clock, timers: set, rung } = timers();
  set.arm("hold", 90_000);
  clock.advance(89_999);
  expect(rung).toEqual([]);
  clock.advance(1);
  clock.advance(1_000_000);
  expect(rung).toEqual([["hold", 90_000]]);
});

test("a timer that is set again and again rings at the last time that was asked for", () => {
  const { clock, timers: set, rung } = timers();
  for (let i = 0; i < 10; i++) {
    set.arm("hold", 90_000);
    clock.advance(30_000);
  }
  expect(rung).toEqual([]);
  clock.advance(59_999);
  expect(rung).toEqual([]);
  clock.advance(1);
  expect(rung).toEqual([["hold", 360_000]]);
});

test("to move a timer to a later time does not make another one", () => {
  const { clock, timers: set } = timers();
  for (let i = 0; i < 100; i++) set.arm("hold", 90_000 + i);
  expect(clock.pending).toBe(1);
});

test("a timer can be moved to an earlier time", () => {
  const { clock, timers: set, rung } = timers();
  set.arm("hold", 240_000);
  set.arm("hold", 3_000);
  clock.advance(3_000);
  expect(rung).toEqual([["hold", 3_000]]);
  expect(clock.pending).toBe(0);
});

test("a timer that is disarmed never rings, also after it was moved", () => {
  const { clock, timers: set, rung } = timers();
  set.arm("hold", 1_000);
  clock.advance(500);
  set.arm("hold", 1_000);
  set.arm("keepalive", 5_000);
  set.disarm("hold");
  set.disarm("sendHold");
  clock.advance(2_000);
  expect(rung).toEqual([]);
  set.disarmAll();
  clock.advance(10_000);
  expect(rung).toEqual([]);
  expect(clock.pending).toBe(0);
});

test.each([
  ["connectRetry", 5_000, 3_750],
  ["keepalive", 30_000, 22_500],
  ["idleHold", 2_000, 1_500],
  ["hold", 90_000, 90_000],
  ["sendHold", 480_000, 480_000],
] as const)("%s of %i ms comes after %i ms at the earliest (RFC 4271 §10)", (name, ms, earliest) => {
  for (const [random, due] of [
    [0, earliest],
    [1, ms],
  ] as const) {
    const { clock, timers: set, rung } = timers(random);
    set.arm(name, ms);
    clock.advance(ms);
    expect(rung).toEqual([[name, due]]);
  }
});

test("keepalives are never less than a second apart (RFC 4271 §4.4)", () => {
  const { clock, timers: set, rung } = timers(0);
  set.arm("keepalive", 1_000);
  clock.advance(2_000);
  expect(rung).toEqual([["keepalive", 1_000]]);
});

test("tells what is left of the timers that run", () => {
  const { clock, timers: set } = timers();
  set.arm("hold", 90_000);
  clock.advance(1_000);
  set.arm("hold", 90_000);
  set.arm("keepalive", 30_000);
  clock.advance(10_000);
  expect(set.remaining()).toEqual({ hold: 80_000, keepalive: 20_000 });
  expect(set.remainingMs("idleHold")).toBeUndefined();
});
