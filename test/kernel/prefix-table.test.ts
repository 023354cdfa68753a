import fc from "fast-check";
import { expect, test } from "vitest";
import { PrefixTable } from "#kernel/prefix-table.ts";

/** Few values, so that histories meet the same prefixes again; many, so that shards grow. */
const word = fc.oneof(fc.constantFrom(0, 1, 0x0a000000, 0xffffffff), fc.integer({ min: 0, max: 4000 }));
const keys = fc.record({
  words: fc.tuple(word, word, word, word),
  length: fc.constantFrom(0, 24, 32, 128),
  layer: fc.constantFrom(0, 1),
});
const steps = fc.array(fc.record({ key: keys, add: fc.boolean() }), { maxLength: 500, size: "max" });

for (const stride of [1, 4] as const) {
  test(`agrees with a map of text over any history (${stride} word${stride === 1 ? "" : "s"})`, {
    timeout: 30_000,
  }, () => {
    fc.assert(
      fc.property(steps, fc.integer(), (history, seed) => {
        const table = new PrefixTable(stride, 1, seed, 500);
        const twin = new Map<string, number>();
        for (const { key, add } of history) {
          const [w0, ...rest] = key.words;
          const [w1 = 0, w2 = 0, w3 = 0] = stride === 1 ? [] : rest;
          const text = `${w0} ${w1} ${w2} ${w3}/${key.length} ${key.layer}`;
          const known = twin.get(text) ?? 0;
          expect(table.find(w0, w1, w2, w3, key.length, key.layer)).toBe(known);
          if (add) {
            const id = table.add(w0, w1, w2, w3, key.length, key.layer);
            expect(known === 0 || id === known).toBe(true);
            expect([table.word(id, 0), table.word(id, 1), table.word(id, 2), table.word(id, 3)]).toEqual([
              w0,
              w1,
              w2,
              w3,
            ]);
            expect([table.length(id), table.layer(id), table.has(id)]).toEqual([key.length, key.layer, true]);
            if (known === 0) expect([table.field(id, 0), table.marks(id)]).toEqual([0, 0]);
            table.setField(id, 0, w0 + 7);
            table.setMarks(id, key.length);
            twin.set(text, id);
          } else if (known !== 0) {
            table.remove(known);
            expect(table.has(known)).toBe(false);
            twin.delete(text);
          }
          expect(table.size).toBe(twin.size);
        }
        expect(new Set(twin.values()).size).toBe(twin.size);
        for (const id of twin.values()) {
          expect([table.field(id, 0), table.marks(id)]).toEqual([(table.word(id, 0) + 7) % 2 ** 32, table.length(id)]);
        }
      }),
      { numRuns: 25 },
    );
  });
}

test("a hundred thousand prefixes are all found again, and none that was not added", () => {
  const table = new PrefixTable(1, 0, 12345);
  for (let index = 0; index < 100_000; index++) table.add(index * 256, 0, 0, 0, 24, 0);
  let found = 0;
  for (let index = 0; index < 200_000; index++) if (table.find(index * 256, 0, 0, 0, 24, 0) !== 0) found++;
  expect(found).toBe(100_000);
  expect(table.find(0, 0, 0, 0, 23, 0)).toBe(0);
});

test("in shards so full that many prefixes stand far from their places, each is found, until it is removed", () => {
  const count = 340_000; // hardly below two thirds of the slots
  const table = new PrefixTable(1, 0, 12345);
  const ids = Array.from({ length: count }, (_, index) => table.add(index, 0, 0, 0, 32, 0));
  ids.forEach((id, index) => {
    if (index % 3 === 0) table.remove(id);
  });
  const wrong = ids.filter((id, index) => table.find(index, 0, 0, 0, 32, 0) !== (index % 3 === 0 ? 0 : id));
  expect(wrong).toEqual([]);
  ids.forEach((id, index) => {
    if (index % 3 !== 0) table.remove(id);
  });
  expect(table.size).toBe(0);
});

test("whose record is looked at first: the prefix's own, where nobody else stands in its place", () => {
  const table = new PrefixTable(4, 0, 7);
  expect(table.first(1, 2, 3, 4, 128, 0)).toBe(0);
  const id = table.add(1, 2, 3, 4, 128, 0);
  expect([table.first(1, 2, 3, 4, 128, 0), table.first(1, 2, 3, 5, 128, 0)]).toEqual([id, 0]);
});

test("removing what is not there is a mistake of ours", () => {
  const table = new PrefixTable(1, 0, 1);
  const id = table.add(1, 0, 0, 0, 32, 0);
  table.remove(id);
  expect(() => table.remove(id)).toThrow("no prefix");
});

test("a full table gives no number until one is given back, and gives that", () => {
  const table = new PrefixTable(1, 0, 1, 3);
  const [, second] = [1, 2, 3].map((address) => table.add(address, 0, 0, 0, 32, 0));
  expect([table.add(4, 0, 0, 0, 32, 0), table.size]).toEqual([0, 3]);
  table.remove(second!);
  expect([table.add(4, 0, 0, 0, 32, 0), table.size]).toEqual([second, 3]);
  expect(table.add(5, 0, 0, 0, 32, 0)).toBe(0);
});
