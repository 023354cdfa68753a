import type { Clock } from "./clock.ts";

/** Work that can pause: it yields wherever it has gone on for a while, and returns what came of it. */
export type Steps<T> = Generator<void, T, void>;

/** How long a turn may last before others have theirs. */
const TURN_MS = 2;

/** Items of a loop between two pauses: some hundred microseconds for what is usual. */
const ITEMS = 64;

/** Does all of it now. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** What `make` makes of each item, with pauses. */
export function* mapSteps<T, R>(items: Iterable<T>, make: (item: T, index: number) => R): Steps<R[]> {
  const made: R[] = [];
  for (const item of items) {
    if (made.length % ITEMS === ITEMS - 1) yield;
    made.push(make(item, made.length));
  }
  return made;
}

/** Items that are sorted in one go: some hundred microseconds. */
const RUN = 512;

/** `items` in order, with pauses; equal ones stay in theirs. */
export function* sortSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += RUN) {
    runs.push(items.slice(at, at + RUN).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? [], compare));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const merged: T[] = [];
  for (let [left, right] = [0, 0]; left < a.length || right < b.length; ) {
    const takesLeft = right === b.length || (left < a.length && compare(a[left] as T, b[right] as T) <= 0);
    merged.push((takesLeft ? a[left++] : b[right++]) as T);
    if (merged.length % RUN === 0) yield;
  }
  return merged;
}

/** Rest after a piece of work, by how long it took. */
const REST = 9;
const LONGEST_REST_MS = 1_000;

/**
 * Does work in turns of a few milliseconds, one piece after the other. Between two pieces it rests, so that all of
 * them together take a tenth of the time or little more, however many come.
 */
export class Slices {
  readonly #clock: Clock;
  readonly #rest: number;
  readonly #waiting: (() => void)[] = [];
  #busy = false;
  /** By the clock's `nowMs`. */
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  /** @param rest after a piece of work, by how long it took; 0: none, for what somebody waits for */
  constructor(clock: Clock, rest: number = REST) {
    this.#clock = clock;
    this.#rest = rest;
  }

  /** @param begin is called when its turn comes @param done with the result, in the same turn */
  add<T>(begin: () => Steps<T>, done: (value: T) => void): void {
    if (this.#stopped) return;
    this.#waiting.push(() => this.#turn(begin(), done, 0));
    if (!this.#busy) this.#next();
  }

  /** What is under way ends where it stands, and nothing begins any more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  #next(): void {
    const run = this.#waiting.shift();
    this.#busy = run !== undefined;
    if (run === undefined) return;
    const restMs = this.#restUntilMs - this.#clock.nowMs();
    if (restMs > 0) this.#clock.after(restMs, run);
    else run();
  }

  #turn<T>(steps: Steps<T>, done: (value: T) => void, spentMs: number): void {
    const beganMs = this.#clock.nowMs();
    let nowMs = beganMs;
    while (nowMs - beganMs < TURN_MS && !this.#stopped) {
      const { done: over, value } = steps.next();
      nowMs = this.#clock.nowMs();
      if (over !== true) continue;
      done(value);
      const endMs = this.#clock.nowMs();
      this.#restUntilMs = endMs + Math.min((spentMs + endMs - beganMs) * this.#rest, LONGEST_REST_MS);
      this.#next();
      return;
    }
    if (!this.#stopped) this.#clock.soon(() => this.#turn(steps, done, spentMs + nowMs - beganMs));
  }
}
