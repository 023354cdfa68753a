import { type Reader, Writer } from "#lib/bytes.ts";
import type { LargeCommunity } from "#route/attributes.ts";
import { type AttributeCodec, decodeList, OPTIONAL, TRANSITIVE } from "./attribute.ts";

const OCTETS = 12;
/** Up to so many are compared with one another; more go through a set. */
const FEW = 16;

/**
 * LARGE_COMMUNITY (RFC 8092 §3). Malformed when empty or not a multiple of 12 octets (RFC 8092 §6). None is sent twice
 * (RFC 8092 §3).
 */
export const largeCommunities: AttributeCodec<readonly LargeCommunity[]> = {
  code: 32,
  name: "LARGE_COMMUNITY",
  flags: OPTIONAL | TRANSITIVE,
  whenMalformed: "withdraw",
  decode: (value) => decodeList(value, OCTETS, (reader) => [reader.u32(), reader.u32(), reader.u32()] as const),
  encode(out, list) {
    for (const [administrator, first, second] of unique(list)) out.u32(administrator).u32(first).u32(second);
  },
};

const unique = (list: readonly LargeCommunity[]): LargeCommunity[] => [
  ...new Map(list.map((community) => [community.join(":"), community])).values(),
];

/** Hot: is a community of `bytes[start, end)`, whole ones, there twice? */
export function hasDuplicates(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > FEW * OCTETS) return hasDuplicatesAmongMany(bytes, start, end);
  for (let one = start + OCTETS; one < end; one += OCTETS) {
    for (let other = start; other < one; other += OCTETS) {
      let same = 0;
      while (same < OCTETS && bytes[one + same] === bytes[other + same]) same++;
      if (same === OCTETS) return true;
    }
  }
  return false;
}

function hasDuplicatesAmongMany(bytes: Uint8Array, start: number, end: number): boolean {
  const seen = new Set<string>();
  for (let at = start; at < end; at += OCTETS) seen.add(bytes.subarray(at, at + OCTETS).join());
  return seen.size < (end - start) / OCTETS;
}

/** The value without those that were there before; undefined where it is malformed (RFC 8092 §3). */
export function withoutDuplicates(value: Reader): Uint8Array | undefined {
  const list = largeCommunities.decode(value);
  if (list === undefined) return undefined;
  const out = new Writer();
  largeCommunities.encode(out, list);
  return out.finish();
}
