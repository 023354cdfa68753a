import fc from "fast-check";
import { expect, test } from "vitest";
import { aggregator } from "#bgp/wire/attributes/aggregator.ts";
import type { AttributeCodec } from "#bgp/wire/attributes/attribute.ts";
import { hasDuplicates } from "#bgp/wire/attributes/large-communities.ts";
import { attributeByCode, attributeName, attributeTable } from "#bgp/wire/attributes/table.ts";
import { Reader, Writer } from "#lib/bytes.ts";
import { asNumber, asPath, ipv4Host, ipv6Global, ipv6LinkLocal, prefix, word } from "../support/arbitraries.ts";
import { hex, toHex } from "../support/octets.ts";

const atLeastOne = <Member>(member: fc.Arbitrary<Member>) => fc.array(member, { minLength: 1, maxLength: 5 });
const aggregators = fc.record({ as: asNumber, routerId: word });
const pair = fc.tuple(word, word);

/** Values of every attribute that can be sent. */
const values: Readonly<Record<keyof typeof attributeTable, fc.Arbitrary<unknown>>> = {
  origin: fc.constantFrom(0, 1, 2),
  asPath,
  nextHop: ipv4Host,
  med: word,
  localPref: word,
  atomicAggregate: fc.constant(true),
  aggregator: aggregators,
  communities: atLeastOne(word),
  originatorId: word,
  clusterList: atLeastOne(word),
  mpReach: fc.record({
    afi: fc.constant(2),
    safi: fc.constant(1),
    nextHops: fc.oneof(fc.tuple(ipv6Global), fc.tuple(ipv6Global, ipv6LinkLocal)),
    prefixes: fc.array(prefix("ipv6"), { maxLength: 5 }),
  }),
  mpUnreach: fc.record({
    afi: fc.constant(1),
    safi: fc.constant(1),
    prefixes: fc.array(prefix("ipv4"), { maxLength: 5 }),
  }),
  extendedCommunities: atLeastOne(pair),
  as4Path: asPath.filter((path) => path.length > 0),
  as4Aggregator: aggregators,
  largeCommunities: fc.uniqueArray(fc.tuple(word, word, word), { minLength: 1, selector: (one) => one.join() }),
};

