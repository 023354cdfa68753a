import { bug } from "#lib/bug.ts";
import { reserve } from "#lib/reserve.ts";

/** A slot has 24 bits for the number of a record, 4 for how far it is from where it belongs, and 4 of the hash. */
const ID = 0xff_ffff;
const DISTANCE = 24;
/** This far or farther: by the record. */
const FAR = 15;
/** Most prefixes, by the words of an address: twice the RIB's, since a metric that changes has all of them twice. */
const MOST = { 1: 8_000_000, 4: 4_000_000 } as const;
const SHARDS = 256;
/** Key of a record that is not in use: no prefix has this length. */
const FREE = 0xffff;
const KEY = 0xffff;

/**
 * Prefixes by number, found by hash, with what their owner keeps of each. 1 is the first number, 0 means none; numbers
 * of removed prefixes are given again.
 *
 * Layout of a record, in 32-bit words: the address (1 for IPv4, 4 for IPv6), a word of `marks << 16 | layer << 8 |
 * length`, the owner's fields; all in one cache line. A layer is a name space of its own over the same prefixes. Each of
 * 256 shards is an open-addressed Uint32Array of `hash << 28 | distance << 24 | id`, load at most 2/3, linear probing,
 * backward-shift delete, so that no growth moves more than one shard and no tombstones stay. By the distance to its first
 * choice a slot is moved without a look at its record. Records never move. A number that is free
 * has the next free one in place of its address.
 */
export class PrefixTable {
  /** Words of an address. */
  readonly #address: 1 | 4;
  /** Words of a record. */
  readonly #stride: number;
  readonly #records: Uint32Array;
  readonly #most: number;
  #end = 1;
  /** 0: none. */
  #firstFree = 0;
  #size = 0;
  readonly #seed: number;
  readonly #shards: Uint32Array[] = [];
  readonly #used = new Uint32Array(SHARDS);
  /** What was fetched ahead: written, so that it is not optimised away. */
  touched = 0;

  /**
   * @param addressWords 1 for IPv4, 4 for IPv6. @param fields words that the owner keeps of each prefix, 0 at first
   * @param seed any number that outsiders do not know: nobody shall choose prefixes that collide
   * @param most prefixes, below 2^24
   */
  constructor(addressWords: 1 | 4, fields: number, seed: number, most: number = MOST[addressWords]) {
    this.#address = addressWords;
    this.#stride = addressWords + 1 + fields;
    this.#seed = seed | 1;
    this.#most = most;
    this.#records = reserve(Uint32Array, (most + 1) * this.#stride);
    for (let shard = 0; shard < SHARDS; shard++) this.#shards.push(new Uint32Array(4));
  }

  /** Numbers are below this. */
  get end(): number {
    return this.#end;
  }

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return (this.#keyWord(id) & KEY) !== FREE;
  }

  length(id: number): number {
    return this.#keyWord(id) & 0xff;
  }

  layer(id: number): number {
    return (this.#keyWord(id) >>> 8) & 0xff;
  }

  /** 16 bits that belong to the owner, 0 at first. */
  marks(id: number): number {
    return this.#keyWord(id) >>> 16;
  }

  setMarks(id: number, marks: number): void {
    const at = id * this.#stride + this.#address;
    this.#records[at] = (this.#records[at]! & KEY) | (marks << 16);
  }

  field(id: number, field: number): number {
    return this.#records[id * this.#stride + this.#address + 1 + field]!;
  }

  setField(id: number, field: number, value: number): void {
    this.#records[id * this.#stride + this.#address + 1 + field] = value;
  }

  /** Word `index` of the address of `id`; 0 beyond the family's. */
  word(id: number, index: number): number {
    return index < this.#address ? this.#records[id * this.#stride + index]! : 0;
  }

  #keyWord(id: number): number {
    return this.#records[id * this.#stride + this.#address]!;
  }

