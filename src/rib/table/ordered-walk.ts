import { maskWord, type Prefix } from "#route/prefix.ts";
import { comparePrefixes, FREE, type PrefixTable } from "./prefix-table.ts";

/** Records that one step looks at. */
const SCAN = 65_536;
/** Prefixes that one pass over the records collects, of one or several octets: the fewer passes, the less is looked at in vain. */
const BATCH = 65_536;
/** Prefixes of one octet, by words of an address: what sorts within a millisecond. */
const LARGEST: Readonly<Record<number, number>> = { 1: 16_384, 4: 8192 };
/** From so many prefixes on they are sorted octet by octet, below that by comparing two. */
const MANY = 64;

const NONE = new Uint32Array(0);

/** Part of the table that shares its first `depth` octets, and how many prefixes it has by the octet that follows. */
interface Level {
  readonly depth: number;
  /** Lowest address of the part. */
  readonly first: readonly number[];
  readonly counts: Uint32Array;
  /** Octets below it are done. */
  octet: number;
}

/** What one pass over the records is for: to count a level, or to collect some octets of it. */
interface Pass {
  readonly level: Level;
  /** Word by word what the addresses that count have in common: `(address & masks) === values`, as signed numbers. */
  readonly masks: readonly number[];
  readonly values: readonly number[];
  /** By octet. */
  readonly found: number[][] | undefined;
  /** Octets to collect. */
  readonly from: number;
  readonly to: number;
  cursor: number;
}

/**
 * All prefixes in order of address and length, or those within one block, some thousand at a time: for `show route` of
 * tables that change meanwhile. There is no ordered index; a batch is found by counting the records by octet, choosing
 * as many octets as fill it, collecting these, and sorting each when its turn comes. Prefixes that come while the walk goes on may be missed; those
 * that stay are seen once.
 */
export class OrderedWalk {
  readonly #table: PrefixTable;
  readonly #within: Prefix | undefined;
  readonly #levels: Level[] = [];
  #pass: Pass | undefined;
  /** Collected octets, the next one last. */
  #ready: number[][] = [];
  /** How many octets these have in common. */
  #common = 0;

  constructor(table: PrefixTable, within?: Prefix) {
    this.#table = table;
    this.#within = within;
    this.#count(0, new Array<number>(table.stride).fill(0));
  }

  /** @returns the next ids in order, often none yet; undefined at the end */
  step(): Uint32Array | undefined {
    const next = this.#ready.pop();
    if (next !== undefined) return sorted(this.#table, next, this.#common);
    if (this.#pass !== undefined) {
      this.#scan(this.#pass);
      return NONE;
    }
    const level = this.#levels.at(-1);
    if (level === undefined) return undefined;
    while (level.octet < 256 && level.counts[level.octet] === 0) level.octet++;
    if (level.octet === 256) {
      this.#levels.pop();
      return NONE;
    }
    this.#choose(level);
    return NONE;
  }

  /** The next octets of `level`: as many as make a batch, or one that is too much for one, part by part. */
  #choose(level: Level): void {
    const { counts } = level;
    const largest = LARGEST[this.#table.stride]!;
    const from = level.octet;
    let sum = counts[from]!;
    if (sum > largest && level.depth + 1 < this.#table.stride * 4) {
      level.octet++;
      this.#count(level.depth + 1, withOctet(level.first, level.depth, from));
      return;
    }
    let to = from;
    while (to < 255 && counts[to + 1]! <= largest && sum + counts[to + 1]! <= BATCH) sum += counts[++to]!;
    level.octet = to + 1;
    const found = Array.from({ length: to - from + 1 }, () => []);
    this.#begin(level, found, from, to);
  }

  #count(depth: number, first: readonly number[]): void {
    this.#begin({ depth, first, counts: new Uint32Array(256), octet: 0 }, undefined, 0, 255);
  }

  /** A level has only octets in which something lies within the block, so that one of the two contains the other. */
  #begin(level: Level, found: number[][] | undefined, from: number, to: number): void {
    const { words = [], length = 0 } = this.#within ?? {};
    const masks = level.first.map((_, index) => maskWord(level.depth * 8, index) | maskWord(length, index));
    const values = level.first.map((word, index) => word | (words[index] ?? 0));
    this.#pass = { level, masks, values, found, from, to, cursor: 1 };
  }

  #scan(pass: Pass): void {
    const table = this.#table;
    const { words, stride, lengths } = table;
    const { level, masks, values, found, from, to } = pass;
    const [mask, value] = [masks[0]!, values[0]!];
    const [word, shift] = [level.depth >>> 2, 24 - (level.depth & 3) * 8];
    const shortest = this.#within?.length ?? 0;
    const oneWord = masks.every((each, index) => index === 0 || each === 0);
    const end = Math.min(pass.cursor + SCAN, table.end);
    for (let id = pass.cursor; id < end; id++) {
      const length = lengths[id]!;
      if (length === FREE || length < shortest || (words[id * stride]! & mask) !== value) continue;
      if (!oneWord && !agrees(words, id * stride, masks, values)) continue;
      const octet = (words[id * stride + word]! >>> shift) & 255;
      if (found === undefined) level.counts[octet]!++;
      else if (octet >= from && octet <= to) found[octet - from]!.push(id);
    }
    pass.cursor = end;
    if (end < table.end) return;
    this.#pass = undefined;
    if (found === undefined) {
      this.#levels.push(level);
      return;
    }
    this.#ready = found.filter(({ length }) => length > 0).reverse();
    this.#common = level.depth + 1;
  }
}

function agrees(words: Uint32Array, at: number, masks: readonly number[], values: readonly number[]): boolean {
  return masks.every((mask, index) => (words[at + index]! & mask) === values[index]);
}

function withOctet(first: readonly number[], depth: number, octet: number): number[] {
  const words = [...first];
  words[depth >>> 2] = (words[depth >>> 2]! | (octet << (24 - (depth & 3) * 8))) >>> 0;
  return words;
}

/** @param common octets in which all of `ids` are the same */
function sorted(table: PrefixTable, ids: number[], common: number): Uint32Array {
  if (ids.length < MANY) return new Uint32Array(ids.sort((a, b) => comparePrefixes(table, a, b)));
  const { words, stride, lengths } = table;
  let order = new Uint32Array(ids);
  let next = new Uint32Array(ids.length);
  const sortBy = (keyOf: (id: number) => number): void => {
    if (distribute(order, next, keyOf)) [order, next] = [next, order];
  };
  sortBy((id) => lengths[id]!);
  for (let octet = stride * 4 - 1; octet >= common; octet--) {
    const [word, shift] = [octet >>> 2, 24 - (octet & 3) * 8];
    sortBy((id) => (words[id * stride + word]! >>> shift) & 255);
  }
  return order;
}

/** Puts `ids` in the order of a key of 0 to 255; equals stay as they are. @returns false where all are equal and nothing was put */
function distribute(ids: Uint32Array, into: Uint32Array, keyOf: (id: number) => number): boolean {
  const places = new Uint32Array(256);
  for (let at = 0; at < ids.length; at++) places[keyOf(ids[at]!)]!++;
  if (places[keyOf(ids[0]!)] === ids.length) return false;
  for (let key = 0, place = 0; key < 256; key++) {
    const count = places[key]!;
    places[key] = place;
    place += count;
  }
  for (let at = 0; at < ids.length; at++) into[places[keyOf(ids[at]!)]!++] = ids[at]!;
  return true;
}
