import fc from "fast-check";
import { expect, test } from "vitest";
import { BlockOwners } from "#config/compile/block-owners.ts";
import { overlaps, type Prefix, prefixOf } from "#route/prefix.ts";

/** Few bits, so that many overlap. */
const block = fc.oneof(
  fc
    .record({ bits: fc.nat(255), length: fc.integer({ min: 0, max: 10 }) })
    .map(({ bits, length }) => prefixOf({ family: "ipv4", words: [(bits << 24) >>> 0] }, length)),
  fc
    .record({ low: fc.nat(7), high: fc.nat(3), length: fc.constantFrom(0, 30, 32, 62, 64, 126, 128) })
    .map(({ low, high, length }) => prefixOf({ family: "ipv6", words: [high, high, high, low] }, length)),
);

test("agrees with comparing every pair", () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 30 }), (blocks) => {
      const owners = new BlockOwners<number>(blocks);
      const added: Prefix[] = [];
      for (const [index, prefix] of blocks.entries()) {
        const found = owners.overlapping(prefix);
        expect(found !== undefined).toBe(added.some((other) => overlaps(other, prefix)));
        if (found !== undefined) expect(overlaps(found.prefix, prefix)).toBe(true);
        else {
          owners.add(prefix, index);
          added.push(prefix);
        }
      }
    }),
    { numRuns: 1000 },
  );
});
