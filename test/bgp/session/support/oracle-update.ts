/*
 * What RFC 4271 §6.3, RFC 7606 and RFC 6793 say of an UPDATE, read off their pages: nothing here is shared with `src`.
 * Which routes of which outcome; what becomes of the attributes is for `test/bgp/wire/update-twin.test.ts`.
 */

/** What is agreed between the two speakers. */
export interface Agreed {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly external: boolean;
  readonly remoteAs: number;
  readonly fourOctetAs: boolean;
  readonly extendedNextHop: boolean;
}

/** Codes and subcodes of which one must be sent, or what the routes come to: `+2001:0db8/32` in hexadecimal. */
export type Outcome =
  | { readonly reset: ReadonlySet<string> }
  | { readonly outcome: "ok" | "discarded" | "withdrawn"; readonly routes: readonly string[] };

type Severity = 1 | 2 | 3;
const discard = 1;
const withdraw = 2;
const reset = 3;

interface Attribute {
  readonly flags: number;
  readonly code: number;
  readonly value: Uint8Array;
}

interface Rule {
  /** Optional and Transitive. */
  readonly flags: number;
  readonly malformed: Severity;
  /** RFC 7606 §7.5, §7.9, §7.10: discarded when an external neighbour sends it. */
  readonly internal?: true;
  readonly good: (value: Uint8Array, agreed: Agreed) => boolean;
}

const u16 = (octets: Uint8Array, at: number): number => (octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0);
const u32 = (octets: Uint8Array, at: number): number => u16(octets, at) * 65_536 + u16(octets, at + 2);
const exactly =
  (octets: number) =>
  ({ length }: Uint8Array): boolean =>
    length === octets;
const multiple =
  (octets: number) =>
  ({ length }: Uint8Array): boolean =>
    length > 0 && length % octets === 0;

const rules: Readonly<Record<number, Rule>> = {
  1: { flags: 0x40, malformed: withdraw, good: (value) => value.length === 1 && (value[0] ?? 3) <= 2 },
  2: {
    flags: 0x40,
    malformed: withdraw,
    good: (value, { fourOctetAs }) => path(value, fourOctetAs ? 4 : 2) !== undefined,
  },
  3: { flags: 0x40, malformed: withdraw, good: (value) => value.length === 4 && isHost4(value) },
  4: { flags: 0x80, malformed: withdraw, good: exactly(4) },
  5: { flags: 0x40, malformed: withdraw, internal: true, good: exactly(4) },
  6: { flags: 0x40, malformed: discard, good: exactly(0) },
  7: { flags: 0xc0, malformed: discard, good: (value, { fourOctetAs }) => isAggregator(value, fourOctetAs ? 4 : 2) },
  8: { flags: 0xc0, malformed: withdraw, good: multiple(4) },
  9: { flags: 0x80, malformed: withdraw, internal: true, good: exactly(4) },
  10: { flags: 0x80, malformed: withdraw, internal: true, good: multiple(4) },
  16: { flags: 0xc0, malformed: withdraw, good: multiple(8) },
  17: { flags: 0xc0, malformed: discard, good: (value, { fourOctetAs }) => !fourOctetAs && path4(value) !== undefined },
  18: { flags: 0xc0, malformed: discard, good: (value, { fourOctetAs }) => !fourOctetAs && isAggregator(value, 4) },
  32: { flags: 0xc0, malformed: withdraw, good: multiple(12) },
};

/** Not a host: this network, multicast and what is reserved. */
const isHost4 = (value: Uint8Array): boolean => u32(value, 0) !== 0 && (value[0] ?? 0) < 224;

/** RFC 7607 §2: AS 0 is malformed. */
const isAggregator = (value: Uint8Array, asOctets: 2 | 4): boolean =>
  value.length === asOctets + 4 && (asOctets === 4 ? u32(value, 0) : u16(value, 0)) !== 0;

interface Segment {
  readonly kind: number;
  readonly members: readonly number[];
}

function segments(value: Uint8Array, asOctets: 2 | 4, kinds: readonly number[]): Segment[] | undefined {
  const found: Segment[] = [];
  for (let at = 0; at < value.length; ) {
    const [kind = 0, count = 0] = value.subarray(at, at + 2);
    const end = at + 2 + count * asOctets;
    if (at + 2 > value.length || count === 0 || end > value.length || !kinds.includes(kind)) return undefined;
    const members: number[] = [];
    for (let as = at + 2; as < end; as += asOctets) members.push(asOctets === 4 ? u32(value, as) : u16(value, as));
    if (members.includes(0) && kind <= 2) return undefined;
    found.push({ kind, members });
    at = end;
  }
  return found;
}

