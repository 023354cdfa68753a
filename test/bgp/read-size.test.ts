import { expect, test } from "vitest";
import { ReadSize } from "#bgp/read-size.ts";

/** Octets of the reads of `slices` slices, each of `count` reads that fill their room, at a speed. */
function reads(size: ReadSize, slices: number, msPerKibibyte: number, { count = 1, late = 0 } = {}): number[][] {
  return Array.from({ length: slices }, () => {
    size.next(late);
    return Array.from({ length: count }, () => {
      const { octets } = size;
      size.took((octets / 1024) * msPerKibibyte);
      return octets;
    });
  });
}

test("reads are small at first, and grow where they are taken in at once", () => {
  expect(reads(new ReadSize(), 7, 0.01).flat()).toEqual([512, 1024, 2048, 4096, 8192, 16_384, 16_384]);
});

test("they grow once a slice, however many there are: code that a few octets did not compile meets no flood", () => {
  expect(reads(new ReadSize(), 3, 0.01, { count: 3 })).toEqual([
    [512, 512, 512],
    [1024, 1024, 1024],
    [2048, 2048, 2048],
  ]);
});

test("slow code is given little, however long it stays slow, and at once", () => {
  const size = new ReadSize();
  expect(reads(size, 3, 3).flat()).toEqual([512, 512, 512]);
  reads(size, 5, 0.01);
  expect(reads(size, 2, 3, { count: 5 })).toEqual([
    [16_384, 8192, 4096, 2048, 1024],
    [512, 512, 512, 512, 512],
  ]);
});

test("one long read among short ones keeps them from growing", () => {
  const size = new ReadSize();
  reads(size, 3, 0.01);
  size.next(0);
  const { octets } = size;
  size.took(2);
  size.took(0.01);
  size.next(0);
  expect(size.octets).toBe(octets / 2);
});

test("a speed between the two keeps the size", () => {
  expect(reads(new ReadSize(), 5, 0.6).flat()).toEqual([512, 1024, 1024, 1024, 1024]);
});

test("where many sockets are read beyond their slice, each gets less", () => {
  const alone = reads(new ReadSize(), 8, 0.05).at(-1);
  const many = reads(new ReadSize(), 8, 0.05, { late: 10 }).at(-1);
  const crowd = reads(new ReadSize(), 8, 0.05, { late: 1000 }).at(-1);
  expect([alone, many, crowd]).toEqual([[16_384], [4096], [4096]]);
});
