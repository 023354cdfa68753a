import type { Steps } from "#lib/steps.ts";
import { changedPlaces } from "./places.ts";

/** Items that are judged between two pauses. */
const ITEMS = 512;

/** Those of a list that a rule wants. Where a list is as long as the one before, only what is not where it was is judged. */
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
    const wanted = this.#wanted;
    let isSame = true;
    for (const [index, place] of (changedPlaces(this.#items, items) ?? [...items.keys()]).entries()) {
      if (index % ITEMS === ITEMS - 1) yield;
      const isWanted = this.#wants(items[place] as T);
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
