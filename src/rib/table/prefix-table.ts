import type { Family } from "#route/family.ts";
import type { Prefix } from "#route/prefix.ts";

/**
 * The prefixes of one family by number. Numbers begin at 1, are given again after `free`, and index the other tables;
 * `links` belongs to the Loc-RIB. What differs by family is in `PrefixTable4` and `PrefixTable6`.
 */
export interface PrefixTable {
  readonly family: Family;
  /** Per prefix two words: newest path, best path; 0 where there is none. */
  readonly links: Uint32Array;
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
  /** Most specific prefix of at most `longest` bits around an address for which `accept` holds; 0 where there is none. */
  longestMatch(words: readonly number[], longest: number, accept: (id: number) => boolean): number;
}

export function prefixOf(table: PrefixTable, id: number): Prefix {
  const words = table.family === "ipv4" ? [table.word(id, 0)] : [0, 1, 2, 3].map((index) => table.word(id, index));
  return { family: table.family, words, length: table.lengthOf(id) };
}
