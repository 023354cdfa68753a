import { expect, test } from "vitest";
import { type Address, parseAddress } from "#route/address.ts";
import { type Hop, HopSetTable } from "#route/hop-set.ts";

const hop = (gateway: string, link = 2, weight = 1): Hop => ({
  gateway: parseAddress(gateway) as Address,
  link,
  weight,
  onlink: false,
});

test("equal sets have one number, whatever the order of their hops", () => {
  const table = new HopSetTable();
  const first = table.intern({ kind: "unicast", hops: [hop("192.0.2.1"), hop("192.0.2.2")] });
  expect(table.intern({ kind: "unicast", hops: [hop("192.0.2.2"), hop("192.0.2.1")] })).toBe(first);
  expect(table.size).toBe(1);
});

test.each([
  ["another gateway", hop("192.0.2.2")],
  ["another link", hop("192.0.2.1", 3)],
  ["another weight", hop("192.0.2.1", 2, 7)],
])("%s makes another set", (_, other) => {
  const table = new HopSetTable();
  const first = table.intern({ kind: "unicast", hops: [hop("192.0.2.1")] });
  expect(table.intern({ kind: "unicast", hops: [other] })).not.toBe(first);
});

test("a hop named twice counts once", () => {
  const table = new HopSetTable();
  const id = table.intern({ kind: "unicast", hops: [hop("192.0.2.1"), hop("192.0.2.1")] });
  expect(table.get(id)).toEqual({ kind: "unicast", hops: [hop("192.0.2.1")] });
});

test("0 is never a set", () => {
  const table = new HopSetTable();
  expect(table.intern({ kind: "blackhole" })).toBe(1);
  expect(() => table.get(0)).toThrow("no hop set 0");
});
