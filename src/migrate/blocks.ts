import { parseAddress } from "#route/address.ts";
import { bitsOf } from "#route/family.ts";
import { formatPrefix, parseInterfaceAddress, prefixOf } from "#route/prefix.ts";

/** More than this of one range would be no readable manifest. */
const MOST = 256;

/**
 * The blocks that make up an address pool as MetalLB writes it: a CIDR, or a range `FIRST-LAST`, which need not be whole
 * blocks. @returns undefined where it is neither, or takes too many blocks
 */
export function blocksOf(text: string): readonly string[] | undefined {
  const [from = "", to] = text.split("-").map((each) => each.trim());
  if (to === undefined) {
    const block = parseInterfaceAddress(from);
    return block === undefined ? undefined : [formatPrefix(block.prefix)];
  }
  const [first, last] = [parseAddress(from), parseAddress(to)];
  if (first === undefined || last === undefined || first.family !== last.family) return undefined;
  const bits = bitsOf(first.family);
  const blocks: string[] = [];
  let at = numberOf(first.words);
  for (const end = numberOf(last.words); at <= end; ) {
    if (blocks.length === MOST) return undefined;
    let size = 0;
    while (size < bits && (at >> BigInt(size)) % 2n === 0n && at + (1n << BigInt(size + 1)) - 1n <= end) size++;
    blocks.push(formatPrefix(prefixOf({ family: first.family, words: wordsOf(at, bits) }, bits - size)));
    at += 1n << BigInt(size);
  }
  return blocks.length === 0 ? undefined : blocks;
}

const numberOf = (words: readonly number[]): bigint => words.reduce((value, word) => (value << 32n) | BigInt(word), 0n);

const wordsOf = (value: bigint, bits: number): number[] =>
  Array.from({ length: bits / 32 }, (_, index) => Number((value >> BigInt(bits - 32 * (index + 1))) & 0xffff_ffffn));
