/*
 * What RFC 4271 §6.2, RFC 5492, RFC 6286, RFC 7607 and RFC 9072 say of an OPEN, read off their pages: nothing here is
 * shared with `src`.
 */

export interface Expected {
  readonly localAs: number;
  readonly localRouterId: number;
  readonly remoteAs: number;
  /** Families that we speak. */
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

const u16 = (octets: Uint8Array, at: number): number => (octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0);
const u32 = (octets: Uint8Array, at: number): number => u16(octets, at) * 65_536 + u16(octets, at + 2);

interface Tlv {
  readonly type: number;
  readonly value: Uint8Array;
}

/** @returns those up to one that is longer than what there is: then they are not `whole` */
function tlvs(octets: Uint8Array, lengthOctets: 1 | 2): { found: Tlv[]; whole: boolean } {
  const found: Tlv[] = [];
  for (let at = 0; at < octets.length; ) {
    const start = at + 1 + lengthOctets;
    const end = start + (lengthOctets === 1 ? (octets[at + 1] ?? 0) : u16(octets, at + 1));
    if (start > octets.length || end > octets.length) return { found, whole: false };
    found.push({ type: octets[at] ?? 0, value: octets.subarray(start, end) });
    at = end;
  }
  return { found, whole: true };
}

/** RFC 4271 §4.2, RFC 9072 §2. */
function parameters(message: Uint8Array): { found: Tlv[]; whole: boolean } {
  const length = message[28] ?? 0;
  const extended = length > 0 && message[29] === 255;
  const start = extended ? 32 : 29;
  const told = extended ? u16(message, 30) : length;
  if (start > message.length || told !== message.length - start) return { found: [], whole: false };
  return tlvs(message.subarray(start), extended ? 2 : 1);
}

/** @returns subcodes of which one must be sent; none: the OPEN is good */
export function judgeOpen(
  message: Uint8Array,
  { localAs, localRouterId, remoteAs, ...ours }: Expected,
): ReadonlySet<string> {
  const faults = new Set<string>();
  if (message[19] !== 4) faults.add("2/1 0004");
  if (u16(message, 22) === 1 || u16(message, 22) === 2) faults.add("2/6");
  const { found, whole } = parameters(message);
  const capabilities: Tlv[] = [];
  if (!whole) faults.add("2/0");
  for (const { type, value } of found) {
    const inside = tlvs(value, 1);
    if (type !== 2) faults.add("2/4");
    else if (!inside.whole) faults.add("2/0");
    capabilities.push(...inside.found);
  }
  if (faults.size > 0) return faults;
  const wide = capabilities.findLast(({ type, value }) => type === 65 && value.length === 4);
  const as = wide === undefined ? u16(message, 20) : u32(wide.value, 0);
  const id = u32(message, 24);
  if (as === 0 || as !== remoteAs) faults.add("2/2");
  if (id === 0 || (as === localAs && id === localRouterId)) faults.add("2/3");
  const spoken = capabilities.filter(({ type, value }) => type === 1 && value.length === 4).map(({ value }) => value);
  const speaks = (afi: number): boolean => spoken.some((value) => u16(value, 0) === afi && value[3] === 1);
  // RFC 4760 §8: without a word about families it is one of IPv4.
  const common = (ours.ipv4 && (spoken.length === 0 || speaks(1))) || (ours.ipv6 && speaks(2));
  if (!common) faults.add("2/7");
  return faults;
}
