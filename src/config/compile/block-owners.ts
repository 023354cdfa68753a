import { bitsOf } from "#route/family.ts";
import { type Prefix, prefixOf } from "#route/prefix.ts";

/** Blocks that do not overlap, each with its owner; answers who stands in the way of another block. */
export class BlockOwners<T> {
  /** By block, at its own length and at every shorter length in use: also blocks inside of a greater one are found. */
  readonly #at = new Map<string, { readonly prefix: Prefix; readonly owner: T }>();
  readonly #lengths: readonly number[];

  /** @param lengths all prefix lengths that will be asked about or added */
  constructor(lengths: Iterable<number>) {
    this.#lengths = [...new Set(lengths)].sort((a, b) => a - b);
  }

  /** A block that was added and overlaps `prefix`, if there is one. */
  overlapping(prefix: Prefix): { readonly prefix: Prefix; readonly owner: T } | undefined {
    const inside = this.#at.get(keyOf(prefix, prefix.length));
    if (inside !== undefined) return inside;
    for (const length of this.#lengths) {
      if (length >= prefix.length) break;
      const outside = this.#at.get(keyOf(prefix, length));
      if (outside?.prefix.length === length) return outside;
    }
    return undefined;
  }

  /** @param prefix overlaps nothing that was added */
  add(prefix: Prefix, owner: T): void {
    for (const length of this.#lengths) {
      if (length > prefix.length) break;
      const key = keyOf(prefix, length);
      if (!this.#at.has(key)) this.#at.set(key, { prefix, owner });
    }
  }
}

function keyOf(prefix: Prefix, length: number): string {
  const { words } = length === prefix.length ? prefix : prefixOf(prefix, length);
  return `${words.join(".")}/${length}/${bitsOf(prefix.family)}`;
}
