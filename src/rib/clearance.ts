import type { LocRib } from "./loc-rib.ts";
import type { DirtyQueue } from "./table/dirty-queue.ts";
import type { Job, Turns } from "./turns.ts";

/** Prefixes of one step. */
const BATCH = 1024;

/**
 * Takes prefixes that nobody needs any more out of their table: a walk through memory that costs as much as all else that
 * a withdrawal does, and that nobody waits for. So it waits for a turn before which nothing changed, unless a quarter of
 * what the table can hold waits with it.
 */
export class Clearance implements Job {
  readonly #loc: LocRib;
  readonly #turns: Turns;
  readonly #queue: DirtyQueue;
  readonly #most: number;
  readonly #batch = new Uint32Array(BATCH);
  #turn = -1;
  #changes = -1;
  #isQuiet = false;

  /** @param maxPrefixes highest prefix number */
  constructor(loc: LocRib, turns: Turns, maxPrefixes: number) {
    this.#loc = loc;
    this.#turns = turns;
    this.#queue = loc.gone;
    this.#most = maxPrefixes >>> 2;
  }

  step(): boolean {
    const queue = this.#queue;
    if (queue.length === 0) return false;
    this.#look();
    if (!this.#isQuiet && queue.length < this.#most) {
      this.#turns.again();
      return false;
    }
    const batch = this.#batch;
    let count = 0;
    for (let prefix = queue.shift(); prefix !== 0; prefix = queue.shift()) {
      batch[count++] = prefix;
      if (count === BATCH) break;
    }
    this.#loc.free(batch, count);
    return queue.length > 0;
  }

  /** Once a turn: did anything change since the last one? */
  #look(): void {
    const { number } = this.#turns;
    if (number === this.#turn) return;
    const { changes } = this.#loc;
    this.#isQuiet = changes === this.#changes;
    this.#turn = number;
    this.#changes = changes;
  }
}
