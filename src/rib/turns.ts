import type { Clock } from "#lib/clock.ts";

/** Milliseconds of one turn after which no further step begins. */
const BUDGET_MS = 2;
/** Steps of one job in one turn, for clocks that stand still. */
const STEPS = 8;

/** Work that comes in short steps. */
export interface Job {
  /** Does a piece of at most about a millisecond. @returns whether there is more that could be done now */
  step(): boolean;
}

/**
 * Cuts the RIB's work into turns, between which sockets and timers are served. Jobs take turns by steps; one that waits
 * for something calls `wake` when it came.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #jobs = new Set<Job>();
  #planned = false;
  #stopped = false;
  #second = 0;
  #secondIsFresh = false;
  readonly #beganMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganMs = clock.nowMs();
  }

  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Seconds since the RIB began; read from the clock once a turn. */
  get second(): number {
    if (!this.#secondIsFresh) {
      this.#second = Math.floor((this.#clock.nowMs() - this.#beganMs) / 1000);
      this.#secondIsFresh = true;
      this.wake();
    }
    return this.#second;
  }

  add(job: Job): void {
    this.#jobs.add(job);
    this.wake();
  }

  remove(job: Job): void {
    this.#jobs.delete(job);
  }

  wake(): void {
    if (this.#planned || this.#stopped) return;
    this.#planned = true;
    this.#clock.soon(() => this.#turn());
  }

  /** A turn comes at the latest after that time. */
  wakeAfter(delayMs: number): void {
    this.#clock.after(delayMs, () => this.wake());
  }

  /** No turn comes any more. */
  stop(): void {
    this.#stopped = true;
  }

  #turn(): void {
    this.#planned = false;
    this.#secondIsFresh = false;
    if (this.#stopped) return;
    const endMs = this.#clock.nowMs() + BUDGET_MS;
    let busy: Job[] = [...this.#jobs];
    for (let round = 0; round < STEPS && busy.length > 0; round++) {
      const more: Job[] = [];
      for (const job of busy) {
        if (this.#clock.nowMs() >= endMs) {
          this.wake();
          return;
        }
        if (job.step()) more.push(job);
      }
      busy = more;
    }
    if (busy.length > 0) this.wake();
  }
}
