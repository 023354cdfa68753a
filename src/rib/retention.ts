import type { LocRib } from "./loc-rib.ts";
import { ageOf, type PathWalk } from "./table/path-table.ts";
import type { Job, Turns } from "./turns.ts";

/** Path records that one step looks at. */
const STEP = 2000;
/** Most generations that the state word can tell apart, less one. */
const MAX_AGE = 6;

/**
 * Which of a neighbour's paths live on after its session ended, and for how long. Paths know the generation in which they
 * were told; to make all of a neighbour's paths stale is to begin a new generation. What is older than is kept goes, some
 * thousand paths a step.
 */
export class Retention implements Job {
  readonly #loc: LocRib;
  readonly #turns: Turns;
  /** By neighbour: the oldest age that may stay, and the oldest there may be. */
  readonly #kept: Uint8Array;
  readonly #oldest: Uint8Array;
  readonly #walks = new Map<number, PathWalk>();

  constructor(loc: LocRib, turns: Turns) {
    this.#loc = loc;
    this.#turns = turns;
    this.#kept = new Uint8Array(loc.generations.length);
    this.#oldest = new Uint8Array(loc.generations.length);
    turns.add(this);
  }

  /** All paths of `neighbour` go. */
  drop(neighbour: number): void {
    this.#age(neighbour, 0);
  }

  /** Its paths become stale; those that were stale before go (RFC 4724 §4.2). */
  retain(neighbour: number): void {
    this.#age(neighbour, 1);
  }

  /** Its paths become stale; those that were stale before stay so (RFC 7313 §4.2). */
  markStale(neighbour: number): void {
    this.#age(neighbour, Math.min(this.#kept[neighbour]! + 1, MAX_AGE - 1));
  }

  /** What is stale goes. */
  sweep(neighbour: number): void {
    this.#kept[neighbour] = 0;
    if (this.#loc.staleOf(neighbour) > 0) this.#begin(neighbour);
  }

  /** Is something on its way out? */
  isBusy(neighbour: number): boolean {
    return this.#walks.has(neighbour);
  }

  #age(neighbour: number, kept: number): void {
    this.#kept[neighbour] = kept;
    if (this.#loc.paths.countOf(neighbour) === 0) {
      this.#oldest[neighbour] = 0;
      return;
    }
    if (this.#oldest[neighbour] === MAX_AGE) this.#finish(neighbour);
    this.#loc.age(neighbour);
    this.#oldest[neighbour]!++;
    this.#begin(neighbour);
  }

  #begin(neighbour: number): void {
    this.#walks.set(neighbour, this.#loc.paths.walk(neighbour));
    this.#turns.wake();
  }

  /** Leaves no path that is older than is kept, now: or ages could no longer be told apart. */
  #finish(neighbour: number): void {
    const walk = this.#loc.paths.walk(neighbour);
    this.#kept[neighbour] = Math.min(this.#kept[neighbour]!, MAX_AGE - 1);
    while (walk.step(STEP, (path) => this.#visit(neighbour, path)));
    this.#oldest[neighbour] = this.#kept[neighbour]!;
    this.#walks.delete(neighbour);
  }

  step(): boolean {
    for (const [neighbour, walk] of this.#walks) {
      if (!walk.step(STEP, (path) => this.#visit(neighbour, path))) {
        this.#walks.delete(neighbour);
        this.#oldest[neighbour] = this.#kept[neighbour]!;
      }
      return this.#walks.size > 0;
    }
    return false;
  }

  #visit(neighbour: number, path: number): void {
    const age = ageOf(this.#loc.paths.stateOf(path), this.#loc.generations[neighbour]!);
    if (age > this.#kept[neighbour]!) this.#loc.remove(path);
  }
}
