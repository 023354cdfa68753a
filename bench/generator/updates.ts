import { Writer } from "#lib/bytes.ts";
import { undotted } from "../lab/address-plan.ts";
import { Random } from "./random.ts";
import type { Table } from "./table.ts";

/** How one neighbour tells a table. */
export interface Telling {
  /** First in every AS_PATH; absent where the neighbour is internal (RFC 4271 §5.1.2). */
  readonly as?: number;
  readonly nextHop: string;
  /** Next hop of IPv6 routes, as 32-bit words. */
  readonly nextHop6: readonly [number, number, number, number];
  /** Another number gives other attributes to the same prefixes: path lengths, communities. 0 is the plain table. */
  readonly variant: number;
  /** Only every n-th attribute set; 1 takes all. */
  readonly every?: number;
}

const maxMessageOctets = 4096;
const headerOctets = 19;
const update = 2;
const ipv6Unicast = [0, 2, 1] as const;

/** The UPDATE messages that announce the table: at least one a set, in the order of the sets. */
export function encodeTable(table: Table, telling: Telling): Buffer {
  return encodeSets(table, telling.every ?? 1, (set) => attributesOf(table, set, telling));
}

/** What a daemon tells of `table` that hears it from all of these: of each set the shortest path, else the first teller's. */
export function encodeBest(table: Table, tellings: readonly Telling[]): Buffer {
  return encodeSets(table, 1, (set) => {
    const length = (telling: Telling): number => prepends(set, telling.variant);
    const best = tellings.reduce((one, other) => (length(other) < length(one) ? other : one));
    return attributesOf(table, set, best);
  });
}

/** The UPDATE messages that withdraw what `encodeTable` announces. */
export function encodeWithdrawal(table: Table, every = 1): Buffer {
  const out = new Octets();
  const limit = maxMessageOctets - headerOctets - 16;
  let nlri = new Writer(maxMessageOctets);
  const flush = (): void => {
    if (nlri.length > 0) out.message(table.family === "ipv4" ? withdrawal4(nlri) : withdrawal6(nlri));
    nlri = new Writer(maxMessageOctets);
  };
  forEachPrefix(table, every, (prefix) => {
    if (nlri.length + 17 > limit) flush();
    putPrefix(nlri, table, prefix);
  });
  flush();
  return out.finish();
}

/** One prefix with its own attributes, for marks and meshes. @param address dotted */
export function encodeOne(address: string, length: number, attributes: Uint8Array): Buffer {
  const out = new Octets();
  const nlri = new Writer(8).u8(length);
  for (let bit = 0; bit < length; bit += 8) nlri.u8(undotted(address) >>> (24 - bit));
  out.message(new Writer().u16(0).u16(attributes.length).put(attributes).put(nlri.finish()).finish());
  return out.finish();
}

/** End-of-RIB of IPv4 (RFC 4724 §2). */
export const endOfRib = Buffer.from(`${"ff".repeat(16)}00170200000000`, "hex");

/** ORIGIN, AS_PATH, NEXT_HOP and, from an internal neighbour, LOCAL_PREF. */
export function plainAttributes(telling: Pick<Telling, "as" | "nextHop">, path: readonly number[]): Uint8Array {
  const out = new Writer();
  attribute(out, 0x40, 1, (value) => value.u8(0));
  asPath(out, telling.as === undefined ? path : [telling.as, ...path]);
  attribute(out, 0x40, 3, (value) => value.u32(undotted(telling.nextHop)));
  if (telling.as === undefined) attribute(out, 0x40, 5, (value) => value.u32(100));
  return out.finish();
}

function encodeSets(table: Table, every: number, attributesFor: (set: number) => Uint8Array): Buffer {
  const out = new Octets();
  for (let set = 0; set < table.sets; set += every) {
    const attributes = attributesFor(set);
    const room = maxMessageOctets - headerOctets - 4 - attributes.length - 40;
    let nlri = new Writer(64);
    for (let prefix = table.setStart[set]!; prefix < table.setStart[set + 1]!; prefix++) {
      if (nlri.length + 17 > room) {
        out.message(announcement(table, attributes, nlri));
        nlri = new Writer(64);
      }
      putPrefix(nlri, table, prefix);
    }
    out.message(announcement(table, attributes, nlri));
  }
  return out.finish();
}

function announcement(table: Table, attributes: Uint8Array, nlri: Writer): Uint8Array {
  if (table.family === "ipv4") {
    return new Writer().u16(0).u16(attributes.length).put(attributes).put(nlri.finish()).finish();
  }
  // MP_REACH_NLRI (RFC 4760 §3) is the last attribute, and its NLRI the message's end: its length is patched in.
  const reach = attributes.slice();
  const lengthAt = reach.length - 23;
  const octets = 21 + nlri.length;
  reach[lengthAt] = octets >>> 8;
  reach[lengthAt + 1] = octets;
  return new Writer()
    .u16(0)
    .u16(reach.length + nlri.length)
    .put(reach)
    .put(nlri.finish())
    .finish();
}

const withdrawal4 = (nlri: Writer): Uint8Array => new Writer().u16(nlri.length).put(nlri.finish()).u16(0).finish();

