import type { Clock } from "../clock.ts";

/** The longest that one timer of Node.js lasts: it takes more for a millisecond. */
const LONGEST_MS = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, then) {
    const dueMs = performance.now() + delayMs;
    const set = (leftMs: number): NodeJS.Timeout => setTimeout(ring, Math.min(Math.ceil(leftMs), LONGEST_MS));
    // Node.js counts whole milliseconds, of a clock that it read a moment ago: it rings early as well as late.
    const ring = (): void => {
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) timer = set(leftMs);
      else then();
    };
    let timer = set(delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  soon(then) {
    setImmediate(then);
  },
};