/** RFC 7606 §7.2: sets and sequences, none empty; nothing of confederations, as Linnet is in none. */
const path = (value: Uint8Array, asOctets: 2 | 4): Segment[] | undefined => segments(value, asOctets, [1, 2]);

/** RFC 6793 §6: confederation segments are left out of AS4_PATH, and it is of no use where nothing is left. */
function path4(value: Uint8Array): Segment[] | undefined {
  const plain = segments(value, 4, [1, 2, 3, 4])?.filter(({ kind }) => kind <= 2);
  return plain === undefined || plain.length === 0 ? undefined : plain;
}

/** A set counts as one (RFC 4271 §9.1.2.2 (a), RFC 6793 §4.2.3). */
const lengthOf = (list: readonly Segment[]): number =>
  list.reduce((sum, { kind, members }) => sum + (kind === 1 ? 1 : members.length), 0);

/** The neighbour's own AS stands first, in a sequence (RFC 4271 §6.3); with an old speaker, after AS4_PATH was worked in. */
function beginsWith(remoteAs: number, attributes: readonly Attribute[], fourOctetAs: boolean): boolean {
  const value = (code: number): Uint8Array | undefined => attributes.find((one) => one.code === code)?.value;
  const old = path(value(2) ?? new Uint8Array(), fourOctetAs ? 4 : 2) ?? [];
  const wideValue = value(17);
  const wide = !fourOctetAs && wideValue !== undefined ? path4(wideValue) : undefined;
  const aggregator = value(7);
  const barred = aggregator !== undefined && isAggregator(aggregator, 2) && u16(aggregator, 0) !== 23_456;
  const merges = wide !== undefined && !barred && lengthOf(old) >= lengthOf(wide);
  const first = (merges && lengthOf(old) === lengthOf(wide) ? wide : old)[0];
  return first?.kind === 2 && first.members[0] === remoteAs;
}

/** Prefixes as `0a01/16`; undefined where they cannot be read (RFC 7606 §5.3). */
function prefixes(octets: Uint8Array, bits: number): string[] | undefined {
  const found: string[] = [];
  for (let at = 0; at < octets.length; ) {
    const length = octets[at] ?? 0;
    const size = Math.ceil(length / 8);
    if (length > bits || at + 1 + size > octets.length) return undefined;
    const address = Buffer.alloc(bits / 8);
    address.set(octets.subarray(at + 1, at + 1 + size));
    for (let bit = length; bit < size * 8; bit++) address[bit >> 3] = (address[bit >> 3] ?? 0) & ~(0x80 >> (bit & 7));
    found.push(`${address.toString("hex")}/${length}`);
    at += 1 + size;
  }
  return found;
}

function attributesIn(octets: Uint8Array): { attributes: Attribute[]; cutShort: boolean } {
  const attributes: Attribute[] = [];
  for (let at = 0; at < octets.length; ) {
    const [flags = 0, code = 0, short = 0] = octets.subarray(at, at + 3);
    const head = (flags & 0x10) === 0 ? 3 : 4;
    const end = at + head + (head === 3 ? short : u16(octets, at + 2));
    if (at + head > octets.length || end > octets.length) return { attributes, cutShort: true };
    attributes.push({ flags, code, value: octets.subarray(at + head, end) });
    at = end;
  }
  return { attributes, cutShort: false };
}

const fails = (...subcodes: readonly number[]): Outcome => ({ reset: new Set(subcodes.map((one) => `3/${one}`)) });

/** @param message whole, header included */
export function judgeUpdate(message: Uint8Array, agreed: Agreed): Outcome {
  const withdrawnEnd = 21 + u16(message, 19);
  if (withdrawnEnd + 2 > message.length) return fails(1);
  const attributesEnd = withdrawnEnd + 2 + u16(message, withdrawnEnd);
  if (attributesEnd > message.length) return fails(1);
  const { attributes, cutShort } = attributesIn(message.subarray(withdrawnEnd + 2, attributesEnd));
  const gone = prefixes(message.subarray(21, withdrawnEnd), 32);
  const there = prefixes(message.subarray(attributesEnd), 32);
  const [reach, unreach] = [multiprotocol(attributes, 14, agreed), multiprotocol(attributes, 15, agreed)];
  const fatal = [...reach.fatal, ...unreach.fatal, ...(gone === undefined || there === undefined ? [10] : [])];
  if (fatal.length > 0) return fails(...fatal);

  const classic = agreed.ipv4 ? (there ?? []) : [];
  const strange = !agreed.ipv4 && (gone ?? []).length + (there ?? []).length > 0;
  const others = attributes.filter(({ code }) => code !== 14 && code !== 15);
  const reached = classic.length + reach.prefixes.length;
  const faults: Severity[] = [...reach.faults, ...unreach.faults, ...(strange ? ([discard] as const) : [])];
  if (cutShort) faults.push(withdraw);
  // RFC 4760 §3: NEXT_HOP is nothing to routes in MP_REACH_NLRI.
  const looked = classic.length > 0 || reached === 0 ? others : others.filter(({ code }) => code !== 3);
  if (reached > 0 || others.length > 0 || cutShort) faults.push(...faultsOf(looked, agreed));
  if (reached > 0) {
    const mandatory = classic.length > 0 ? [1, 2, 3] : [1, 2];
    if (mandatory.some((code) => !others.some((one) => one.code === code))) faults.push(withdraw);
    if (reach.prefixes.length > 0 && !reach.host) faults.push(withdraw);
  }
  const worst = Math.max(0, ...faults);
  // RFC 7606 §5.2: without routes to withdraw, what is worse than discard ends the session.
  if (worst === reset || (worst === withdraw && reached === 0)) return fails(1, 2, 3, 4, 5, 6, 8, 9, 11);
  const sign = worst === withdraw ? "-" : "+";
  const routes = [
    ...(agreed.ipv4 ? (gone ?? []) : []).map((one) => `-${one}`),
    ...unreach.prefixes.map((one) => `-${one}`),
    ...[...classic, ...reach.prefixes].map((one) => `${sign}${one}`),
  ];
  return { outcome: worst === 0 ? "ok" : worst === discard ? "discarded" : "withdrawn", routes };
}

