import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeAttributes, encodeAttributes, noAttributes, splitAttributes } from "#bgp/wire/attribute-codec.ts";
import type { RewriteSource } from "#bgp/wire/attribute-rewrite.ts";
import type { ExportContext } from "#bgp/wire/export-context.ts";
import { decodeMessage } from "#bgp/wire/message.ts";
import type { ReadContext } from "#bgp/wire/read-context.ts";
import { UpdateReader } from "#bgp/wire/update.ts";
import { type EncoderSpace, UpdateWriter } from "#bgp/wire/update-encoder.ts";
import { Reader } from "#lib/bytes.ts";
import { type Address, parseAddress } from "#route/address.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import { formatPrefix, type Prefix, parsePrefix } from "#route/prefix.ts";
import { attributes, ipv6LinkLocal, prefix, word } from "./support/arbitraries.ts";
import { hex, toHex } from "./support/octets.ts";
import { RecordingSink } from "./support/recording-sink.ts";
import { slowExport } from "./support/slow-export.ts";
import { joined } from "./support/slow-reader.ts";

const SLAB_OCTETS = 65_536;

/** Slabs as the RIB has them: a new one when the old one is full. */
class Slabs implements EncoderSpace {
  bytes: Uint8Array = new Uint8Array(SLAB_OCTETS).fill(0xee);
  at = 0;
  readonly #full: Uint8Array[] = [];

  reserve(octets: number): void {
    if (this.at + octets <= SLAB_OCTETS) return;
    this.#full.push(this.bytes.subarray(0, this.at));
    this.bytes = new Uint8Array(SLAB_OCTETS).fill(0xee);
    this.at = 0;
  }

