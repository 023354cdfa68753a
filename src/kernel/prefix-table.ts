import { bug } from "#lib/bug.ts";

/** Record numbers have 24 bits: room for so many prefixes in one table. */
export const MAX_RECORDS = (1 << 24) - 1;
const SHARDS = 256;
const FREE = 0xffff;

/**
 * Prefixes by number, found by hash. 1 is the first number, 0 means none; numbers of removed prefixes are given again.
 *
 * Layout: `words[id * stride …]` the address (1 word for IPv4, 4 for IPv6), `keys[id]` length and layer. A layer is a
 * name space of its own over the same prefixes. Each of 256 shards is an open-addressed Uint32Array of
 * `tag << 24 | id`, load at most 2/3, linear probing, backward-shift delete, so that no growth moves more than one
 * shard and no tombstones stay.
 */
export class PrefixTable {
  readonly stride: 1 | 4;
  /** Words of the addresses; replaced when the table grows. */
  words: Uint32Array;
  #keys: Uint16Array;
  #end = 1;
  #free: number[] = [];
  readonly #seed: number;
  readonly #shards: Uint32Array[] = [];
  readonly #used = new Uint32Array(SHARDS);

  /** @param seed any number that outsiders do not know: nobody shall choose prefixes that collide */
  constructor(stride: 1 | 4, seed: number, capacity = 256) {
    this.stride = stride;
    this.#seed = seed | 1;
    this.words = new Uint32Array(capacity * stride);
    this.#keys = new Uint16Array(capacity).fill(FREE);
    for (let shard = 0; shard < SHARDS; shard++) this.#shards.push(new Uint32Array(4));
  }

  /** Numbers are below this. */
  get end(): number {
    return this.#end;
  }

  get capacity(): number {
    return this.#keys.length;
  }

  get size(): number {
    return this.#end - 1 - this.#free.length;
  }

  has(id: number): boolean {
    return this.#keys[id] !== FREE;
  }

  length(id: number): number {
    return this.#keys[id]! & 0xff;
  }

  layer(id: number): number {
    return this.#keys[id]! >>> 8;
  }

  /** Word `index` of the address of `id`; 0 beyond the family's. */
  word(id: number, index: number): number {
    return index < this.stride ? this.words[id * this.stride + index]! : 0;
  }

  /** @returns 0 where it is not there */
  find(w0: number, w1: number, w2: number, w3: number, length: number, layer: number): number {
    const key = length | (layer << 8);
    const hash = this.#hash(w0, w1, w2, w3, key);
    const slots = this.#shards[hash & 0xff]!;
    const mask = slots.length - 1;
    const tag = hash >>> 24;
    for (let at = (hash >>> 8) & mask; ; at = (at + 1) & mask) {
      const slot = slots[at]!;
      if (slot === 0) return 0;
      if (slot >>> 24 === tag && this.#is(slot & MAX_RECORDS, w0, w1, w2, w3, key)) return slot & MAX_RECORDS;
    }
  }

  /** @returns the number it has, or is given; 0 where the table is full (`MAX_RECORDS`) */
  add(w0: number, w1: number, w2: number, w3: number, length: number, layer: number): number {
    const known = this.find(w0, w1, w2, w3, length, layer);
    if (known !== 0) return known;
    if (this.#free.length === 0 && this.#end > MAX_RECORDS) return 0;
    const id = this.#free.pop() ?? this.#end++;
    if (id >= this.#keys.length) this.#grow();
    const key = length | (layer << 8);
    const at = id * this.stride;
    this.words[at] = w0;
    if (this.stride === 4) {
      this.words[at + 1] = w1;
      this.words[at + 2] = w2;
      this.words[at + 3] = w3;
    }
    this.#keys[id] = key;
    this.#insert(this.#hash(w0, w1, w2, w3, key), id);
    return id;
  }

  remove(id: number): void {
    if (this.#keys[id] === FREE) bug(`no prefix ${id}`);
    const hash = this.#hashOf(id);
    const shard = hash & 0xff;
    const slots = this.#shards[shard]!;
    const mask = slots.length - 1;
    let at = (hash >>> 8) & mask;
    while ((slots[at]! & MAX_RECORDS) !== id) at = (at + 1) & mask;
    this.#closeGap(slots, mask, at);
    this.#used[shard]!--;
    this.#keys[id] = FREE;
    this.#free.push(id);
  }

  /** Moves back what was displaced over the slot that is now empty. */
  #closeGap(slots: Uint32Array, mask: number, gap: number): void {
    let hole = gap;
    for (let at = (gap + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = (this.#hashOf(slots[at]! & MAX_RECORDS) >>> 8) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        slots[hole] = slots[at]!;
        hole = at;
      }
    }
    slots[hole] = 0;
  }

  #insert(hash: number, id: number): void {
    const shard = hash & 0xff;
    if (++this.#used[shard]! * 3 > this.#shards[shard]!.length * 2) this.#growShard(shard);
    place(this.#shards[shard]!, hash, id);
  }

  #growShard(shard: number): void {
    const old = this.#shards[shard]!;
    const slots = new Uint32Array(old.length * 2);
    this.#shards[shard] = slots;
    for (const slot of old) {
      if (slot !== 0) place(slots, this.#hashOf(slot & MAX_RECORDS), slot & MAX_RECORDS);
    }
  }

  #grow(): void {
    const capacity = this.#keys.length * 2;
    const words = new Uint32Array(capacity * this.stride);
    words.set(this.words);
    this.words = words;
    const keys = new Uint16Array(capacity).fill(FREE, this.#keys.length);
    keys.set(this.#keys);
    this.#keys = keys;
  }

  #is(id: number, w0: number, w1: number, w2: number, w3: number, key: number): boolean {
    const { words, stride } = this;
    const at = id * stride;
    if (words[at] !== w0 || this.#keys[id] !== key) return false;
    return stride === 1 || (words[at + 1] === w1 && words[at + 2] === w2 && words[at + 3] === w3);
  }

  #hashOf(id: number): number {
    const { words, stride } = this;
    const at = id * stride;
    if (stride === 1) return this.#hash(words[at]!, 0, 0, 0, this.#keys[id]!);
    return this.#hash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, this.#keys[id]!);
  }

  #hash(w0: number, w1: number, w2: number, w3: number, key: number): number {
    let hash = mix(this.#seed ^ w0 ^ Math.imul(key, 0x9e3779b1));
    if (this.stride === 4) hash = mix(mix(mix(hash ^ w1) ^ w2) ^ w3);
    return hash >>> 0;
  }
}

function place(slots: Uint32Array, hash: number, id: number): void {
  const mask = slots.length - 1;
  let at = (hash >>> 8) & mask;
  while (slots[at] !== 0) at = (at + 1) & mask;
  slots[at] = ((hash & 0xff000000) | id) >>> 0;
}

/** Finaliser of MurmurHash3 (public domain): every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
