import fc from "fast-check";
import { expect, test } from "vitest";
import { Reader, Writer } from "#lib/bytes.ts";

test("what is written is read back", () => {
  fc.assert(
    fc.property(fc.nat(0xff), fc.nat(0xffff), fc.nat(0xffffffff), fc.uint8Array(), (a, b, c, rest) => {
      const octets = new Writer(1).u8(a).u16(b).u32(c).put(rest).finish();
      const reader = new Reader(octets);
      expect([reader.u8(), reader.u16(), reader.u32(), reader.take(rest.length)]).toEqual([a, b, c, rest]);
      expect(reader.remaining).toBe(0);
    }),
  );
});

test("reading past the end throws and never wraps", () => {
  const reader = new Reader(new Uint8Array(3));
  expect(() => reader.u32()).toThrow(RangeError);
  expect(() => reader.take(-1)).toThrow(RangeError);
  expect(() => reader.sub(4)).toThrow(RangeError);
  expect(reader.remaining).toBe(3);
});

test("a part is read alone", () => {
  const reader = new Reader(Uint8Array.of(1, 2, 3, 4));
  const part = reader.sub(2);
  expect([part.u16(), part.remaining, reader.u16()]).toEqual([0x0102, 0, 0x0304]);
});

test("a length is patched in afterwards", () => {
  expect(new Writer().u16(0).u8(9).patchU16(0, 0x0301).finish()).toEqual(Uint8Array.of(3, 1, 9));
});
