import type { PrefixTable } from "./prefix-table.ts";

/** More at a time are not fetched any faster. */
const MOST = 128;
/** Words of a wish: the address, the length, the layer, the hop set. */
const WORDS = 7;

/** @param hopSet 0: no route is wanted */
export type Wish = (
  w0: number,
  w1: number,
  w2: number,
  w3: number,
  length: number,
  layer: number,
  hopSet: number,
) => void;

/**
 * What is wanted of routes, in the order in which it was said, a few at a time: the memory fetches at the same time what
 * it takes to find each of them. A million routes are found by a million places that no cache holds, and waiting for one
 * after the other would be most of the work.
 */
export class Wishes {
  count = 0;
  readonly #words = new Uint32Array(MOST * WORDS);
  readonly #ids = new Uint32Array(MOST);

  get isFull(): boolean {
    return this.count === MOST;
  }

  /** While not full. */
  add(w0: number, w1: number, w2: number, w3: number, length: number, layer: number, hopSet: number): void {
    const words = this.#words;
    const at = this.count++ * WORDS;
    words[at] = w0;
    words[at + 1] = w1;
    words[at + 2] = w2;
    words[at + 3] = w3;
    words[at + 4] = length;
    words[at + 5] = layer;
    words[at + 6] = hopSet;
  }

  /** Tells all of them and is empty from the first one on. @param wish adds none */
  take(prefixes: PrefixTable, wish: Wish): void {
    const { count } = this;
    const words = this.#words;
    const ids = this.#ids;
    for (let index = 0, at = 0; index < count; index++, at += WORDS) {
      ids[index] = prefixes.first(
        words[at]!,
        words[at + 1]!,
        words[at + 2]!,
        words[at + 3]!,
        words[at + 4]!,
        words[at + 5]!,
      );
    }
    prefixes.fetch(ids.subarray(0, count));
    this.count = 0;
    for (let at = 0; at < count * WORDS; at += WORDS) {
      wish(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, words[at + 4]!, words[at + 5]!, words[at + 6]!);
    }
  }
}
