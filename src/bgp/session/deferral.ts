import type { Clock, Timer } from "#lib/clock.ts";
import { type Family, families } from "#route/family.ts";
import type { Negotiated } from "./negotiate.ts";

/** How long after our start a neighbour may take to come up before nobody waits for it any more. */
export const ABSENT_MS = 15_000;

const NOBODY: ReadonlySet<string> = new Set();

/** A neighbour that could send End-of-RIB. */
export interface Awaited {
  readonly name: string;
  readonly families: readonly Family[];
}

/**
 * Whose End-of-RIB is still to come after our own start (RFC 4724 §4.1). Each neighbour, and each of its families, is
 * waited for by itself and for a bounded time: one that is absent, speaks another family, cannot restart gracefully,
 * or restarts itself delays nobody.
 */
export class Deferral {
  readonly #clock: Clock;
  readonly #deferralMs: number;
  readonly #startedMs: number;
  readonly #done: (family: Family) => void;
  /** By neighbour: when it is not waited for any more. */
  readonly #timers = new Map<string, Timer>();
  /** The neighbours that each family waits for; a family that is done is not here any more. */
  readonly #awaited = new Map<Family, Set<string>>();

  /**
   * @param deferralMs after our start, the longest wait for a neighbour that is up
   * @param done called once per family: nobody has anything to send any more
   */
  constructor(clock: Clock, awaited: readonly Awaited[], deferralMs: number, done: (family: Family) => void) {
    this.#clock = clock;
    this.#deferralMs = deferralMs;
    this.#startedMs = clock.nowMs();
    this.#done = done;
    for (const { name } of awaited) this.#timers.set(name, this.#giveUpAfter(name, Math.min(ABSENT_MS, deferralMs)));
    for (const family of families) {
      const speakers = awaited.filter((neighbour) => neighbour.families.includes(family));
      this.#awaited.set(family, new Set(speakers.map(({ name }) => name)));
    }
    for (const family of families) this.#finish(family);
  }

  /** Some family is not complete yet. */
  get pending(): boolean {
    return this.#awaited.size > 0;
  }

  /** Neighbours that `family` waits for. */
  awaited(family: Family): ReadonlySet<string> {
    return this.#awaited.get(family) ?? NOBODY;
  }

  established(name: string, agreed: Negotiated): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    const restart = agreed.gracefulRestart;
    // RFC 4724 §4.1: not for those without the capability, nor for those that restart themselves
    if (restart === undefined || restart.restarting) {
      this.forget(name);
      return;
    }
    timer.cancel();
    this.#timers.set(name, this.#giveUpAfter(name, this.#leftMs()));
    for (const family of families) if (!agreed.families.includes(family)) this.endOfRib(name, family);
  }

  /** The session was lost before End-of-RIB: it has as long to come back as it had to come. */
  down(name: string): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    timer.cancel();
    this.#timers.set(name, this.#giveUpAfter(name, Math.min(ABSENT_MS, this.#leftMs())));
  }

  endOfRib(name: string, family: Family): void {
    if (!this.#awaited.get(family)?.delete(name)) return;
    if (!families.some((other) => this.awaited(other).has(name))) this.forget(name);
    this.#finish(family);
  }

  /** Nobody waits for anybody any more, and `done` is not called. */
  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    for (const names of this.#awaited.values()) names.clear();
  }

  /** Nobody waits for this neighbour any more. */
  forget(name: string): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
    for (const family of families) if (this.#awaited.get(family)?.delete(name)) this.#finish(family);
  }

  #leftMs(): number {
    return Math.max(0, this.#startedMs + this.#deferralMs - this.#clock.nowMs());
  }

  #giveUpAfter(name: string, ms: number): Timer {
    return this.#clock.after(ms, () => this.forget(name));
  }

  #finish(family: Family): void {
    if (this.#awaited.get(family)?.size !== 0) return;
    this.#awaited.delete(family);
    this.#done(family);
  }
}
