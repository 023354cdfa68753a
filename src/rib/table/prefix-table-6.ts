import { reserve } from "#lib/reserve.ts";
import { maskWord, type Prefix } from "#route/prefix.ts";
import { type HashKeys, hashKeys } from "./hash.ts";
import { doubled, takeOut } from "./hashed-slots.ts";
import { TableFull } from "./limits.ts";
import { FREE, type PrefixTable } from "./prefix-table.ts";

const SHARDS = 256;
const FIRST_SLOTS = 16;

/**
 * IPv6 prefixes. 256 shards (high bits of the hash) of open addressing with linear probing; a slot is two words,
 * `[hash, id]`, an id of 0 is an empty slot. A record is four address words (16 octets), the length (1) and two links
 * (8). The whole hash stands in the slot: it tells nearly all strangers apart, and moving a slot needs no record.
 */
export class PrefixTable6 implements PrefixTable {
  readonly family = "ipv6";
  readonly stride = 4;
  readonly links: Uint32Array;
  /** Four words per id, network order; the first one of a free id: the next free id. */
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  readonly byLength: Uint32Array = new Uint32Array(129);
  end = 1;
  size = 0;
  readonly #max: number;
  readonly #keys: HashKeys;
  readonly #shards: Uint32Array[] = [];
  readonly #used = new Uint32Array(SHARDS);
  #freeHead = 0;

  constructor(max: number, seed: number) {
    this.#max = max;
    this.#keys = hashKeys(seed);
    this.links = reserve(Uint32Array, (max + 1) * 2);
    this.words = reserve(Uint32Array, (max + 1) * 4);
    this.lengths = reserve(Uint8Array, max + 1);
    for (let shard = 0; shard < SHARDS; shard++) this.#shards.push(new Uint32Array(FIRST_SLOTS * 2));
  }

  get octets(): number {
    const slots = this.#shards.reduce((sum, shard) => sum + shard.byteLength, 0);
    return slots + this.end * 25;
  }

  #hash(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const { salt, first, second } = this.#keys;
    let hash = Math.imul(w0 ^ salt, first);
    hash = Math.imul((hash ^ (hash >>> 15)) + w1, second);
    hash = Math.imul((hash ^ (hash >>> 15)) + w2, first);
    hash = Math.imul((hash ^ (hash >>> 15)) + w3, second);
    hash = Math.imul((hash ^ (hash >>> 15)) + length, first);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  #is(id: number, w0: number, w1: number, w2: number, w3: number, length: number): boolean {
    const { words } = this;
    const at = id << 2;
    return (
      words[at] === w0 &&
      words[at + 1] === w1 &&
      words[at + 2] === w2 &&
      words[at + 3] === w3 &&
      this.lengths[id] === length
    );
  }

  /** Has the memory fetched that `find6` or `add6` of this prefix will need. @returns something that has to be used */
  touch6(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const hash = this.#hash(w0, w1, w2, w3, length);
    const slots = this.#shards[hash >>> 24]!;
    return slots[(hash << 1) & (slots.length - 1)]!;
  }

  /** @returns the number of the prefix, 0 where there is none */
  find6(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const hash = this.#hash(w0, w1, w2, w3, length);
    const slots = this.#shards[hash >>> 24]!;
    const mask = slots.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const id = slots[at + 1]!;
      if (id === 0) return 0;
      if (slots[at] === hash && this.#is(id, w0, w1, w2, w3, length)) return id;
    }
  }

  /** Words are unsigned, without bits beyond `length`. @throws TableFull */
  add6(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const hash = this.#hash(w0, w1, w2, w3, length);
    const shard = hash >>> 24;
    const slots = this.#shards[shard]!;
    const mask = slots.length - 1;
    let at = (hash << 1) & mask;
    for (; ; at = (at + 2) & mask) {
      const id = slots[at + 1]!;
      if (id === 0) break;
      if (slots[at] === hash && this.#is(id, w0, w1, w2, w3, length)) return id;
    }
    const id = this.#take(w0, w1, w2, w3, length);
    slots[at] = hash;
    slots[at + 1] = id;
    if (++this.#used[shard]! * 3 > slots.length) this.#shards[shard] = doubled(slots);
    return id;
  }

  #take(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const { words } = this;
    let id = this.#freeHead;
    if (id !== 0) this.#freeHead = words[id << 2]!;
    else if (this.end > this.#max) throw new TableFull("prefixes6", this.#max);
    else id = this.end++;
    const at = id << 2;
    words[at] = w0;
    words[at + 1] = w1;
    words[at + 2] = w2;
    words[at + 3] = w3;
    this.lengths[id] = length;
    this.byLength[length]!++;
    this.size++;
    return id;
  }

  free(id: number): void {
    const { words } = this;
    const record = id << 2;
    const length = this.lengths[id]!;
    const hash = this.#hash(words[record]!, words[record + 1]!, words[record + 2]!, words[record + 3]!, length);
    takeOut(this.#shards[hash >>> 24]!, hash, id);
    this.#used[hash >>> 24]!--;
    this.byLength[length]!--;
    this.size--;
    this.lengths[id] = FREE;
    words[record] = this.#freeHead;
    this.#freeHead = id;
  }

  touch(id: number): number {
    const { words } = this;
    const at = id << 2;
    return this.touch6(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, this.lengths[id]!);
  }

  has(id: number): boolean {
    return id > 0 && id < this.end && this.lengths[id] !== FREE;
  }

  lengthOf(id: number): number {
    return this.lengths[id]!;
  }

  word(id: number, index: number): number {
    return this.words[(id << 2) + index]!;
  }

  find(prefix: Prefix): number {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
    return this.find6(w0, w1, w2, w3, prefix.length);
  }

  add(prefix: Prefix): number {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
    return this.add6(w0, w1, w2, w3, prefix.length);
  }

  longestMatch(words: readonly number[], longest: number, accept: (id: number) => boolean): number {
    for (let length = longest; length >= 0; length--) {
      if (this.byLength[length] === 0) continue;
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words.map((word, index) => (word & maskWord(length, index)) >>> 0);
      const id = this.find6(w0, w1, w2, w3, length);
      if (id !== 0 && accept(id)) return id;
    }
    return 0;
  }
}
