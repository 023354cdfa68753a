import type { Clock, Timer } from "./clock.ts";

/** Another clock's time, whose timers can be ended all at once: for parts that have no end of their own. */
export class EndingClock implements Clock {
  readonly #clock: Clock;
  readonly #running = new Set<Timer>();
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, then: () => void): Timer {
    if (this.#ended) return { cancel: () => {} };
    const timer = this.#clock.after(delayMs, () => {
      this.#running.delete(timer);
      then();
    });
    this.#running.add(timer);
    return {
      cancel: () => {
        timer.cancel();
        this.#running.delete(timer);
      },
    };
  }

  soon(then: () => void): void {
    this.#clock.soon(then);
  }

  /** No timer fires any more, also none that is asked for later. */
  end(): void {
    this.#ended = true;
    for (const timer of this.#running) timer.cancel();
    this.#running.clear();
  }
}
