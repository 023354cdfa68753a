import fc from "fast-check";
import { expect, test } from "vitest";
import type { OriginatedPrefix } from "#config/node-config.ts";
import { formatPrefix } from "#route/prefix.ts";
import { Bench, own } from "./support/bench.ts";

/** Few prefixes with few values each, so that they meet. */
const pool = ["10.1.0.0/24", "10.2.0.0/24", "fd00:1::/64"].flatMap((prefix) =>
  [1, 2, 3].map((community) => own(prefix, { communities: [community] })),
);

/** What a neighbour should be told of `list`: of several entries for one prefix the first. */
function expected(list: readonly OriginatedPrefix[]): string[] {
  const first = new Map<string, OriginatedPrefix>();
  for (const one of list) if (!first.has(formatPrefix(one.prefix))) first.set(formatPrefix(one.prefix), one);
  return Array.from(first, ([prefix, { communities }]) => `${prefix} ${communities.join()}`).sort();
}

test("after any history of lists neighbours have what the last one says", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.constantFrom(...pool), { maxLength: 6 }), { maxLength: 6 }), (lists) => {
      const bench = new Bench();
      const ear = bench.neighbour("192.0.2.1", "internal").ear;
      for (const list of lists) {
        bench.rib.originate([...list]);
        if (list.length % 2 === 0) bench.settle();
      }
      bench.settle();
      const told = Array.from(ear.routes, ([prefix, { communities }]) => `${prefix} ${communities.join()}`);
      expect(told.sort()).toEqual(expected(lists.at(-1) ?? []));
      for (const one of pool) {
        const prefix = formatPrefix(one.prefix);
        const first = lists.at(-1)?.find((each) => formatPrefix(each.prefix) === prefix);
        expect(bench.rib.originated(one.prefix)).toBe(first);
      }
    }),
    { numRuns: 60 },
  );
});

test("thousands are announced in turns", () => {
  const bench = new Bench();
  const { ear } = bench.neighbour("192.0.2.1", "internal");
  const many = Array.from({ length: 2000 }, (_, at) => own(`10.${at >> 8}.${at & 255}.0/24`));
  bench.rib.originate(many);
  expect(bench.rib.sides.ipv4.loc.prefixes.size).toBeLessThan(200);
  bench.settle();
  expect(ear.routes.size).toBe(2000);
  bench.rib.originate(many.slice(1));
  bench.settle();
  expect(ear.routes.size).toBe(1999);
});
