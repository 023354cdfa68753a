import { LOCAL } from "./neighbours.ts";

/** Numbers that were given back and are looked at for each one that is asked for: a few may still be in use. */
const LOOKS = 4;

/**
 * Numbers of neighbours, from 1. One that is given back waits behind those given back before it until nothing refers to it
 * any more, so that thousands of neighbours can come while what thousands of others told goes.
 */
export class NeighbourNumbers {
  readonly #end: number;
  readonly #isUnused: (id: number) => boolean;
  #next = LOCAL + 1;
  /** Given back; the first waits longest. */
  #freed: number[] = [];

  /** @param end one past the highest @param isUnused does nothing refer to a number any more that was given back? */
  constructor(end: number, isUnused: (id: number) => boolean) {
    this.#end = end;
    this.#isUnused = isUnused;
  }

  /** @returns undefined: all are in use */
  take(): number | undefined {
    return this.#again(LOOKS) ?? (this.#next < this.#end ? this.#next++ : this.#again(this.#freed.length));
  }

  giveBack(id: number): void {
    this.#freed.push(id);
  }

  #again(looks: number): number | undefined {
    for (let left = Math.min(looks, this.#freed.length); left > 0; left--) {
      const id = this.#freed.shift()!;
      if (this.#isUnused(id)) return id;
      this.#freed.push(id);
    }
    return undefined;
  }
}
