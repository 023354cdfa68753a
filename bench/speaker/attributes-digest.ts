import { mix } from "./mix.ts";

/** Two hashes of a set of attributes, and where the NLRI of RFC 4760 lie in it; all zero where there are none. */
export interface Digest {
  lane0: number;
  lane1: number;
  reachStart: number;
  reachEnd: number;
  unreachStart: number;
  unreachEnd: number;
}

/** Attributes that a daemon may change by its own lights, or must: NEXT_HOP, MED, LOCAL_PREF, ORIGINATOR_ID, CLUSTER_LIST. */
const ignored: ReadonlySet<number> = new Set([3, 4, 5, 9, 10]);

/**
 * Hashes attributes so that equal routes told by different daemons are equal: attributes in any order, communities in any
 * order, path segments cut anywhere.
 * @param toldBy left out where it is the first AS number of the path
 */
export function attributesDigest(
  bytes: Uint8Array,
  start: number,
  end: number,
  toldBy: number | undefined,
  out: Digest,
): void {
  out.lane0 = out.lane1 = out.reachStart = out.reachEnd = out.unreachStart = out.unreachEnd = 0;
  for (let at = start; at < end; ) {
    const type = bytes[at + 1]!;
    const wide = (bytes[at]! & 0x10) !== 0;
    const value = at + (wide ? 4 : 3);
    const next = value + (wide ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!);
    if (type === 14) {
      out.reachStart = value + 5 + bytes[value + 3]!;
      out.reachEnd = next;
    } else if (type === 15) {
      out.unreachStart = value + 3;
      out.unreachEnd = next;
    } else if (!ignored.has(type)) {
      add(out, type, hashValue(bytes, type, value, next, toldBy));
    }
    at = next;
  }
}

function add(out: Digest, type: number, hash: number): void {
  out.lane0 = (out.lane0 + mix(hash, type)) | 0;
  out.lane1 = (out.lane1 + mix(type + 0x1234567, hash)) | 0;
}

function hashValue(bytes: Uint8Array, type: number, start: number, end: number, toldBy: number | undefined): number {
  switch (type) {
    case 2:
      return pathHash(bytes, start, end, toldBy);
    case 8:
      return bagHash(bytes, start, end, 4);
    case 16:
      return bagHash(bytes, start, end, 8);
    case 32:
      return bagHash(bytes, start, end, 12);
    default:
      return octetsHash(bytes, start, end);
  }
}

function pathHash(bytes: Uint8Array, start: number, end: number, toldBy: number | undefined): number {
  let h = 0;
  for (let at = start; at < end; ) {
    const kind = bytes[at]!;
    const last = at + 2 + bytes[at + 1]! * 4;
    for (let as = at + 2; as < last; as += 4) {
      const number = u32(bytes, as);
      if (as !== start + 2 || number !== toldBy) h = mix(h, number + kind);
    }
    at = last;
  }
  return h;
}

function bagHash(bytes: Uint8Array, start: number, end: number, octets: number): number {
  let h = 0;
  for (let at = start; at < end; at += octets) h = (h + octetsHash(bytes, at, at + octets)) | 0;
  return h;
}

function octetsHash(bytes: Uint8Array, start: number, end: number): number {
  let h = 0;
  for (let at = start; at < end; at++) h = mix(h, bytes[at]!);
  return h;
}

const u32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
