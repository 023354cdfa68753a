import fc from "fast-check";
import { expect, test } from "vitest";
import { PrefixCondition } from "#rib/prefix-condition.ts";
import type { PrefixTable } from "#rib/table/prefix-table.ts";
import { PrefixTable4 } from "#rib/table/prefix-table-4.ts";
import { PrefixTable6 } from "#rib/table/prefix-table-6.ts";
import { bitsOf, type Family } from "#route/family.ts";
import { contains, type Prefix, prefixOf } from "#route/prefix.ts";

/** Few words, so that one block often lies in another; IPv6 blocks differ in any of their words. */
const word = fc.constantFrom(0, 0x80000000, 0xffffffff);
const prefixIn = (family: Family): fc.Arbitrary<Prefix> =>
  fc
    .record({
      words: fc.array(word, { minLength: bitsOf(family) / 32, maxLength: bitsOf(family) / 32 }),
      length: fc.nat(bitsOf(family)),
    })
    .map(({ words, length }) => prefixOf({ family, words }, length));
const block = fc.record({
  prefix: fc.oneof(prefixIn("ipv4"), prefixIn("ipv6")),
  minLength: fc.nat(128),
  maxLength: fc.nat(128),
});

test.each<[Family, () => PrefixTable]>([
  ["ipv4", () => new PrefixTable4(100, 1)],
  ["ipv6", () => new PrefixTable6(100, 1)],
])("a condition on %s prefixes holds where a block of that family contains them", (family, table) => {
  let held = 0;
  fc.assert(
    fc.property(fc.array(block, { maxLength: 4 }), fc.array(prefixIn(family)), (blocks, prefixes) => {
      const numbers = table();
      const condition = new PrefixCondition(numbers, blocks);
      for (const prefix of prefixes) {
        const expected = blocks.some(
          ({ prefix: outer, minLength, maxLength }) =>
            contains(outer, prefix) && prefix.length >= minLength && prefix.length <= maxLength,
        );
        expect(condition.holds(numbers.add(prefix))).toBe(expected);
        if (expected) held++;
      }
    }),
    { numRuns: 500 },
  );
  expect(held).toBeGreaterThan(10);
});
