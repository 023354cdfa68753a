import { expect, test } from "vitest";
import { ReadSize } from "#bgp/io/read-budget.ts";

const KIBIBYTE = 1024;

/** Octets of each of `count` reads that all fill their room, at a speed. */
function reads(size: ReadSize, count: number, msPerKibibyte: number): number[] {
  return Array.from({ length: count }, () => {
    const { octets } = size;
    size.took((octets / KIBIBYTE) * msPerKibibyte);
    return octets / KIBIBYTE;
  });
}

test("reads are small at first, and grow where they are taken in at once", () => {
  expect(reads(new ReadSize(), 6, 0.01)).toEqual([2, 4, 8, 16, 16, 16]);
});

test("slow code is given little, however long it stays slow", () => {
  const size = new ReadSize();
  expect(reads(size, 3, 2)).toEqual([2, 2, 2]);
  expect(reads(size, 4, 0.01)).toEqual([2, 4, 8, 16]);
  expect(reads(size, 4, 2)).toEqual([16, 8, 4, 2]);
});

test("a speed between the two keeps the size", () => {
  expect(reads(new ReadSize(), 5, 0.15)).toEqual([2, 4, 4, 4, 4]);
});