for (const [name, codec] of Object.entries(attributeTable) as [
  keyof typeof attributeTable,
  AttributeCodec<unknown>,
][]) {
  test(`${codec.name}: comes back as it was sent`, () => {
    fc.assert(
      fc.property(values[name], (value) => {
        const out = new Writer();
        codec.encode(out, value);
        expect(codec.decode(new Reader(out.finish()))).toEqual(value);
      }),
      { seed: 1 },
    );
  });

  test(`${codec.name}: any octets are a value or malformed, and a value never reads beyond them`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        const reader = new Reader(octets);
        if (codec.decode(reader) !== undefined) expect(reader.at).toBeLessThanOrEqual(reader.end);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
}

const decode = (codec: AttributeCodec<unknown>, octets: string): unknown => codec.decode(new Reader(hex(octets)));

test.each<[AttributeCodec<unknown>, string, string[]]>([
  [attributeTable.origin, "RFC 7606 §7.1", ["", "03", "0000"]],
  [
    attributeTable.asPath,
    "RFC 7606 §7.2",
    ["02", "0200", "0201 0000fd", "0001 00000001", "0301 00000001", "0201 00000001 02"],
  ],
  [attributeTable.asPath, "RFC 7607 §2", ["0202 00000001 00000000"]],
  [attributeTable.nextHop, "RFC 7606 §7.3", ["", "0a0000", "0a00000100"]],
  [attributeTable.nextHop, "RFC 4271 §6.3", ["00000000", "e0000001", "ffffffff"]],
  [attributeTable.med, "RFC 7606 §7.4", ["", "000000", "0000000000"]],
  [attributeTable.localPref, "RFC 7606 §7.5", ["", "000000", "0000000000"]],
  [attributeTable.atomicAggregate, "RFC 7606 §7.6", ["00"]],
  [attributeTable.aggregator, "RFC 7606 §7.7", ["", "fde80a000001", "0000fde80a000001 00"]],
  [attributeTable.aggregator, "RFC 7607 §2", ["00000000 0a000001"]],
  [attributeTable.communities, "RFC 7606 §7.8", ["", "000000", "0000000000"]],
  [attributeTable.originatorId, "RFC 7606 §7.9", ["", "000000", "0000000000"]],
  [attributeTable.clusterList, "RFC 7606 §7.10", ["", "000000", "0000000000"]],
  [attributeTable.mpReach, "RFC 7606 §7.11", ["", "00020110", "0002010800", "00020104 0a000001 00", "000201 20 00"]],
  [
    attributeTable.mpReach,
    "RFC 7606 §5.3",
    [`000201 10 ${"20".repeat(16)} 00 81`, `000201 10 ${"20".repeat(16)} 00 40 20`],
  ],
  [attributeTable.mpUnreach, "RFC 7606 §7.12", ["", "0002", "00020181", "000101 21", "000101 18 0a00"]],
  [attributeTable.extendedCommunities, "RFC 7606 §7.14", ["", "00000000", "000000000000000000"]],
  [
    attributeTable.as4Path,
    "RFC 6793 §6",
    ["", "02", "0200", "0201 0000fd", "0201 00000000", "0901 00000001", "0300 0201 00000001"],
  ],
  [attributeTable.as4Aggregator, "RFC 6793 §6", ["", "0000fde80a0000"]],
  [attributeTable.largeCommunities, "RFC 8092 §6", ["", "0000000000000000", "00".repeat(13)]],
])("$name is malformed as %s says", (codec, _source, malformed) => {
  for (const octets of malformed) expect(decode(codec, octets), octets).toBeUndefined();
});

test("what a malformed value costs is what RFC 7606 §7, RFC 6793 §6 and RFC 8092 §6 say", () => {
  const cost = (whenMalformed: string): string[] =>
    [...attributeByCode.values()].filter((row) => row.whenMalformed === whenMalformed).map(({ name }) => name);
  expect(cost("reset")).toEqual(["MP_REACH_NLRI", "MP_UNREACH_NLRI"]);
  expect(cost("discard")).toEqual(["ATOMIC_AGGREGATE", "AGGREGATOR", "AS4_PATH", "AS4_AGGREGATOR"]);
  expect(cost("withdraw")).toHaveLength(10);
  const internal = [...attributeByCode.values()].filter((row) => row.internalOnly).map(({ name }) => name);
  expect(internal).toEqual(["LOCAL_PREF", "ORIGINATOR_ID", "CLUSTER_LIST"]);
});

test("AS4_PATH without its confederation segments (RFC 6793 §6)", () => {
  expect(decode(attributeTable.as4Path, "0301 00000001 0201 00011170 0401 00000002")).toEqual([
    { kind: "sequence", members: [70_000] },
  ]);
});

test("AS_PATH: a sequence of more than 255 is cut into segments", () => {
  const members = Array.from({ length: 300 }, (_, index) => index + 1);
  const out = new Writer();
  attributeTable.asPath.encode(out, [{ kind: "sequence", members }]);
  expect(attributeTable.asPath.decode(new Reader(out.finish()))).toEqual([
    { kind: "sequence", members: members.slice(0, 255) },
    { kind: "sequence", members: members.slice(255) },
  ]);
});

test("next hops of 32 octets (RFC 2545 §3): the second counts where it is link-local", () => {
  const global = "20010db8000000000000000000000001";
  const linkLocal = "fe800000000000000000000000000001";
  const hops = (octets: string) =>
    attributeTable.mpReach.decode(new Reader(hex(`000201 20 ${octets} 00`)))?.nextHops.map(({ words }) => words[0]);
  expect(hops(global + linkLocal)).toEqual([0x20010db8, 0xfe800000]);
  expect(hops(global + global)).toEqual([0x20010db8]);
  expect(hops("00".repeat(16) + linkLocal)).toEqual([0xfe800000]);
});

test("rows stand in ascending type order, and unknown types have a name for logs", () => {
  const codes = Object.values(attributeTable).map(({ code }) => code);
  expect(codes).toEqual(codes.toSorted((a, b) => a - b));
  expect([attributeName(2), attributeName(99)]).toEqual(["AS_PATH", "attribute 99"]);
  expect(attributeByCode.get(7)).toBe(aggregator);
});

test("RFC 8092 §3: duplicates are found among few and among many, and none is sent", () => {
  const list = (count: number): Uint8Array =>
    Uint8Array.from({ length: count * 12 }, (_, at) => [at / 12, at / 3072][at % 12] ?? 7);
  for (const count of [1, 2, 16, 17, 300]) {
    const octets = list(count);
    expect(hasDuplicates(octets, 0, octets.length), `${count}`).toBe(false);
    const doubled = Uint8Array.from([...octets, ...octets.subarray(0, 12)]);
    expect(hasDuplicates(doubled, 0, doubled.length), `${count} and one`).toBe(true);
  }
  const out = new Writer();
  attributeTable.largeCommunities.encode(out, [
    [1, 2, 3],
    [4, 5, 6],
    [1, 2, 3],
  ]);
  expect(toHex(out.finish())).toBe("000000010000000200000003000000040000000500000006");
});

test("octets are those of the RFCs", () => {
  const out = new Writer();
  attributeTable.largeCommunities.encode(out, [[64496, 1, 2]]);
  expect(toHex(out.finish())).toBe("0000fbf00000000100000002");
});
