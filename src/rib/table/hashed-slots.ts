import { reserve } from "#lib/reserve.ts";

/*
 * A shard of a hash table: pairs `[hash, number]`, found by linear probing from `hash << 1`; the number of an empty one is 0.
 */

/** @returns the same pairs with twice the room */
export function doubled(slots: Uint32Array): Uint32Array {
  const larger = reserve(Uint32Array, slots.length * 2);
  const mask = larger.length - 1;
  for (let from = 0; from < slots.length; from += 2) {
    if (slots[from + 1] === 0) continue;
    let at = (slots[from]! << 1) & mask;
    while (larger[at + 1] !== 0) at = (at + 2) & mask;
    larger[at] = slots[from]!;
    larger[at + 1] = slots[from + 1]!;
  }
  return larger;
}

/** Takes a pair out that is there; what follows it in its probe chain moves up, so that there are no tombstones. */
export function takeOut(slots: Uint32Array, hash: number, number: number): void {
  const mask = slots.length - 1;
  let hole = (hash << 1) & mask;
  while (slots[hole + 1] !== number) hole = (hole + 2) & mask;
  for (let at = (hole + 2) & mask; slots[at + 1] !== 0; at = (at + 2) & mask) {
    const home = (slots[at]! << 1) & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots[hole] = slots[at]!;
    slots[hole + 1] = slots[at + 1]!;
    hole = at;
  }
  slots[hole + 1] = 0;
}
