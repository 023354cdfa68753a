import { type Address, formatWords, parseAddress } from "./address.ts";
import { bitsOf, type Family } from "./family.ts";

/** An address block; bits beyond `length` are 0. */
export interface Prefix {
  readonly family: Family;
  readonly words: readonly number[];
  /** 0 to 32, or 0 to 128. */
  readonly length: number;
}

/** The part of 32-bit word number `index` that a prefix of `length` bits covers, as an unsigned mask. */
export function maskWord(length: number, index: number): number {
  const bits = length - index * 32;
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** @returns undefined unless `text` is `ADDRESS/LENGTH` with no bit set beyond the length */
export function parsePrefix(text: string): Prefix | undefined {
  const parsed = parseInterfaceAddress(text);
  if (parsed === undefined) return undefined;
  const { prefix, address } = parsed;
  return prefix.words.every((word, index) => word === address.words[index]) ? prefix : undefined;
}

/** `ADDRESS/LENGTH` where the address may have host bits, as interfaces do. */
export function parseInterfaceAddress(text: string): { address: Address; prefix: Prefix } | undefined {
  const [, addressText = "", lengthText = ""] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(addressText);
  if (address === undefined) return undefined;
  const length = Number(lengthText);
  if (length > bitsOf(address.family)) return undefined;
  return { address, prefix: prefixOf(address, length) };
}

/** The block of `length` bits that `address` lies in. */
export function prefixOf(address: Address, length: number): Prefix {
  const words = address.words.map((word, index) => (word & maskWord(length, index)) >>> 0);
  return { family: address.family, words, length };
}

/** The block of one address alone: /32 or /128. */
export const hostPrefix = (address: Address): Prefix => prefixOf(address, bitsOf(address.family));

/** Equal for equal prefixes, as a key of maps: a number where that is enough, which takes no room and is found faster than text. */
export function prefixKey({ words, length }: Prefix): number | string {
  const [first = 0, ...rest] = words;
  return rest.length === 0 ? first * 64 + length : `${words.join(".")}/${length}`;
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatWords(prefix.family, ...(prefix.words as [number, number?, number?, number?]))}/${prefix.length}`;
}

/** Does every address of `inner` (an address, or a block) lie in `outer`? */
export function contains(outer: Prefix, inner: Prefix | Address): boolean {
  if (outer.family !== inner.family) return false;
  if ("length" in inner && inner.length < outer.length) return false;
  return outer.words.every((word, index) => word === (inner.words[index]! & maskWord(outer.length, index)) >>> 0);
}

export const overlaps = (a: Prefix, b: Prefix): boolean => contains(a, b) || contains(b, a);

export const samePrefix = (a: Prefix, b: Prefix): boolean => a.length === b.length && contains(a, b);
