import type { LocRib } from "./loc-rib.ts";
import { ageOf, type PathWalk, withGeneration } from "./table/path-table.ts";
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
    this.#makeRoom(neighbour);
    this.#age(neighbour, 0);
  }

  /** Its paths become stale; those that were stale before stay so, over any number of restarts. */
  retain(neighbour: number): void {
    this.#makeRoom(neighbour);
    this.#age(neighbour, this.#kept[neighbour]! + 1);
  }

  /** The same at the beginning of a refresh (RFC 7313 §4). */
  markStale(neighbour: number): void {
    this.retain(neighbour);
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
    if (this.#loc.paths.countOf(neighbour) === 0) {
      this.#kept[neighbour] = this.#oldest[neighbour] = 0;
      return;
    }
    this.#kept[neighbour] = kept;
    this.#loc.age(neighbour);
    this.#oldest[neighbour]!++;
    if (this.#oldest[neighbour]! > kept) this.#begin(neighbour);
  }

  #begin(neighbour: number): void {
    this.#walks.set(neighbour, this.#loc.paths.walk(neighbour));
    this.#turns.wake();
  }

  /** Before ages can no longer be told apart: what is to go goes now, and all that is stale becomes equally old. */
  #makeRoom(neighbour: number): void {
    if (this.#oldest[neighbour] !== MAX_AGE) return;
    const { paths, generations } = this.#loc;
    const walk = paths.walk(neighbour);
    const previous = generations[neighbour]! - 1;
    const visit = (path: number): void => {
      const state = paths.stateOf(path);
      const age = ageOf(state, generations[neighbour]!);
      if (age > this.#kept[neighbour]!) this.#loc.remove(path);
      else if (age > 0) paths.setState(path, withGeneration(state, previous));
    };
    while (walk.step(STEP, visit));
    this.#oldest[neighbour] = 1;
    this.#kept[neighbour] = Math.min(this.#kept[neighbour]!, 1);
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
