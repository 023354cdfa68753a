import type { Clock, Timer } from "#lib/clock.ts";
import { type Family, families } from "#route/family.ts";
import type { Negotiated } from "./negotiate.ts";

/** How long after our start a neighbour may take to come up before nobody waits for it any more. */
export const ABSENT_MS = 15_000;

/** A neighbour that could send End-of-RIB. */
export interface Awaited {
  readonly name: string;
  readonly families: readonly Family[];
}

interface Waiting {
  readonly families: Set<Family>;
  timer: Timer;
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
  readonly #waiting = new Map<string, Waiting>();
  /** How many neighbours each family waits for; a family that is done is not here any more. */
  readonly #counts = new Map<Family, number>(families.map((family) => [family, 0]));

  /**
   * @param deferralMs after our start, the longest wait for a neighbour that is up
   * @param done called once per family: nobody has anything to send any more
   */
  constructor(clock: Clock, awaited: readonly Awaited[], deferralMs: number, done: (family: Family) => void) {
    this.#clock = clock;
    this.#deferralMs = deferralMs;
    this.#startedMs = clock.nowMs();
    this.#done = done;
    for (const { name, families: spoken } of awaited) {
      const timer = this.#giveUpAfter(name, Math.min(ABSENT_MS, deferralMs));
      this.#waiting.set(name, { families: new Set(spoken), timer });
      for (const family of spoken) this.#add(family, 1);
    }
    for (const family of families) this.#add(family, 0);
  }

  /** Some family is not complete yet. */
  get pending(): boolean {
    return this.#counts.size > 0;
  }

  /** Neighbours that `family` waits for. */
  awaited(family: Family): string[] {
    return [...this.#waiting].flatMap(([name, waiting]) => (waiting.families.has(family) ? [name] : []));
  }

  established(name: string, agreed: Negotiated): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    const restart = agreed.gracefulRestart;
    // RFC 4724 §4.1: not for those without the capability, nor for those that restart themselves
    if (restart === undefined || restart.restarting) {
      this.forget(name);
      return;
    }
    waiting.timer.cancel();
    waiting.timer = this.#giveUpAfter(name, this.#leftMs());
    for (const family of waiting.families) if (!agreed.families.includes(family)) this.endOfRib(name, family);
  }

  /** The session was lost before End-of-RIB: it has as long to come back as it had to come. */
  down(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    waiting.timer.cancel();
    waiting.timer = this.#giveUpAfter(name, Math.min(ABSENT_MS, this.#leftMs()));
  }

  endOfRib(name: string, family: Family): void {
    const waiting = this.#waiting.get(name);
    if (!waiting?.families.delete(family)) return;
    if (waiting.families.size === 0) this.forget(name);
    this.#add(family, -1);
  }

  /** Nobody waits for anybody any more, and `done` is not called. */
  stop(): void {
    for (const { timer } of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
  }

  /** Nobody waits for this neighbour any more. */
  forget(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    waiting.timer.cancel();
    this.#waiting.delete(name);
    for (const family of waiting.families) this.#add(family, -1);
  }

  #leftMs(): number {
    return Math.max(0, this.#startedMs + this.#deferralMs - this.#clock.nowMs());
  }

  #giveUpAfter(name: string, ms: number): Timer {
    return this.#clock.after(ms, () => this.forget(name));
  }

  #add(family: Family, change: 1 | 0 | -1): void {
    const before = this.#counts.get(family);
    if (before === undefined) return;
    this.#counts.set(family, before + change);
    if (before + change > 0) return;
    this.#counts.delete(family);
    this.#done(family);
  }
}