  /** @returns 0 where it is not there */
  find(w0: number, w1: number, w2: number, w3: number, length: number, layer: number): number {
    const key = length | (layer << 8);
    const hash = this.#hash(w0, w1, w2, w3, key);
    const slots = this.#shards[hash & 0xff]!;
    const mask = slots.length - 1;
    const home = (hash >>> 8) & mask;
    for (let distance = 0; ; distance++) {
      const slot = slots[(home + distance) & mask]!;
      if (slot === 0) return 0;
      if (slot >>> DISTANCE !== tagOf(hash, distance)) continue;
      if (this.#is(slot & ID, w0, w1, w2, w3, key)) return slot & ID;
    }
  }

  /** @returns the number it has, or is given; 0 where the table is full */
  add(w0: number, w1: number, w2: number, w3: number, length: number, layer: number): number {
    const known = this.find(w0, w1, w2, w3, length, layer);
    if (known !== 0) return known;
    const id = this.#take();
    if (id === 0) return 0;
    const key = length | (layer << 8);
    const at = id * this.#stride;
    const records = this.#records;
    records[at] = w0;
    if (this.#address === 4) {
      records[at + 1] = w1;
      records[at + 2] = w2;
      records[at + 3] = w3;
    }
    records[at + this.#address] = key;
    for (let field = at + this.#address + 1; field < at + this.#stride; field++) records[field] = 0;
    this.#insert(this.#hash(w0, w1, w2, w3, key), id);
    return id;
  }

  remove(id: number): void {
    if (!this.has(id)) bug(`no prefix ${id}`);
    const hash = this.#hashOf(id);
    const shard = hash & 0xff;
    const slots = this.#shards[shard]!;
    const mask = slots.length - 1;
    let at = (hash >>> 8) & mask;
    while ((slots[at]! & ID) !== id) at = (at + 1) & mask;
    this.#closeGap(slots, mask, at);
    this.#used[shard]!--;
    this.#records[id * this.#stride + this.#address] = FREE;
    this.#records[id * this.#stride] = this.#firstFree;
    this.#firstFree = id;
    this.#size--;
  }

  #take(): number {
    const id = this.#firstFree;
    if (id === 0 && this.#end > this.#most) return 0;
    this.#size++;
    if (id === 0) return this.#end++;
    this.#firstFree = this.#records[id * this.#stride]!;
    return id;
  }

  /** Moves back what was displaced over the slot that is now empty. */
  #closeGap(slots: Uint32Array, mask: number, gap: number): void {
    let hole = gap;
    for (let at = (gap + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const slot = slots[at]! | 0;
      let distance = (slot >>> DISTANCE) & FAR;
      if (distance === FAR) distance = (at - (this.#hashOf(slot & ID) >>> 8)) & mask;
      const left = distance - ((at - hole) & mask);
      if (left < 0) continue;
      slots[hole] = slotOf(slot, left, slot & ID);
      hole = at;
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
    const slots = reserve(Uint32Array, old.length * 2);
    this.#shards[shard] = slots;
    for (const slot of old) {
      if (slot !== 0) place(slots, this.#hashOf(slot & ID), slot & ID);
    }
  }

  /**
   * Has the memory fetched what `find` and `add` of this prefix look at first.
   * @returns whose record they look at then; 0 where the prefix is not there
   */
  first(w0: number, w1: number, w2: number, w3: number, length: number, layer: number): number {
    const hash = this.#hash(w0, w1, w2, w3, length | (layer << 8));
    const slots = this.#shards[hash & 0xff]!;
    return slots[(hash >>> 8) & (slots.length - 1)]! & ID;
  }

  /** Has the memory fetched the records of these prefixes, all at the same time. */
  fetch(ids: Uint32Array): void {
    const records = this.#records;
    const stride = this.#stride;
    let touched = 0;
    for (const id of ids) touched ^= records[id * stride]! ^ records[id * stride + stride - 1]!;
    this.touched = touched;
  }

  /** Has the memory fetched what `remove` will need of this prefix. @returns something that has to be used */
  touch(id: number): number {
    const hash = this.#hashOf(id);
    const slots = this.#shards[hash & 0xff]!;
    return slots[(hash >>> 8) & (slots.length - 1)]! | 0;
  }

  #is(id: number, w0: number, w1: number, w2: number, w3: number, key: number): boolean {
    const records = this.#records;
    const at = id * this.#stride;
    if (records[at] !== w0 || (records[at + this.#address]! & KEY) !== key) return false;
    return this.#address === 1 || (records[at + 1] === w1 && records[at + 2] === w2 && records[at + 3] === w3);
  }

  #hashOf(id: number): number {
    const records = this.#records;
    const at = id * this.#stride;
    const key = records[at + this.#address]! & KEY;
    if (this.#address === 1) return this.#hash(records[at]!, 0, 0, 0, key);
    return this.#hash(records[at]!, records[at + 1]!, records[at + 2]!, records[at + 3]!, key);
  }

  #hash(w0: number, w1: number, w2: number, w3: number, key: number): number {
    let hash = mix(this.#seed ^ w0 ^ Math.imul(key, 0x9e3779b1));
    if (this.#address === 4) hash = mix(mix(mix(hash ^ w1) ^ w2) ^ w3);
    return hash;
  }
}

function place(slots: Uint32Array, hash: number, id: number): void {
  const mask = slots.length - 1;
  const home = (hash >>> 8) & mask;
  let distance = 0;
  while (slots[(home + distance) & mask] !== 0) distance++;
  slots[(home + distance) & mask] = slotOf(hash, distance, id);
}

const slotOf = (hash: number, distance: number, id: number): number => (tagOf(hash, distance) << DISTANCE) | id;

/** What a slot has above the number. */
const tagOf = (hash: number, distance: number): number => ((hash >>> 28) << 4) | Math.min(distance, FAR);

/** Finaliser of MurmurHash3 (public domain): every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
