import { EXTENDED_LENGTH } from "./attributes/attribute.ts";

/*
 * Hot: walks through stored attribute sets, which are known to be well formed; `at` is where an attribute begins.
 */

/** Where the value of the attribute at `at` begins. */
export const valueAt = (set: Uint8Array, at: number): number => ((set[at]! & EXTENDED_LENGTH) === 0 ? at + 3 : at + 4);

/** Where the attribute at `at` ends. */
export const endOf = (set: Uint8Array, at: number): number =>
  (set[at]! & EXTENDED_LENGTH) === 0 ? at + 3 + set[at + 2]! : at + 4 + ((set[at + 2]! << 8) | set[at + 3]!);

export const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** A copy of `set[start, end)` with the attributes in ascending type order. Rare: senders sort. */
export function sortAttributes(set: Uint8Array, start: number, end: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = start; at < end; at = endOf(set, at)) parts.push(set.subarray(at, endOf(set, at)));
  const sorted = new Uint8Array(end - start);
  let to = 0;
  for (const part of parts.sort((a, b) => a[1]! - b[1]!)) {
    sorted.set(part, to);
    to += part.length;
  }
  return sorted;
}
