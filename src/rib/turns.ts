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
  #jobs: readonly Job[] = [];
  /** The job that had the last step: the next turn begins behind it, so that none waits for ever. */
  #cursor = 0;
  /** Steps since one had more to do, or since somebody called `wake`. */
  #idle = 0;
  #planned = false;
  /** Whoever has nothing to do now asked for another turn. */
  #again = false;
  /** Turns so far. */
  number = 0;
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
      if (!this.#planned) this.#plan();
    }
    return this.#second;
  }

  add(job: Job): void {
    this.#jobs = [...this.#jobs, job];
    this.wake();
  }

  remove(job: Job): void {
    const at = this.#jobs.indexOf(job);
    if (at < 0) return;
    this.#jobs = this.#jobs.filter((other) => other !== job);
    if (at <= this.#cursor) this.#cursor--; // the next one has moved up
    this.wake();
  }

  /** There is something to do again. */
  wake(): void {
    this.#idle = -1; // the step that says so does not count
    if (!this.#planned) this.#plan();
  }

  /** Another turn comes, also when nobody has more to do in this one: sockets are read before it. */
  again(): void {
    this.#again = true;
    if (!this.#planned) this.#plan();
  }

  #plan(): void {
    if (this.#stopped) return;
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
    this.number++;
    if (this.#again) this.#idle = 0;
    this.#again = false;
    const endMs = this.#clock.nowMs() + BUDGET_MS;
    for (let left = STEPS * this.#jobs.length; left > 0 && this.#idle < this.#jobs.length; left--) {
      this.#cursor = (this.#cursor + 1) % this.#jobs.length;
      if (this.#jobs[this.#cursor]!.step()) this.#idle = 0;
      else this.#idle++;
      if (this.#clock.nowMs() >= endMs) break;
    }
    if (this.#idle < this.#jobs.length && !this.#planned) this.#plan();
  }
}
