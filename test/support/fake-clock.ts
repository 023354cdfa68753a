import type { Clock, Timer } from "#lib/clock.ts";

/** Time moved by hand. Timers fire in the order of their due times; `soon` callbacks run before the next timer. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  #timers: { due: number; order: number; then: () => void }[] = [];
  #soon: (() => void)[] = [];

  nowMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(delayMs: number, then: () => void): Timer {
    const timer = { due: this.#now + delayMs, order: this.#order++, then };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  soon(then: () => void): void {
    this.#soon.push(then);
  }

  /** Number of timers that are running. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Something was put off with `soon`. */
  get isBusy(): boolean {
    return this.#soon.length > 0;
  }

  /** Runs what was put off with `soon`, and what that puts off, at most `turns` rounds. */
  settle(turns = 100_000): void {
    for (let turn = 0; this.#soon.length > 0; turn++) {
      if (turn === turns) throw new Error(`still busy after ${turns} turns`);
      this.turn();
    }
  }

  /** Runs what was put off with `soon` so far. */
  turn(): void {
    for (const then of this.#soon.splice(0)) then();
  }

  /** Time passes while somebody works: no timer fires. */
  advanceOnly(byMs: number): void {
    this.#now += byMs;
  }

  /** Moves time on, firing each timer at its own moment. */
  advance(byMs: number): void {
    const end = this.#now + byMs;
    this.settle();
    for (;;) {
      const [next] = this.#timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due || a.order - b.order);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = next.due;
      next.then();
      this.settle();
    }
    this.#now = end;
  }
}

/** Time that passes by one millisecond each time somebody looks: no turn is long enough for much. */
export class SteppedClock extends FakeClock {
  #looks = 0;

  override nowMs(): number {
    return super.nowMs() + this.#looks++;
  }
}
