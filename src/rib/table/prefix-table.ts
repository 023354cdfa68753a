import type { Family } from "#route/family.ts";
import type { Prefix } from "#route/prefix.ts";

/** What stands in `lengths` for a number that is not in use. */
export const FREE = 255;

/**
 * The prefixes of one family by number. Numbers begin at 1, are given again after `free`, and index the other tables;
 * `links` belongs to the Loc-RIB. What differs by family is in `PrefixTable4` and `PrefixTable6`.
 */
export interface PrefixTable {
  readonly family: Family;
  /** Per prefix two words: newest path, best path; 0 where there is none. */
  readonly links: Uint32Array;
  /** Address words, most significant first, `stride` of them per id. Of a free id: of no meaning. */
  readonly words: Uint32Array;
  readonly stride: 1 | 4;
  /** Length per id; `FREE` where the number is not in use. */
  readonly lengths: Uint8Array;
  /** One past the highest number that was ever given. */
  readonly end: number;
  /** Prefixes in the table. */
  readonly size: number;
  /** Octets reserved for slots that were touched, plus records up to `end`. */
  readonly octets: number;
  lengthOf(id: number): number;
  /** Is `id` in use? */
  has(id: number): boolean;
  /** Word `index` of the address, unsigned. */
  word(id: number, index: number): number;
  /** @returns the number of exactly that prefix, 0 where there is none */
  find(prefix: Prefix): number;
  /** @returns the number of exactly that prefix, which is added where it is missing. @throws TableFull */
  add(prefix: Prefix): number;
  free(id: number): void;
  /** Has the memory fetched that `free` will need. @returns something that has to be used */
  touch(id: number): number;
  /** Most specific prefix of at most `longest` bits around an address for which `accept` holds; 0 where there is none. */
  longestMatch(words: readonly number[], longest: number, accept: (id: number) => boolean): number;
}

export function prefixOf(table: PrefixTable, id: number): Prefix {
  const words = table.family === "ipv4" ? [table.word(id, 0)] : [0, 1, 2, 3].map((index) => table.word(id, index));
  return { family: table.family, words, length: table.lengthOf(id) };
}

/** Negative where `a` comes before `b`: by address, then shorter ones first. */
export function comparePrefixes(table: PrefixTable, a: number, b: number): number {
  const { words, stride, lengths } = table;
  for (let index = 0; index < stride; index++) {
    const difference = words[a * stride + index]! - words[b * stride + index]!;
    if (difference !== 0) return difference;
  }
  return lengths[a]! - lengths[b]!;
}
