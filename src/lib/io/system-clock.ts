import type { Clock } from "../clock.ts";

/** The longest that one timer of Node.js lasts: it takes more for a millisecond. */
const LONGEST_MS = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, then) {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      timer = leftMs <= LONGEST_MS ? setTimeout(then, leftMs) : setTimeout(() => wait(leftMs - LONGEST_MS), LONGEST_MS);
    };
    wait(delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  soon(then) {
    setImmediate(then);
  },
};
