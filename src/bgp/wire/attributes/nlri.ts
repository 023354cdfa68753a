import type { Reader, Writer } from "#lib/bytes.ts";
import { fromOctets, toOctets } from "#route/address.ts";
import { bitsOf, type Family } from "#route/family.ts";
import { type Prefix, prefixOf } from "#route/prefix.ts";

/** Prefixes to the end of `value` (RFC 4271 §4.3). @returns undefined for a length out of range or an overrun (RFC 7606 §5.3) */
export function decodeNlri(value: Reader, family: Family): Prefix[] | undefined {
  const prefixes: Prefix[] = [];
  const octets = new Uint8Array(bitsOf(family) / 8);
  while (value.remaining > 0) {
    const length = value.u8();
    const size = (length + 7) >> 3;
    if (length > bitsOf(family) || size > value.remaining) return undefined;
    octets.fill(0);
    octets.set(value.take(size));
    prefixes.push(prefixOf(fromOctets(octets), length));
  }
  return prefixes;
}

export function encodeNlri(out: Writer, prefixes: readonly Prefix[]): void {
  for (const prefix of prefixes) {
    out.u8(prefix.length).put(toOctets(prefix).subarray(0, (prefix.length + 7) >> 3));
  }
}
