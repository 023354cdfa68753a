import type { Clock } from "../clock.ts";

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, then) {
    const timer = setTimeout(then, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  soon(then) {
    setImmediate(then);
  },
};