/** MP_UNREACH_NLRI (RFC 4760 §4). */
function withdrawal6(nlri: Writer): Uint8Array {
  const out = new Writer().u16(0).u16(nlri.length + 7);
  return out
    .u8(0x90)
    .u8(15)
    .u16(nlri.length + 3)
    .put(ipv6Unicast)
    .put(nlri.finish())
    .finish();
}

export function forEachPrefix(table: Table, every: number, then: (prefix: number) => void): void {
  for (let set = 0; set < table.sets; set += every) {
    for (let prefix = table.setStart[set]!; prefix < table.setStart[set + 1]!; prefix++) then(prefix);
  }
}

function putPrefix(out: Writer, table: Table, prefix: number): void {
  const length = table.lengths[prefix]!;
  out.u8(length);
  for (let octet = 0; octet * 8 < length; octet++) {
    out.u8(table.words[prefix * table.width + (octet >>> 2)]! >>> (24 - (octet & 3) * 8));
  }
}

/** Transit providers that paths go through. */
const carriers = [174, 701, 1299, 2914, 3257, 3320, 3356, 5511, 6453, 6461, 6762, 6939, 7018, 9002, 12956] as const;
const extraHops = [
  [0, 10],
  [1, 35],
  [2, 35],
  [3, 14],
  [4, 6],
] as const;

/** What set `set` of the table carries. As on the Internet: 4 AS numbers, 4 communities, seldom more. */
function attributesOf(table: Table, set: number, telling: Telling): Uint8Array {
  const random = new Random(Math.imul(table.seed, 0x1000193) ^ set);
  const out = new Writer(128);
  attribute(out, 0x40, 1, (value) => value.u8(random.chance(0.1) ? 2 : 0));
  const own = telling.as === undefined ? [] : Array<number>(1 + prepends(set, telling.variant)).fill(telling.as);
  const through = Array.from({ length: random.weighted(extraHops) }, () => carriers[random.below(carriers.length)]!);
  asPath(out, [...own, ...through, 2000 + random.below(60_000), 200_000 + random.below(200_000)]);
  if (table.family === "ipv4") attribute(out, 0x40, 3, (value) => value.u32(undotted(telling.nextHop)));
  if (random.chance(0.2)) attribute(out, 0x80, 4, (value) => value.u32(random.below(1000)));
  if (telling.as === undefined) attribute(out, 0x40, 5, (value) => value.u32(100));
  optional(out, random, telling.variant);
  if (table.family === "ipv6") {
    attribute(out, 0x90, 14, (value) => {
      value.put(ipv6Unicast).u8(16);
      for (const word of telling.nextHop6) value.u32(word);
      value.u8(0);
    });
  }
  return out.finish();
}

/** AGGREGATOR, COMMUNITIES (ascending, as daemons that sort them leave them) and LARGE_COMMUNITY. */
function optional(out: Writer, random: Random, variant: number): void {
  if (random.chance(0.05)) {
    const as = 2000 + random.below(60_000);
    attribute(out, 0xc0, 7, (value) => value.u32(as).u32((11 << 24) | random.below(65536)));
  }
  const communities = Array.from(
    { length: random.below(9) },
    () => carriers[random.below(carriers.length)]! * 65536 + random.below(9000),
  );
  if (variant > 0) communities.push(65100 * 65536 + variant);
  if (communities.length > 0) {
    const list = [...new Set(communities)].sort((a, b) => a - b);
    attribute(out, 0xc0, 8, (value) => {
      for (const community of list) value.u32(community);
    });
  }
  if (random.chance(0.15)) {
    const global = 200_000 + random.below(100_000);
    attribute(out, 0xc0, 32, (value) => value.u32(global).u32(random.below(100)).u32(random.below(1000)));
  }
}

/** How often the neighbour prepends itself: differs between variants, so that each of them is best for some sets. */
const prepends = (set: number, variant: number): number =>
  variant === 0 ? 0 : Math.imul(set + 1, variant * 0x9e3779b1) >>> 30;

function asPath(out: Writer, path: readonly number[]): void {
  attribute(out, 0x40, 2, (value) => {
    if (path.length === 0) return;
    value.u8(2).u8(path.length);
    for (const as of path) value.u32(as);
  });
}

/** Writes one attribute; flag 0x10 asks for a length of two octets (RFC 4271 §4.3). */
function attribute(out: Writer, flags: number, type: number, write: (value: Writer) => void): void {
  const value = new Writer(64);
  write(value);
  out.u8(flags).u8(type);
  if ((flags & 0x10) !== 0) out.u16(value.length);
  else out.u8(value.length);
  out.put(value.finish());
}

/** A growing buffer of UPDATE messages. */
class Octets {
  #bytes = Buffer.alloc(1 << 20);
  #at = 0;

  message(body: Uint8Array): void {
    const octets = headerOctets + body.length;
    if (octets > maxMessageOctets) throw new RangeError(`a message of ${octets} octets`);
    if (this.#at + octets > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes.subarray(0, this.#at), Buffer.alloc(this.#bytes.length)]);
    }
    this.#bytes.fill(0xff, this.#at, this.#at + 16);
    this.#bytes.writeUInt16BE(octets, this.#at + 16);
    this.#bytes[this.#at + 18] = update;
    this.#bytes.set(body, this.#at + headerOctets);
    this.#at += octets;
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }
}
