import { reserve } from "#lib/reserve.ts";
import { maskWord, type Prefix } from "#route/prefix.ts";
import { type HashKeys, hashKeys } from "./hash.ts";
import { TableFull } from "./limits.ts";
import { FREE, type PrefixTable } from "./prefix-table.ts";

const SHARDS = 256;
const FIRST_SLOTS = 16;

/**
 * IPv4 prefixes. 256 shards (high bits of the hash) of open addressing with linear probing; a slot is two words,
 * `[address, id << 6 | length]`, the second one never 0. A shard doubles alone, so that growing never stalls. A record is
 * the address (4 octets), the length (1) and two links (8): lookups that hit end in the slot and the links.
 */
export class PrefixTable4 implements PrefixTable {
  readonly family = "ipv4";
  readonly stride = 1;
  readonly links: Uint32Array;
  /** Network order as a number; of a free id: the next free one. */
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  /** How many prefixes of each length there are. */
  readonly byLength: Uint32Array = new Uint32Array(33);
  end = 1;
  size = 0;
  readonly #max: number;
  readonly #keys: HashKeys;
  readonly #shards: Uint32Array[] = [];
  readonly #used = new Uint32Array(SHARDS);
  #freeHead = 0;

  /** @param max most prefixes, below 2^26 */
  constructor(max: number, seed: number) {
    this.#max = max;
    this.#keys = hashKeys(seed);
    this.links = reserve(Uint32Array, (max + 1) * 2);
    this.words = reserve(Uint32Array, max + 1);
    this.lengths = reserve(Uint8Array, max + 1);
    for (let shard = 0; shard < SHARDS; shard++) this.#shards.push(new Uint32Array(FIRST_SLOTS * 2));
  }

  get octets(): number {
    const slots = this.#shards.reduce((sum, shard) => sum + shard.byteLength, 0);
    return slots + this.end * 13;
  }

  #hash(address: number, length: number): number {
    const { salt, first, second } = this.#keys;
    let hash = Math.imul(address ^ salt, first);
    hash = Math.imul((hash ^ (hash >>> 15)) + length, second);
    return hash ^ (hash >>> 13);
  }

  /** Has the memory fetched that `find4` or `add4` of this prefix will need. @returns something that has to be used */
  touch4(address: number, length: number): number {
    const hash = this.#hash(address, length);
    const slots = this.#shards[hash >>> 24]!;
    return slots[(hash << 1) & (slots.length - 1)]!;
  }

  /** @returns the number of `address/length`, 0 where there is none */
  find4(address: number, length: number): number {
    const hash = this.#hash(address, length);
    const slots = this.#shards[hash >>> 24]!;
    const mask = slots.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const packed = slots[at + 1]!;
      if (packed === 0) return 0;
      if (slots[at] === address && (packed & 63) === length) return packed >>> 6;
    }
  }

  /** @param address unsigned, without bits beyond `length`. @throws TableFull */
  add4(address: number, length: number): number {
    const hash = this.#hash(address, length);
    const shard = hash >>> 24;
    const slots = this.#shards[shard]!;
    const mask = slots.length - 1;
    let at = (hash << 1) & mask;
    for (; ; at = (at + 2) & mask) {
      const packed = slots[at + 1]!;
      if (packed === 0) break;
      if (slots[at] === address && (packed & 63) === length) return packed >>> 6;
    }
    const id = this.#take(address, length);
    slots[at] = address;
    slots[at + 1] = ((id << 6) | length) >>> 0;
    // At most two thirds full: 3 * entries <= slots.length, which is twice the number of slots.
    if (++this.#used[shard]! * 3 > slots.length) this.#grow(shard);
    return id;
  }

  #take(address: number, length: number): number {
    let id = this.#freeHead;
    if (id !== 0) this.#freeHead = this.words[id]!;
    else if (this.end > this.#max) throw new TableFull("prefixes4", this.#max);
    else id = this.end++;
    this.words[id] = address;
    this.lengths[id] = length;
    this.byLength[length]!++;
    this.size++;
    return id;
  }

  #grow(shard: number): void {
    const old = this.#shards[shard]!;
    const slots = reserve(Uint32Array, old.length * 2);
    const mask = slots.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      const packed = old[from + 1]!;
      if (packed === 0) continue;
      let at = (this.#hash(old[from]!, packed & 63) << 1) & mask;
      while (slots[at + 1] !== 0) at = (at + 2) & mask;
      slots[at] = old[from]!;
      slots[at + 1] = packed;
    }
    this.#shards[shard] = slots;
  }

  /** Takes the prefix out; what follows it in its probe chain moves up, so that there are no tombstones. */
  free(id: number): void {
    const address = this.words[id]!;
    const length = this.lengths[id]!;
    const hash = this.#hash(address, length);
    const slots = this.#shards[hash >>> 24]!;
    const mask = slots.length - 1;
    let hole = (hash << 1) & mask;
    while (slots[hole + 1]! >>> 6 !== id) hole = (hole + 2) & mask;
    for (let at = (hole + 2) & mask; slots[at + 1] !== 0; at = (at + 2) & mask) {
      const home = (this.#hash(slots[at]!, slots[at + 1]! & 63) << 1) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at]!;
      slots[hole + 1] = slots[at + 1]!;
      hole = at;
    }
    slots[hole + 1] = 0;
    this.#used[hash >>> 24]!--;
    this.byLength[length]!--;
    this.size--;
    this.lengths[id] = FREE;
    this.words[id] = this.#freeHead;
    this.#freeHead = id;
  }

  touch(id: number): number {
    return this.touch4(this.words[id]!, this.lengths[id]!);
  }

  has(id: number): boolean {
    return id > 0 && id < this.end && this.lengths[id] !== FREE;
  }

  lengthOf(id: number): number {
    return this.lengths[id]!;
  }

  word(id: number, _index: number): number {
    return this.words[id]!;
  }

  find(prefix: Prefix): number {
    return this.find4(prefix.words[0]!, prefix.length);
  }

  add(prefix: Prefix): number {
    return this.add4(prefix.words[0]!, prefix.length);
  }

  longestMatch(words: readonly number[], longest: number, accept: (id: number) => boolean): number {
    for (let length = longest; length >= 0; length--) {
      if (this.byLength[length] === 0) continue;
      const id = this.find4((words[0]! & maskWord(length, 0)) >>> 0, length);
      if (id !== 0 && accept(id)) return id;
    }
    return 0;
  }
}
