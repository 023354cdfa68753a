import type { LocRib } from "./loc-rib.ts";
import type { PathWalk } from "./table/path-table.ts";
import type { Job, Turns } from "./turns.ts";

/** Path records that one step looks at. */
const STEP = 2000;

/** Judges all paths of a neighbour anew, as they were received, after its import policy changed; no session is reset. */
export class Reimport implements Job {
  readonly #loc: LocRib;
  readonly #turns: Turns;
  readonly #walks = new Map<number, PathWalk>();

  constructor(loc: LocRib, turns: Turns) {
    this.#loc = loc;
    this.#turns = turns;
    turns.add(this);
  }

  begin(neighbour: number): void {
    if (this.#loc.paths.countOf(neighbour) === 0) return;
    this.#walks.set(neighbour, this.#loc.paths.walk(neighbour));
    this.#turns.wake();
  }

  step(): boolean {
    for (const [neighbour, walk] of this.#walks) {
      if (!walk.step(STEP, (path) => this.#loc.importAgain(path))) this.#walks.delete(neighbour);
      return this.#walks.size > 0;
    }
    return false;
  }
}