/** Attributes other than the multiprotocol ones. */
function faultsOf(attributes: readonly Attribute[], agreed: Agreed): Severity[] {
  const seen = new Set<number>();
  return attributes.flatMap(({ flags, code, value }): Severity[] => {
    const rule = rules[code];
    const again = seen.has(code);
    seen.add(code);
    if (again) return [discard]; // RFC 7606 §3 (g)
    if (rule === undefined) return (flags & 0x80) === 0 ? [reset] : []; // RFC 4271 §6.3: unknown well-known
    if (rule.internal && agreed.external) return [discard];
    if ((flags & 0xc0) !== rule.flags) return [withdraw]; // RFC 7606 §3 (c)
    if (!rule.good(value, agreed)) return [rule.malformed];
    const stranger = code === 2 && agreed.external && !beginsWith(agreed.remoteAs, attributes, agreed.fourOctetAs);
    return stranger ? [withdraw] : [];
  });
}

interface Multiprotocol {
  readonly prefixes: readonly string[];
  readonly faults: readonly Severity[];
  readonly fatal: readonly number[];
  /** The next hop is the address of a host. */
  readonly host: boolean;
}

const none: Multiprotocol = { prefixes: [], faults: [], fatal: [], host: true };

/** RFC 4760 §3, §4 and §7, RFC 7606 §3 (g), §5.3 and §7.11. */
function multiprotocol(attributes: readonly Attribute[], code: 14 | 15, agreed: Agreed): Multiprotocol {
  const [found, ...more] = attributes.filter((one) => one.code === code);
  if (found === undefined) return none;
  const { flags, value } = found;
  const fatal = more.length > 0 ? [1] : [];
  if (value.length < (code === 14 ? 5 : 3)) return { ...none, fatal: [...fatal, 9] };
  const family = value[2] === 1 ? [undefined, 4, 6][u16(value, 0)] : undefined;
  const isAgreed = (family === 4 && agreed.ipv4) || (family === 6 && agreed.ipv6);
  if (!isAgreed) return { ...none, faults: [discard], fatal };
  const hopOctets = code === 14 ? (value[3] ?? 0) : 0;
  const hopFits = family === 6 ? [16, 32] : agreed.extendedNextHop ? [4, 16, 32] : [4];
  const hop = value.subarray(4, 4 + hopOctets);
  const start = code === 14 ? 5 + hopOctets : 3;
  const list = prefixes(value.subarray(Math.min(start, value.length)), family === 6 ? 128 : 32);
  const wrong = (code === 14 && !hopFits.includes(hopOctets)) || start > value.length || (flags & 0xc0) !== 0x80;
  if (wrong || list === undefined) return { ...none, fatal: [...fatal, 9] };
  return { prefixes: list, faults: [], fatal, host: code === 15 || (hopOctets === 4 ? isHost4(hop) : isHost6(hop)) };
}

/** Of a global and a link-local address one has to be there: all zeros stand for no address (RFC 2545 §3). */
function isHost6(hop: Uint8Array): boolean {
  const good = (address: Uint8Array): boolean => address.some((octet) => octet !== 0) && address[0] !== 0xff;
  const [first, second] = [hop.subarray(0, 16), hop.subarray(16)];
  if (first.some((octet) => octet !== 0) || second.length === 0) return good(first);
  return second[0] === 0xfe && ((second[1] ?? 0) & 0xc0) === 0x80;
}
