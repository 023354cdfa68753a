import type { BlockOwner } from "#config/node-config.ts";
import type { Family } from "#route/family.ts";
import { maskWord, type Prefix } from "#route/prefix.ts";
import type { PrefixTable } from "./table/prefix-table.ts";

/** Blocks of one family that do not overlap, and whose each is; answers whose block a prefix lies in. */
export class BlockTable {
  readonly #stride: 1 | 4;
  readonly #owners = new Map<number | string, BlockOwner>();
  /** How many blocks there are of each length, and the lengths there are blocks of. */
  readonly #counts = new Uint32Array(129);
  #lengths: readonly number[] = [];
  /** First words of all blocks that ever were lie between: most other prefixes are told by that. */
  #low = 0xffff_ffff;
  #high = 0;

  constructor(family: Family) {
    this.#stride = family === "ipv4" ? 1 : 4;
  }

  get size(): number {
    return this.#owners.size;
  }

  put(block: Prefix, owner: BlockOwner): void {
    const key = this.#key(block.words, 0, block.length);
    if (!this.#owners.has(key)) this.#count(block.length, 1);
    this.#owners.set(key, owner);
    const [first = 0] = block.words;
    this.#low = Math.min(this.#low, first);
    this.#high = Math.max(this.#high, (first | ~maskWord(block.length, 0)) >>> 0);
  }

  /** Only where it is `owner`'s: it may have been put for another one already. */
  remove(block: Prefix, owner: BlockOwner): void {
    const key = this.#key(block.words, 0, block.length);
    if (this.#owners.get(key) !== owner) return;
    this.#owners.delete(key);
    this.#count(block.length, -1);
  }

  clear(): void {
    this.#owners.clear();
    this.#counts.fill(0);
    this.#lengths = [];
    this.#low = 0xffff_ffff;
    this.#high = 0;
  }

  /** Who has the block that prefix number `id` of `table` is, or lies in. */
  ownerOf(table: PrefixTable, id: number): BlockOwner | undefined {
    const { words } = table;
    const at = id * this.#stride;
    const first = words[at]!;
    if (first < this.#low || first > this.#high) return undefined;
    const length = table.lengthOf(id);
    for (const each of this.#lengths) {
      if (each > length) return undefined;
      const owner = this.#owners.get(this.#key(words, at, each));
      if (owner !== undefined) return owner;
    }
    return undefined;
  }

  /** A number for IPv4: maps find it faster than text. */
  #key(words: ArrayLike<number>, at: number, length: number): number | string {
    if (this.#stride === 1) return ((words[at]! & maskWord(length, 0)) >>> 0) * 64 + length;
    let key = `${length}`;
    for (let index = 0; index * 32 < length; index++) key += `.${(words[at + index]! & maskWord(length, index)) >>> 0}`;
    return key;
  }

  #count(length: number, change: 1 | -1): void {
    this.#counts[length]! += change;
    if (this.#counts[length] !== (change === 1 ? 1 : 0)) return;
    this.#lengths = [...this.#counts.keys()].filter((each) => this.#counts[each]! > 0);
  }
}
