import fc from "fast-check";
import { expect, test } from "vitest";
import { AttributeSetCodec, noAttributes } from "#bgp/wire/attribute-codec.ts";
import { parseAddress } from "#route/address.ts";
import { emptyFacts } from "#route/attribute-facts.ts";
import { attributes } from "./support/arbitraries.ts";
import { hex, toHex } from "./support/octets.ts";
import { slowFacts } from "./support/slow-facts.ts";

const codec = new AttributeSetCodec();
const nowhere = { localAs: 0, allowOwnAs: 0, routerId: -1, clusterId: -1 };

test("any set comes back as it was made, and its facts are those of its attributes", () => {
  fc.assert(
    fc.property(attributes, (set) => {
      const facts = emptyFacts();
      const octets = codec.encode(set, facts);
      expect(codec.decode(octets, 0, octets.length)).toEqual(set);
      expect(facts).toEqual(slowFacts(octets, nowhere));
      const last = set.asPath.at(-1);
      expect(codec.lastAs(octets, 0, octets.length)).toBe(last?.kind === "sequence" ? last.members.at(-1) : 0);
    }),
    { seed: 1, numRuns: 2000 },
  );
}, 30_000);

test("attributes stand in ascending type order", () => {
  const set = {
    ...noAttributes,
    nextHop: parseAddress("2001:db8::1"),
    linkLocalNextHop: parseAddress("fe80::1"),
    med: 5,
    communities: [0xffffff01],
    unknown: [{ flags: 0xc0, code: 12, value: hex("ff") }],
  };
  const octets = codec.encode(set, emptyFacts());
  expect(toHex(octets)).toBe(
    "40010100 400200 80040400000005 c00804ffffff01 c00c01ff".replaceAll(" ", "") +
      "800e2500020120" +
      "20010db8000000000000000000000001fe80000000000000000000000000000100",
  );
});

test("any octets are decoded to something", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      expect(codec.decode(octets, 0, octets.length).origin).toBeLessThanOrEqual(2);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test("decoded values do not change with the octets they came from", () => {
  const octets = hex("c06304 01020304");
  const { unknown } = codec.decode(octets, 0, octets.length);
  octets.fill(0);
  expect(unknown).toEqual([{ flags: 0xc0, code: 99, value: hex("01020304") }]);
});
