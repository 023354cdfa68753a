import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "#bgp/wire/utf8.ts";

test("agrees with the platform on any text and on any octets", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(Uint8Array.from(encodeUtf8(text, 10_000))).toEqual(new TextEncoder().encode(text));
    }),
    { seed: 1 },
  );
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const octets = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0xc0, 0xe0, 0xed, 0xa0, 0xf0, 0xf4, 0x80, 0xbf)));
  fc.assert(
    fc.property(octets, (list) => {
      const bytes = Uint8Array.from(list);
      let expected: string | undefined;
      try {
        expected = strict.decode(bytes);
      } catch {
        expected = undefined;
      }
      expect(decodeUtf8(bytes)).toBe(expected);
    }),
    { seed: 1, numRuns: 4000 },
  );
}, 30_000);

test("a text that is too long ends after a whole character", () => {
  expect(encodeUtf8("aé", 2)).toEqual([0x61]);
  expect(encodeUtf8("aé", 3)).toEqual([0x61, 0xc3, 0xa9]);
});
