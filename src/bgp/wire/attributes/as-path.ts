import type { Reader, Writer } from "#lib/bytes.ts";
import { type AsPath, type AsPathSegment, LONGEST_SEGMENT, type SegmentKind } from "#route/as-path.ts";
import { type AttributeCodec, TRANSITIVE } from "./attribute.ts";

/** AS numbers take 2 octets between old speakers, 4 between new ones and in stored sets (RFC 6793 §3). */
export type AsOctets = 2 | 4;

/** Segment types (RFC 4271 §4.3). */
export const AS_SET = 1;
export const AS_SEQUENCE = 2;

/** By type; confederation segments come only from inside a confederation, and Linnet is never in one (RFC 5065 §5). */
const kinds: readonly (SegmentKind | undefined)[] = [undefined, "set", "sequence"];

/** Stands in 2-octet fields for an AS number that needs 4 (RFC 6793 §3). */
export const AS_TRANS = 23456;

/**
 * @returns undefined for an unknown segment type, an empty segment, a segment that overruns, a lone octet (RFC 7606 §7.2),
 * or AS number 0 (RFC 7607 §2)
 */
export function decodeAsPath(value: Reader, asOctets: AsOctets): AsPath | undefined {
  const path: AsPathSegment[] = [];
  while (value.remaining > 0) {
    if (value.remaining < 2) return undefined;
    const kind = kinds[value.u8()];
    const count = value.u8();
    if (kind === undefined || count === 0 || value.remaining < count * asOctets) return undefined;
    const members = Array.from({ length: count }, () => (asOctets === 4 ? value.u32() : value.u16()));
    if (members.includes(0)) return undefined;
    path.push({ kind, members });
  }
  return path;
}

/** Long sequences are split; with 2 octets, AS_TRANS stands for what does not fit. */
export function encodeAsPath(out: Writer, path: AsPath, asOctets: AsOctets): void {
  for (const { kind, members } of path) {
    for (let at = 0; at < members.length; at += LONGEST_SEGMENT) {
      const part = members.slice(at, at + LONGEST_SEGMENT);
      out.u8(kinds.indexOf(kind)).u8(part.length);
      for (const as of part) {
        if (asOctets === 4) out.u32(as);
        else out.u16(as > 0xffff ? AS_TRANS : as);
      }
    }
  }
}

/** AS_PATH (RFC 4271 §5.1.2), in the 4-octet form (RFC 6793 §3). It may be empty. */
export const asPath: AttributeCodec<AsPath> = {
  code: 2,
  name: "AS_PATH",
  flags: TRANSITIVE,
  whenMalformed: "withdraw",
  decode: (value) => decodeAsPath(value, 4),
  encode: (out, path) => encodeAsPath(out, path, 4),
};
