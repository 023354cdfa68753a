import { maskWord, type Prefix } from "#route/prefix.ts";
import { comparePrefixes, FREE, type PrefixTable } from "./prefix-table.ts";

/** Records that one step looks at. */
const SCAN = 65_536;
/** Prefixes that one pass over the records collects, of one or several octets. */
const BATCH = 16_384;
/** Prefixes of one octet, by words of an address: what sorts within a millisecond or two. */
const LARGEST: Readonly<Record<number, number>> = { 1: BATCH, 4: 4096 };

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

  constructor(table: PrefixTable, within?: Prefix) {
    this.#table = table;
    this.#within = within;
    this.#count(0, new Array<number>(table.stride).fill(0));
  }

  /** @returns the next ids in order, often none yet; undefined at the end */
  step(): readonly number[] | undefined {
    const next = this.#ready.pop();
    if (next !== undefined) return sorted(this.#table, next);
    if (this.#pass !== undefined) {
      this.#scan(this.#pass);
      return [];
    }
    const level = this.#levels.at(-1);
    if (level === undefined) return undefined;
    while (level.octet < 256 && level.counts[level.octet] === 0) level.octet++;
    if (level.octet === 256) {
      this.#levels.pop();
      return [];
    }
    this.#choose(level);
    return [];
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
    this.#pass = { level, found: Array.from({ length: to - from + 1 }, () => []), from, to, cursor: 1 };
  }

  #count(depth: number, first: readonly number[]): void {
    const level = { depth, first, counts: new Uint32Array(256), octet: 0 };
    this.#pass = { level, found: undefined, from: 0, to: 255, cursor: 1 };
  }

  #scan(pass: Pass): void {
    const table = this.#table;
    const { level, found, from, to } = pass;
    const end = Math.min(pass.cursor + SCAN, table.end);
    for (let id = pass.cursor; id < end; id++) {
      if (table.lengths[id] === FREE || !this.#isInside(id, level)) continue;
      const octet = octetOf(table, id, level.depth);
      if (found === undefined) level.counts[octet]!++;
      else if (octet >= from && octet <= to) found[octet - from]!.push(id);
    }
    pass.cursor = end;
    if (end < table.end) return;
    this.#pass = undefined;
    if (found === undefined) this.#levels.push(level);
    else this.#ready = found.filter(({ length }) => length > 0).reverse();
  }

  #isInside(id: number, { depth, first }: Level): boolean {
    const { words, stride } = this.#table;
    for (let index = 0; index * 4 < depth; index++) {
      if ((words[id * stride + index]! & maskWord(depth * 8, index)) >>> 0 !== first[index]) return false;
    }
    const within = this.#within;
    if (within === undefined) return true;
    if (this.#table.lengths[id]! < within.length) return false;
    for (let index = 0; index * 32 < within.length; index++) {
      if ((words[id * stride + index]! & maskWord(within.length, index)) >>> 0 !== within.words[index]) return false;
    }
    return true;
  }
}

const octetOf = ({ words, stride }: PrefixTable, id: number, depth: number): number =>
  (words[id * stride + (depth >>> 2)]! >>> (24 - (depth & 3) * 8)) & 255;

function withOctet(first: readonly number[], depth: number, octet: number): number[] {
  const words = [...first];
  words[depth >>> 2] = (words[depth >>> 2]! | (octet << (24 - (depth & 3) * 8))) >>> 0;
  return words;
}

/**
 * IPv4 sorts as numbers, without a comparison function: 32 bits of address, 6 of length, then the place in `ids`, for which
 * 14 bits are left. A table that grew since it was counted may bring more.
 */
function sorted(table: PrefixTable, ids: number[]): readonly number[] {
  if (table.family === "ipv6" || ids.length > 2 ** 14) return ids.sort((a, b) => comparePrefixes(table, a, b));
  const { words, lengths } = table;
  const keys = new Float64Array(ids.length);
  for (let at = 0; at < ids.length; at++) keys[at] = (words[ids[at]!]! * 64 + lengths[ids[at]!]!) * 2 ** 14 + at;
  keys.sort();
  return Array.from(keys, (key) => ids[key % 2 ** 14]!);
}
