import fc from "fast-check";
import { expect, test } from "vitest";
import { otherThan, type PrefixMatch } from "#migrate/routes.ts";
import { contains, formatPrefix, type Prefix, parsePrefix, prefixOf, samePrefix } from "#route/prefix.ts";

const matches = ({ cidr, ge, le }: PrefixMatch, prefix: Prefix): boolean => {
  const block = parsePrefix(cidr) as Prefix;
  const [least, most] = [ge ?? block.length, le ?? block.length];
  return contains(block, prefix) && prefix.length >= least && prefix.length <= most;
};

/** Few bits differ, so that blocks are often around, in or beside each other. */
const block = (family: "ipv4" | "ipv6"): fc.Arbitrary<Prefix> =>
  fc
    .tuple(fc.constantFrom(0, 0x8000_0000, 0xc000_0000, 0xc000_0001), fc.nat(3), fc.nat(family === "ipv4" ? 32 : 128))
    .map(([first, last, length]) => {
      const words = family === "ipv4" ? [(first ^ last) >>> 0] : [first, 0, 0, last];
      return prefixOf({ family, words }, length);
    });

test.each(["ipv4", "ipv6"] as const)(
  "a prefix of %s is other than a block, or it is not: never both, never neither",
  (family) => {
    fc.assert(
      fc.property(block(family), block(family), fc.constantFrom("exactly", "within"), (given, asked, how) => {
        const others = otherThan(formatPrefix(given), how) ?? [];
        const meant = how === "exactly" ? samePrefix(given, asked) : contains(given, asked);
        return others.length <= 256 && others.some((each) => matches(each, asked)) === !meant;
      }),
      { numRuns: 2000 },
    );
  },
);

test("what is no block has no others; everything has none", () => {
  expect(otherThan("many", "within")).toBeUndefined();
  expect(otherThan("0.0.0.0/0", "within")).toEqual([]);
});
