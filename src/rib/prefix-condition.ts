import type { PolicyMatch } from "#config/node-config.ts";
import { maskWord } from "#route/prefix.ts";
import type { PrefixTable } from "./table/prefix-table.ts";

/** The blocks that a statement names, compiled for one table, whose prefixes are compared where they stand. */
export class PrefixCondition {
  readonly #table: PrefixTable;
  /** Per block of the table's family: shortest and longest length, then `stride` pairs of a word and its mask. */
  readonly #blocks: Uint32Array;

  constructor(table: PrefixTable, blocks: NonNullable<PolicyMatch["prefixes"]>) {
    this.#table = table;
    const own = blocks.filter(({ prefix }) => prefix.family === table.family);
    this.#blocks = Uint32Array.from(
      own.flatMap(({ prefix: { words, length }, minLength, maxLength }) => [
        Math.max(minLength, length),
        maxLength,
        ...words.flatMap((word, index) => [word, maskWord(length, index)]),
      ]),
    );
  }

  /** Does prefix number `id` lie in one of the blocks, with a length that it allows? */
  holds(id: number): boolean {
    const { words, lengths, stride } = this.#table;
    const blocks = this.#blocks;
    const length = lengths[id]!;
    const last = (id + 1) * stride;
    for (let block = 0; block < blocks.length; block += 2 + 2 * stride) {
      if (length < blocks[block]! || length > blocks[block + 1]!) continue;
      let at = block + 2;
      let word = id * stride;
      while (word < last && (words[word]! & blocks[at + 1]!) >>> 0 === blocks[at]!) {
        word++;
        at += 2;
      }
      if (word === last) return true;
    }
    return false;
  }
}
