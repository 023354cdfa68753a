import { type Family, families } from "#route/family.ts";
import { type Prefix, prefixKey, prefixOf } from "#route/prefix.ts";

interface Owned<T> {
  readonly prefix: Prefix;
  readonly owner: T;
}

/** Blocks that do not overlap, each with its owner; answers who stands in the way of another block. */
export class BlockOwners<T> {
  /** By block, at its own length and at every shorter one in use: so blocks inside of a greater one are found too. */
  readonly #at = new Map<number | string, Owned<T>>();
  readonly #lengths: Readonly<Record<Family, readonly number[]>>;

  /** @param expected all blocks that will be added or asked about, for their lengths */
  constructor(expected: readonly Prefix[]) {
    const [ipv4 = [], ipv6 = []] = families.map((family) => {
      const lengths = new Set(expected.filter((prefix) => prefix.family === family).map(({ length }) => length));
      return [...lengths].sort((a, b) => a - b);
    });
    this.#lengths = { ipv4, ipv6 };
  }

  /** A block that was added and overlaps `prefix`, if there is one. */
  overlapping(prefix: Prefix): Owned<T> | undefined {
    const inside = this.#at.get(prefixKey(prefix));
    if (inside !== undefined) return inside;
    for (const length of this.#lengths[prefix.family]) {
      if (length >= prefix.length) break;
      const outside = this.#at.get(prefixKey(prefixOf(prefix, length)));
      if (outside?.prefix.length === length) return outside;
    }
    return undefined;
  }

  /** @param prefix overlaps nothing that was added */
  add(prefix: Prefix, owner: T): void {
    for (const length of this.#lengths[prefix.family]) {
      if (length > prefix.length) break;
      const key = prefixKey(length === prefix.length ? prefix : prefixOf(prefix, length));
      if (!this.#at.has(key)) this.#at.set(key, { prefix, owner });
    }
  }
}
