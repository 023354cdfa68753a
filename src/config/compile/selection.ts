import type { Steps } from "#lib/steps.ts";

/** Items between two pauses, most of which are only compared. */
const ITEMS = 512;

/** Those of a list that a rule wants, of which only those that are not where they were are judged again. */
export class Selection<T> {
  readonly #wants: (item: T) => boolean;
  #items: readonly T[] = [];
  #wanted: readonly boolean[] = [];

  /** @param wants follows from the item alone */
  constructor(wants: (item: T) => boolean) {
    this.#wants = wants;
  }

  *of(items: readonly T[]): Steps<readonly T[]> {
    const [before, known] = [this.#items, this.#wanted];
    const [wanted, selected]: [boolean[], T[]] = [[], []];
    for (const [index, item] of items.entries()) {
      if (index % ITEMS === ITEMS - 1) yield;
      const isWanted = (item === before[index] ? known[index] : undefined) ?? this.#wants(item);
      wanted.push(isWanted);
      if (isWanted) selected.push(item);
    }
    this.#items = items;
    this.#wanted = wanted;
    return selected;
  }
}
