import type { Steps } from "#lib/steps.ts";

/** Items between two pauses, most of which are only compared. */
const ITEMS = 512;

/** Those of a list that a rule wants, of which only those that are not where they were are judged again. */
export class Selection<T> {
  readonly #wants: (item: T) => boolean;
  #items: readonly T[] = [];
  /** By place. */
  readonly #wanted: boolean[] = [];
  #selected: readonly T[] = [];

  /** @param wants follows from the item alone */
  constructor(wants: (item: T) => boolean) {
    this.#wants = wants;
  }

  /** @returns the very list of last time where it holds the same */
  *of(items: readonly T[]): Steps<readonly T[]> {
    const [before, wanted] = [this.#items, this.#wanted];
    let isSame = true;
    for (let place = 0; place < items.length; place++) {
      if (place % ITEMS === ITEMS - 1) yield;
      const item = items[place] as T;
      if (place < before.length && item === before[place]) continue;
      const isWanted = this.#wants(item);
      if (isWanted || wanted[place] === true) isSame = false;
      wanted[place] = isWanted;
    }
    if (wanted.lastIndexOf(true) >= items.length) isSame = false;
    wanted.length = items.length;
    this.#items = items;
    if (!isSame) this.#selected = items.filter((_, place) => wanted[place]);
    return this.#selected;
  }
}
