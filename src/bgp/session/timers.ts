import type { Clock, Timer } from "#lib/clock.ts";
import type { TimerName } from "./session.ts";

/** RFC 4271 §10: these get a random factor from 0.75 to 1, so that neighbours do not act in step. */
const jittered: ReadonlySet<TimerName> = new Set<TimerName>(["connectRetry", "keepalive", "idleHold"]);

/** RFC 4271 §4.4: at most one KEEPALIVE a second. */
export const LEAST_KEEPALIVE_MS = 1000;

interface Armed {
  dueMs: number;
  /** What it was set to, without the random factor. */
  baseMs: number;
  /** May ring before `dueMs`: then it is set again for the rest. */
  timer: Timer;
  rings: number;
}

/**
 * The timers of one connection. To move one to a later time, as every received message does with the hold timer, costs
 * a number: it looks again when it rings.
 */
export class Timers {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #expired: (timer: TimerName) => void;
  readonly #armed = new Map<TimerName, Armed>();

  /** @param random from 0 to 1 */
  constructor(clock: Clock, random: () => number, expired: (timer: TimerName) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#expired = expired;
  }

  arm(name: TimerName, baseMs: number): void {
    const dueMs = this.#clock.nowMs() + this.#jitter(name, baseMs);
    const armed = this.#armed.get(name);
    if (armed !== undefined && armed.rings <= dueMs) {
      armed.dueMs = dueMs;
      armed.baseMs = baseMs;
      return;
    }
    armed?.timer.cancel();
    this.#set(name, dueMs, baseMs);
  }

  disarm(name: TimerName): void {
    this.#armed.get(name)?.timer.cancel();
    this.#armed.delete(name);
  }

  disarmAll(): void {
    for (const name of [...this.#armed.keys()]) this.disarm(name);
  }

  /** undefined where the timer does not run. */
  remainingMs(name: TimerName): number | undefined {
    const armed = this.#armed.get(name);
    return armed === undefined ? undefined : Math.max(0, armed.dueMs - this.#clock.nowMs());
  }

  /** What a timer that runs was set to, without the random factor. */
  baseMs(name: TimerName): number | undefined {
    return this.#armed.get(name)?.baseMs;
  }

  /** Of those that run. */
  remaining(): Partial<Record<TimerName, number>> {
    const running: Partial<Record<TimerName, number>> = {};
    for (const name of this.#armed.keys()) running[name] = this.remainingMs(name) ?? 0;
    return running;
  }

  #jitter(name: TimerName, baseMs: number): number {
    if (!jittered.has(name)) return baseMs;
    const ms = baseMs * (0.75 + 0.25 * this.#random());
    return name === "keepalive" ? Math.max(ms, LEAST_KEEPALIVE_MS) : ms;
  }

  #set(name: TimerName, dueMs: number, baseMs: number): void {
    const timer = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => this.#ring(name));
    this.#armed.set(name, { dueMs, baseMs, timer, rings: dueMs });
  }

  #ring(name: TimerName): void {
    const armed = this.#armed.get(name);
    if (armed === undefined) return;
    if (armed.dueMs > this.#clock.nowMs()) {
      this.#set(name, armed.dueMs, armed.baseMs);
      return;
    }
    this.#armed.delete(name);
    this.#expired(name);
  }
}
