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
