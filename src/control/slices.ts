import type { Clock } from "#lib/clock.ts";

/** How long all sessions together may work before the daemon's other work has its turn, and one before the others. */
const TURN_MS = 2;
const SLICE_MS = 0.5;

/** Something that works in slices. */
export interface Sliced {
  /** Works until `clock.nowMs()` is `untilMs`, or shortly after. @returns whether there is more to do */
  slice(untilMs: number): boolean;
}

/**
 * Shares the main thread's time among the sessions that have something to say: round and round, a slice each, and never
 * more than one short turn between two looks at sockets and timers. However many clients ask for whole tables, the rest of
 * the daemon waits for one turn.
 */
export class Slices {
  readonly #clock: Clock;
  readonly #waiting = new Set<Sliced>();
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `one` has something to do; it gets its slice when those before it had theirs. */
  wake(one: Sliced): void {
    this.#waiting.add(one);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#turn());
  }

  #turn(): void {
    const clock = this.#clock;
    const endMs = clock.nowMs() + TURN_MS;
    this.#scheduled = false;
    for (const one of this.#waiting) {
      this.#waiting.delete(one);
      if (one.slice(Math.min(endMs, clock.nowMs() + SLICE_MS))) this.#waiting.add(one);
      if (clock.nowMs() >= endMs) break;
    }
    for (const one of this.#waiting) {
      this.wake(one);
      break;
    }
  }
}