  messages(): Uint8Array[] {
    const stream = Uint8Array.from(Buffer.concat([...this.#full, this.bytes.subarray(0, this.at)]));
    const found: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += found.at(-1)!.length) {
      found.push(stream.subarray(at, at + stream[at + 16]! * 256 + stream[at + 17]!));
    }
    return found;
  }
}

const address = (text: string): Address => parseAddress(text) ?? expect.unreachable(text);
const LOCAL_AS = 64512;

const base: ExportContext = {
  kind: "external",
  localAs: LOCAL_AS,
  clusterId: 0x0a0000ff,
  fourOctetAs: true,
  nextHop: "auto",
  ownNextHops: {
    ipv4: { address: address("10.0.0.1"), linkLocal: undefined },
    ipv6: { address: address("2001:db8::1"), linkLocal: address("fe80::1") },
  },
  extendedNextHop: false,
  maxMessageOctets: 4096,
};
const fromExternal: RewriteSource = { kind: "external", routerId: 0x0a000009, ownMed: false };

function add(writer: UpdateWriter, { family, words, length }: Prefix): void {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
  if (family === "ipv4") writer.add4(w0, length);
  else writer.add6(w0, w1, w2, w3, length);
}

/** All messages for `prefixes` with `set`; undefined where it cannot be told. */
function reach(
  context: ExportContext,
  set: Attributes | Uint8Array,
  prefixes: readonly Prefix[],
  source = fromExternal,
): Uint8Array[] | undefined {
  const octets = set instanceof Uint8Array ? set : encodeAttributes(set);
  const slabs = new Slabs();
  const writer = new UpdateWriter(context);
  if (!writer.beginReach(slabs, prefixes[0]!.family, octets, 0, octets.length, source)) return undefined;
  for (const one of prefixes) add(writer, one);
  writer.end();
  return slabs.messages();
}

const receiver = (context: ExportContext): ReadContext => ({
  context: 1,
  families: ["ipv4", "ipv6"],
  external: context.kind === "external",
  localAs: 1,
  remoteAs: context.localAs,
  fourOctetAs: context.fourOctetAs,
  extendedNextHop: context.extendedNextHop,
  routerId: -1,
  clusterId: -1,
  allowOwnAs: 0,
  checkFirstAs: context.kind === "external",
});

const prefixes = (count: number, family: Family): Prefix[] =>
  Array.from({ length: count }, (_, index) => ({
    family,
    words: family === "ipv4" ? [(index << 8) >>> 0] : [0x20010db8, index, 0, 0],
    length: family === "ipv4" ? 24 : index % 2 === 0 ? 64 : 128,
  }));

const contexts: fc.Arbitrary<ExportContext> = fc
  .record({
    kind: fc.constantFrom("external" as const, "internal" as const, "client" as const),
    fourOctetAs: fc.boolean(),
    nextHop: fc.constantFrom("auto" as const, "self" as const, "unchanged" as const),
    extendedNextHop: fc.boolean(),
    ipv4: fc.constantFrom(undefined, "10.0.0.1", "2001:db8::1"),
    ipv6: fc.constantFrom(undefined, "2001:db8::1"),
    linkLocal: fc.option(ipv6LinkLocal, { nil: undefined }),
  })
  .map(({ ipv4, ipv6, linkLocal, ...rest }) => ({
    ...base,
    ...rest,
    ownNextHops: {
      ...(ipv4 === undefined ? {} : { ipv4: { address: address(ipv4), linkLocal } }),
      ...(ipv6 === undefined ? {} : { ipv6: { address: address(ipv6), linkLocal } }),
    },
  }));

const sources: fc.Arbitrary<RewriteSource> = fc.record({
  kind: fc.constantFrom("local" as const, "external" as const, "internal" as const, "client" as const),
  routerId: word,
  ownMed: fc.boolean(),
});

const routes: fc.Arbitrary<Prefix[]> = fc
  .constantFrom<Family>("ipv4", "ipv6")
  .chain((family) => fc.array(prefix(family), { minLength: 1, maxLength: 6 }));

test("what is written is read by a neighbour as the rules of export say, for any set, group and source", () => {
  let told = 0;
  fc.assert(
    fc.property(attributes, contexts, sources, routes, (set, context, source, list) => {
      const expected = slowExport(set, list[0]!.family, context, source);
      const messages = reach(context, set, list, source);
      if (expected === undefined || messages === undefined) {
        expect(messages).toBe(expected);
        return;
      }
      told++;
      const sink = new RecordingSink();
      const reader = new UpdateReader(receiver(context), sink);
      for (const message of messages) {
        expect(reader.read(message, 0, message.length), reader.remarks()).toBe("ok");
      }
      expect(sink.log.map((line) => line.split(" ")[1])).toEqual(list.map(formatPrefix));
      const octets = hex(sink.log[0]!.split(" ")[2]!);
      const read = decodeAttributes(octets, 0, octets.length);
      expect({ ...read, asPath: joined(read.asPath) }).toEqual({ ...expected, asPath: joined(expected.asPath) });
    }),
    { seed: 20260101, numRuns: 2500 },
  );
  expect(told).toBeGreaterThan(800);
}, 60_000);

test("withdrawals come out as they went in", () => {
  fc.assert(
    fc.property(routes, (list) => {
      const slabs = new Slabs();
      const writer = new UpdateWriter(base);
      writer.beginUnreach(slabs, list[0]!.family);
      for (const one of list) add(writer, one);
      writer.end();
      const sink = new RecordingSink();
      for (const message of slabs.messages()) new UpdateReader(receiver(base), sink).read(message, 0, message.length);
      expect(sink.log).toEqual(list.map((one) => `unreach ${formatPrefix(one)}`));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test.each<Family>(["ipv4", "ipv6"])(
  "many %s routes fill messages of 4,096 octets, over slabs",
  (family) => {
    const list = prefixes(40_000, family);
    const set = { ...noAttributes, nextHop: address("10.0.0.9"), communities: [1, 2, 3] };
    const messages = reach(base, set, list) ?? [];
    const perMessage = Math.floor((4096 - 100) / (family === "ipv4" ? 4 : 13));
    expect(messages.length).toBeLessThanOrEqual(Math.ceil(list.length / perMessage));
    expect(Math.max(...messages.map(({ length }) => length))).toBeLessThanOrEqual(4096);
    const sink = new RecordingSink();
    for (const message of messages) new UpdateReader(receiver(base), sink).read(message, 0, message.length);
    expect(sink.log.map((line) => line.split(" ")[1])).toEqual(list.map(formatPrefix));
    expect(sink.added).toBe(1);
  },
  30_000,
);

test.each<Family>(["ipv4", "ipv6"])(
  "many %s withdrawals fill messages too",
  (family) => {
    const list = prefixes(40_000, family);
    const slabs = new Slabs();
    const writer = new UpdateWriter(base);
    writer.beginUnreach(slabs, family);
    for (const one of list) add(writer, one);
    writer.end();
    const sink = new RecordingSink();
    const messages = slabs.messages();
    expect(Math.max(...messages.map(({ length }) => length))).toBeLessThanOrEqual(4096);
    for (const message of messages) new UpdateReader(receiver(base), sink).read(message, 0, message.length);
    expect(sink.log).toEqual(list.map((one) => `unreach ${formatPrefix(one)}`));
  },
  30_000,
);

/** A set of about `octets` octets. */
const large = (octets: number): Attributes => ({
  ...noAttributes,
  nextHop: address("10.0.0.9"),
  communities: Array.from({ length: octets >> 2 }, (_, index) => index),
});

test("RFC 8654 §4: a set too large for 4,096 octets goes in a longer message, where the group takes that", () => {
  for (const family of ["ipv4", "ipv6"] as const) {
    const list = prefixes(3, family);
    expect(reach(base, large(5000), list), family).toBeUndefined();
    const messages = reach({ ...base, maxMessageOctets: 65_535 }, large(5000), list) ?? [];
    expect(messages.length).toBe(1);
    expect(messages[0]!.length).toBeGreaterThan(5000);
    const sink = new RecordingSink();
    const [message = new Uint8Array()] = messages;
    expect(new UpdateReader(receiver(base), sink).read(message, 0, message.length)).toBe("ok");
    expect(sink.log.length).toBe(3);
    expect(reach({ ...base, maxMessageOctets: 65_535 }, large(65_500), list)).toBeUndefined();
  }
});

test("sets that fit are packed to 4,096 octets, whatever the group takes", () => {
  for (const octets of [100, 2500, 3900]) {
    const messages = reach({ ...base, maxMessageOctets: 65_535 }, large(octets), prefixes(3000, "ipv4")) ?? [];
    expect(Math.max(...messages.map(({ length }) => length))).toBeLessThanOrEqual(4096);
    expect(messages.length).toBeGreaterThan(1);
  }
});

test("nothing begun, nothing written", () => {
  const slabs = new Slabs();
  const writer = new UpdateWriter(base);
  const octets = encodeAttributes({ ...noAttributes, nextHop: address("10.0.0.9") });
  expect(writer.beginReach(slabs, "ipv4", octets, 0, octets.length, fromExternal)).toBe(true);
  writer.end();
  writer.beginUnreach(slabs, "ipv6");
  writer.end();
  expect(slabs.messages()).toEqual([]);
});

test("RFC 4724 §2: End-of-RIB", () => {
  const slabs = new Slabs();
  const writer = new UpdateWriter(base);
  writer.endOfRib(slabs, "ipv4");
  writer.endOfRib(slabs, "ipv6");
  const found = slabs.messages().map((message) => decodeMessage(message, 0, message.length));
  expect(found.map((message) => message.type === "update" && message.update.endOfRib)).toEqual(["ipv4", "ipv6"]);
});

test("RFC 7313 §4.1: BoRR and EoRR", () => {
  const slabs = new Slabs();
  const writer = new UpdateWriter(base);
  writer.beginRefresh(slabs, "ipv6");
  writer.endRefresh(slabs, "ipv6");
  const found = slabs.messages().map((message) => decodeMessage(message, 0, message.length));
  expect(found).toEqual([
    { type: "routeRefresh", refresh: { kind: "begin", family: "ipv6" } },
    { type: "routeRefresh", refresh: { kind: "end", family: "ipv6" } },
  ]);
});

/** Types of the attributes of the first message, in the order in which they stand there. */
function typesOf(messages: readonly Uint8Array[] | undefined): number[] {
  const [message = new Uint8Array()] = messages ?? [];
  const reader = new Reader(message, 21);
  return splitAttributes(reader.sub(reader.u16())).attributes.map(({ code }) => code);
}

const full: Attributes = {
  ...noAttributes,
  asPath: [{ kind: "sequence", members: [70_000] }],
  nextHop: address("10.0.0.9"),
  med: 1,
  localPref: 2,
  atomicAggregate: true,
  aggregator: { as: 70_000, routerId: 1 },
  communities: [1],
  extendedCommunities: [[0x00020001, 1]],
  largeCommunities: [[1, 2, 3]],
  unknown: [
    { flags: 0xc0, code: 12, value: hex("01") },
    { flags: 0xc0, code: 20, value: hex("02") },
    { flags: 0x80, code: 26, value: hex("03") },
    { flags: 0xc0, code: 200, value: hex("04") },
  ],
};

test("RFC 4271 §5, RFC 7606 §5.1: ascending type order, MP_REACH_NLRI in front", () => {
  const [ipv4, ipv6] = [prefixes(1, "ipv4"), prefixes(1, "ipv6")];
  const reflector: ExportContext = { ...base, kind: "client", fourOctetAs: false };
  expect(typesOf(reach(base, full, ipv4))).toEqual([1, 2, 3, 6, 7, 8, 12, 16, 20, 32, 200]);
  expect(typesOf(reach(base, full, ipv6))).toEqual([14, 1, 2, 6, 7, 8, 12, 16, 20, 32, 200]);
  expect(typesOf(reach(reflector, full, ipv4, { ...fromExternal, kind: "client" }))).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 17, 18, 20, 32, 200,
  ]);
});

test("a set that came in another order is told in order", () => {
  const shuffled = hex("c00804 00000001  4003040a000009  400206 0201 0000fde9  80040400000001  40010100");
  expect(typesOf(reach(base, shuffled, prefixes(1, "ipv4")))).toEqual([1, 2, 3, 8]);
  const [message = new Uint8Array()] = reach({ ...base, kind: "internal" }, shuffled, prefixes(1, "ipv4")) ?? [];
  expect(toHex(message.subarray(23))).toBe(
    "40010100 4002060201 0000fde9 4003040a000009 80040400000001 40050400000064 c0080400000001 18000000".replaceAll(
      " ",
      "",
    ),
  );
});

test("RFC 4271 §5.1.2: a full first segment gets a new one in front", () => {
  const members = Array.from({ length: 255 }, () => 7);
  const [message = new Uint8Array()] =
    reach(base, { ...full, asPath: [{ kind: "sequence", members }] }, prefixes(1, "ipv4")) ?? [];
  const decoded = decodeMessage(message, 0, message.length);
  expect(decoded).toMatchObject({
    update: { attributes: { asPath: [{ members: [LOCAL_AS] }, { members: { length: 255 } }] } },
  });
});

test("RFC 6793 §4.2.2: AS4_PATH only where a number does not fit", () => {
  const old: ExportContext = { ...base, fourOctetAs: false };
  const small = { ...full, asPath: [{ kind: "sequence" as const, members: [5] }], aggregator: { as: 5, routerId: 1 } };
  expect(typesOf(reach(old, small, prefixes(1, "ipv4")))).not.toContain(17);
  expect(typesOf(reach(old, full, prefixes(1, "ipv4")))).toEqual(expect.arrayContaining([17, 18]));
});

test("RFC 4271 §4.3: Partial is for optional transitive attributes, and the low bits are zero", () => {
  const odd = hex("6f010100 60020602010000fde9 6003040a000009 ef080400000001");
  const [message = new Uint8Array()] =
    reach({ ...base, kind: "internal", nextHop: "unchanged" }, odd, prefixes(1, "ipv4")) ?? [];
  expect(toHex(message.subarray(23))).toBe(
    "40010100 40020602010000fde9 4003040a000009 40050400000064 e0080400000001 18000000".replaceAll(" ", ""),
  );
});

test("RFC 8950: IPv4 routes with an IPv6 next hop, where the group takes that", () => {
  const set = { ...noAttributes, nextHop: address("2001:db8::9") };
  const unchanged: ExportContext = { ...base, kind: "internal", nextHop: "unchanged" };
  const list = [parsePrefix("10.0.0.0/8") ?? expect.unreachable()];
  const hop = (context: ExportContext): unknown => {
    const [message = new Uint8Array()] = reach(context, set, list) ?? [];
    const decoded = decodeMessage(message, 0, message.length);
    return decoded.type === "update" ? decoded.update.attributes.nextHop : undefined;
  };
  expect(hop({ ...unchanged, extendedNextHop: true })).toEqual(address("2001:db8::9"));
  expect(hop(unchanged)).toEqual(address("10.0.0.1"));
  expect(reach({ ...unchanged, ownNextHops: {} }, set, list)).toBeUndefined();
});
