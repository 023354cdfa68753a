import { expect, test } from "vitest";
import { reserve } from "#lib/reserve.ts";

const COLUMN_OCTETS = 256 << 20;

/** What V8 counts for a column of `COLUMN_OCTETS`: what makes it collect garbage. */
function counted(make: () => Uint32Array): number {
  const before = process.memoryUsage().external;
  const column = make();
  const after = process.memoryUsage().external;
  expect(column.byteLength).toBe(COLUMN_OCTETS);
  return after - before;
}

test("a column has its length, and holds nothing but zeros", () => {
  const column = reserve(Uint16Array, 1000);
  expect(column.length).toBe(1000);
  expect(column.every((value) => value === 0)).toBe(true);
  column[999] = 0xffff;
  expect(column.at(-1)).toBe(0xffff);
});

test("what is reserved does not count as used; an ordinary array of that length does", () => {
  expect(counted(() => reserve(Uint32Array, COLUMN_OCTETS / 4))).toBeLessThan(1 << 20);
  expect(counted(() => new Uint32Array(COLUMN_OCTETS / 4))).toBeGreaterThanOrEqual(COLUMN_OCTETS);
});
