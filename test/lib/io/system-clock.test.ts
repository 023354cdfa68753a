import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "#lib/io/system-clock.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const DAY_MS = 86_400_000;

test("a timer of two months rings after two months, and not at once", () => {
  const rings: number[] = [];
  systemClock.after(60 * DAY_MS, () => rings.push(Date.now()));
  const began = Date.now();
  vi.advanceTimersByTime(60 * DAY_MS - 1);
  expect(rings).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(rings).toEqual([began + 60 * DAY_MS]);
});

test.each([0, 30])("what is cancelled after %i days does not ring", (days) => {
  const rings: number[] = [];
  const timer = systemClock.after(60 * DAY_MS, () => rings.push(Date.now()));
  vi.advanceTimersByTime(days * DAY_MS);
  timer.cancel();
  vi.advanceTimersByTime(100 * DAY_MS);
  expect(rings).toEqual([]);
});

test("a timer with a fraction of a millisecond does not ring before it has passed: who looks at the clock then would wait for another one", () => {
  const rings: number[] = [];
  const began = systemClock.nowMs();
  systemClock.after(499.7, () => rings.push(systemClock.nowMs() - began));
  vi.advanceTimersByTime(1000);
  expect(rings).toEqual([500]);
});

test("a timer that the system rings early is set again for the rest", () => {
  const rings: number[] = [];
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  systemClock.after(500, () => rings.push(Date.now()));
  const began = Date.now();
  now.mockReturnValue(499.2);
  vi.advanceTimersByTime(500);
  expect(rings).toEqual([]);
  now.mockReturnValue(500.3);
  vi.advanceTimersByTime(1);
  expect(rings).toEqual([began + 501]);
});
