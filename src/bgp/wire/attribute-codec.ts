import { Reader, Writer } from "#lib/bytes.ts";
import type { AttributeFacts } from "#route/attribute-facts.ts";
import type { Attributes, UnknownAttribute } from "#route/attributes.ts";
import { AttributeScanner, type ScanContext } from "./attribute-scan.ts";
import { AS_SEQUENCE } from "./attributes/as-path.ts";
import { type AttributeCodec, EXTENDED_LENGTH, encodeAttribute } from "./attributes/attribute.ts";
import { nextHopOnly } from "./attributes/mp-reach.ts";
import { attributeByCode, attributeTable } from "./attributes/table.ts";
import { Remarks } from "./outcome.ts";

/** Of an AS number in stored paths (RFC 6793 §3). */
const AS_OCTETS = 4;

/** Of a set without any attribute. */
export const noAttributes: Attributes = {
  origin: 0,
  asPath: [],
  nextHop: undefined,
  linkLocalNextHop: undefined,
  med: undefined,
  localPref: undefined,
  atomicAggregate: false,
  aggregator: undefined,
  communities: [],
  originatorId: undefined,
  clusterList: [],
  extendedCommunities: [],
  largeCommunities: [],
  unknown: [],
};

/** One attribute as it stands in a set; the value is borrowed. */
export interface RawAttribute {
  readonly flags: number;
  readonly code: number;
  readonly value: Uint8Array;
}

/** Whole attributes to the end, or up to one that overruns: `complete` tells. */
export function splitAttributes(reader: Reader): { attributes: RawAttribute[]; complete: boolean } {
  const attributes: RawAttribute[] = [];
  while (reader.remaining > 0) {
    if (reader.remaining < 3) return { attributes, complete: false };
    const [flags, code] = [reader.u8(), reader.u8()];
    const long = (flags & EXTENDED_LENGTH) !== 0;
    if (long && reader.remaining < 2) return { attributes, complete: false };
    const octets = long ? reader.u16() : reader.u8();
    if (octets > reader.remaining) return { attributes, complete: false };
    attributes.push({ flags, code, value: reader.take(octets) });
  }
  return { attributes, complete: true };
}

type Draft = { -readonly [Key in keyof Attributes]: Attributes[Key] };
type Field = Exclude<keyof typeof attributeTable, "mpReach" | "mpUnreach" | "as4Path" | "as4Aggregator" | "nextHop">;

/** Attributes that are one field of `Attributes` each, in ascending type order. */
const fields = Object.keys(attributeTable).filter(
  (key): key is Field => !["mpReach", "mpUnreach", "as4Path", "as4Aggregator", "nextHop"].includes(key),
);
const fieldByCode: ReadonlyMap<number, Field> = new Map(fields.map((field) => [attributeTable[field].code, field]));

/** Attributes in full. Those that are malformed are left out; values are copies. */
export function decodeAttributes(octets: Uint8Array, start: number, end: number): Attributes {
  const draft: Draft = { ...noAttributes };
  const unknown: UnknownAttribute[] = [];
  for (const { flags, code, value } of splitAttributes(new Reader(octets, start, end)).attributes) {
    const field = fieldByCode.get(code);
    if (field !== undefined) decodeField(field, value, draft);
    else if (code === attributeTable.nextHop.code) draft.nextHop = attributeTable.nextHop.decode(new Reader(value));
    else if (code === attributeTable.mpReach.code) decodeNextHops(value, draft);
    else if (!attributeByCode.has(code)) unknown.push({ flags: flags & ~EXTENDED_LENGTH, code, value: value.slice() });
  }
  draft.unknown = unknown;
  return draft;
}

function decodeField<Key extends Field>(field: Key, value: Uint8Array, draft: Draft): void {
  const codec = attributeTable[field] as AttributeCodec<unknown>;
  const decoded = codec.decode(new Reader(value));
  if (decoded !== undefined) draft[field] = decoded as Draft[Key];
}

function decodeNextHops(value: Uint8Array, draft: Draft): void {
  const [nextHop, linkLocal] = attributeTable.mpReach.decode(new Reader(value))?.nextHops ?? [];
  draft.nextHop = nextHop;
  draft.linkLocalNextHop = linkLocal;
}

/** Path attributes as they are stored, in ascending type order. */
export function encodeAttributes(attributes: Attributes): Uint8Array {
  const parts: RawAttribute[] = [...attributes.unknown];
  const add = <Value>(codec: AttributeCodec<Value>, value: Value): void => {
    const out = new Writer();
    codec.encode(out, value);
    parts.push({ flags: codec.flags, code: codec.code, value: out.finish() });
  };
  for (const field of fields) {
    const value = attributes[field];
    const absent = value === undefined || value === false || (Array.isArray(value) && value.length === 0);
    if (!absent || field === "asPath") add(attributeTable[field] as AttributeCodec<unknown>, value);
  }
  const { nextHop, linkLocalNextHop } = attributes;
  if (nextHop?.family === "ipv4") add(attributeTable.nextHop, nextHop);
  else if (nextHop !== undefined) {
    add(attributeTable.mpReach, nextHopOnly(linkLocalNextHop === undefined ? [nextHop] : [nextHop, linkLocalNextHop]));
  }
  const set = new Writer();
  for (const { flags, code, value } of parts.sort((a, b) => a.code - b.code)) encodeAttribute(set, flags, code, value);
  return set.finish();
}

/** Sets of our own have no neighbour: nothing in them is a loop, or out of place. */
const own: ScanContext = {
  external: false,
  localAs: 0,
  remoteAs: 0,
  checkFirstAs: false,
  fourOctetAs: true,
  routerId: -1,
  clusterId: -1,
  allowOwnAs: 0,
};

/** @param start of the value of an AS_PATH in the 4-octet form, which was validated */
function lastAsOf(octets: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const next = at + 2 + octets[at + 1]! * AS_OCTETS;
    if (next >= end && octets[at] === AS_SEQUENCE) {
      const high = (octets[next - 4]! << 24) | (octets[next - 3]! << 16);
      return (high | (octets[next - 2]! << 8) | octets[next - 1]!) >>> 0;
    }
    at = next;
  }
  return 0;
}

/** Attribute sets in full, for policies and `show`; the RIB's `AttributeCodec`. */
export class AttributeSetCodec {
  readonly #scanner = new AttributeScanner(own, new Remarks());

  decode(octets: Uint8Array, start: number, end: number): Attributes {
    return decodeAttributes(octets, start, end);
  }

  /** The last AS of a stored set's AS_PATH, 0 where the path is empty or ends in a set. */
  lastAs(octets: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; ) {
      const long = (octets[at]! & EXTENDED_LENGTH) !== 0;
      const value = at + (long ? 4 : 3);
      const length = long ? (octets[at + 2]! << 8) | octets[at + 3]! : octets[at + 2]!;
      if (octets[at + 1] === attributeTable.asPath.code) return lastAsOf(octets, value, value + length);
      at = value + length;
    }
    return 0;
  }

  /** @returns octets of the set; `facts` is overwritten. LOOPED is not set: nobody knows whose set it is */
  encode(attributes: Attributes, facts: AttributeFacts): Uint8Array {
    const octets = encodeAttributes(attributes);
    this.#scanner.scan(octets, 0, octets.length);
    Object.assign(facts, this.#scanner.facts);
    return octets;
  }
}
