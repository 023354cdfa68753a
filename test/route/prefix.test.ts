import fc from "fast-check";
import { expect, test } from "vitest";
import { bitsOf } from "#route/family.ts";
import {
  contains,
  formatPrefix,
  hostPrefix,
  overlaps,
  type Prefix,
  parseInterfaceAddress,
  parsePrefix,
  prefixOf,
} from "#route/prefix.ts";

const word = fc.nat(0xffffffff);
const address = fc.oneof(
  fc.record({ family: fc.constant("ipv4" as const), words: fc.tuple(word) }),
  fc.record({ family: fc.constant("ipv6" as const), words: fc.tuple(word, word, word, word) }),
);
const prefix = address.chain((of) => fc.nat(bitsOf(of.family)).map((length) => prefixOf(of, length)));
const bits = ({ words }: { words: readonly number[] }): string =>
  words.map((each) => each.toString(2).padStart(32, "0")).join("");

test("text and prefix are each other's inverse", () => {
  fc.assert(
    fc.property(prefix, (given) => {
      expect(parsePrefix(formatPrefix(given))).toEqual(given);
    }),
  );
});

test("a block contains what shares its leading bits, as strings of bits say", () => {
  fc.assert(
    fc.property(prefix, prefix, (outer, inner) => {
      const slow =
        outer.family === inner.family &&
        inner.length >= outer.length &&
        bits(inner).startsWith(bits(outer).slice(0, outer.length));
      expect(contains(outer, inner)).toBe(slow);
      expect(contains(outer, hostPrefix(prefixOf(inner, inner.length)))).toBe(
        outer.family === inner.family && bits(inner).startsWith(bits(outer).slice(0, outer.length)),
      );
    }),
  );
});

test.each([
  ["10.0.0.0/8", "10.1.0.0/16", true],
  ["10.1.0.0/16", "10.0.0.0/8", true],
  ["10.0.0.0/16", "10.1.0.0/16", false],
  ["0.0.0.0/0", "::/0", false],
])("%s and %s overlap: %s", (a, b, expected) => {
  expect(overlaps(parsePrefix(a) as Prefix, parsePrefix(b) as Prefix)).toBe(expected);
});

test.each([
  "10.0.0.1/24",
  "10.0.0.0/33",
  "10.0.0/24",
  "::1/64",
  "::/129",
  "10.0.0.0",
  "/24",
  "",
  "010.0.0.0/8",
  "fe80::%1/64",
])("%s is no prefix", (text) => {
  expect(parsePrefix(text)).toBeUndefined();
});

test("an interface's address keeps its host bits beside its block", () => {
  const parsed = parseInterfaceAddress("192.0.2.7/24");
  expect(parsed?.address.words).toEqual([0xc0000207]);
  expect(parsed && formatPrefix(parsed.prefix)).toBe("192.0.2.0/24");
});
