import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { WriteOutcome } from "../messages.ts";

/** One thing to be written, in as many requests as it takes. */
export type Task = () => Promise<WriteOutcome>;

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Writes that wait for their turn: of one subject one after the other, tried again while that can help. Of more than
 * `room` the oldest that waits is dropped: a state is replaced by a newer one, of events the newest stay.
 */
export class Outbox {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #subject: string;
  readonly #room: number;
  readonly #waiting: Task[] = [];
  #busy = false;
  #failures = 0;
  #retry: Timer | undefined;
  #idle: (() => void)[] = [];

  constructor(clock: Clock, log: Log, subject: string, room: number) {
    this.#clock = clock;
    this.#log = log;
    this.#subject = subject;
    this.#room = room;
  }

  put(task: Task): void {
    this.#waiting.push(task);
    if (this.#waiting.length > this.#room) this.#waiting.shift();
    this.#next();
  }

  /** What waits is tried now, though it failed before. @returns when nothing waits any more */
  flush(): Promise<void> {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#next();
    if (!this.#busy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#retry?.cancel();
    this.#waiting.length = 0;
  }

  #next(): void {
    if (this.#busy || this.#retry !== undefined) return;
    const task = this.#waiting.shift();
    if (task === undefined) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#busy = true;
    void task().then((outcome) => {
      this.#busy = false;
      this.#done(task, outcome);
      this.#next();
    });
  }

  #done(task: Task, outcome: WriteOutcome): void {
    if (outcome.ok) {
      if (this.#failures > 0) this.#log.info(`${this.#subject}: written again`);
      this.#failures = 0;
      return;
    }
    if (this.#failures === 0) this.#log.warn(`${this.#subject} cannot be written: ${outcome.text}`);
    this.#failures++;
    if (!outcome.retryable) return;
    if (this.#waiting.length < this.#room) this.#waiting.unshift(task);
    const wait = Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.#failures - 1, 10), LONGEST_WAIT_MS);
    this.#retry = this.#clock.after(wait, () => {
      this.#retry = undefined;
      this.#next();
    });
  }
}
