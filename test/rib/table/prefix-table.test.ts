import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TableFull } from "#rib/table/limits.ts";
import { OrderedWalk } from "#rib/table/ordered-walk.ts";
import { type PrefixTable, prefixOf as prefixById } from "#rib/table/prefix-table.ts";
import { PrefixTable4 } from "#rib/table/prefix-table-4.ts";
import { PrefixTable6 } from "#rib/table/prefix-table-6.ts";
import { bitsOf, type Family } from "#route/family.ts";
import { contains, formatPrefix, type Prefix, parsePrefix, prefixOf } from "#route/prefix.ts";

const tables: Readonly<Record<Family, (max: number) => PrefixTable>> = {
  ipv4: (max) => new PrefixTable4(max, 0xdecafbad),
  ipv6: (max) => new PrefixTable6(max, 0xdecafbad),
};

/** Few distinct words, so that prefixes meet, cover and follow each other. */
const wordSource = fc.oneof(fc.constantFrom(0, 1, 0x80000000, 0xffffffff, 0x0a000000), fc.nat(0xffffffff));

const prefixesOf = (family: Family): fc.Arbitrary<Prefix> =>
  fc
    .tuple(
      fc.array(wordSource, { minLength: family === "ipv4" ? 1 : 4, maxLength: family === "ipv4" ? 1 : 4 }),
      fc.nat(bitsOf(family)),
    )
    .map(([words, length]) => prefixOf({ family, words }, length));

/** All prefixes in the order of their walk. */
function walked(table: PrefixTable, within?: Prefix): string[] {
  const found: string[] = [];
  const walk = new OrderedWalk(table, within);
  for (let batch = walk.step(); batch !== undefined; batch = walk.step()) {
    for (const id of batch) found.push(formatPrefix(prefixById(table, id)));
  }
  return found;
}

function inOrder(prefixes: Iterable<Prefix>): string[] {
  const key = ({ words, length }: Prefix) =>
    [...words, length].map((word) => word.toString(16).padStart(8, "0")).join();
  return [...prefixes].sort((a, b) => (key(a) < key(b) ? -1 : 1)).map(formatPrefix);
}

describe.each(["ipv4", "ipv6"] as const)("%s", (family) => {
  const commands = fc.array(fc.record({ add: fc.boolean(), prefix: fc.oneof(prefixesOf(family), fc.nat(400)) }), {
    maxLength: 600,
  });

  /** Numbers stand for prefixes side by side, which fill the table. */
  const prefixFor = (choice: Prefix | number): Prefix => {
    if (typeof choice !== "number") return choice;
    const words = family === "ipv4" ? [0x0a000000 + choice * 256] : [0x20010db8, choice * 65536, 0, 0];
    return prefixOf({ family, words }, family === "ipv4" ? 24 : 48);
  };

  test("agrees with a Map, through growth, deletes and numbers that are given again", () => {
    fc.assert(
      fc.property(commands, (history) => {
        const table = tables[family](1000);
        const twin = new Map<string, { id: number; prefix: Prefix }>();
        for (const { add, prefix: choice } of history) {
          const prefix = prefixFor(choice);
          const key = formatPrefix(prefix);
          const known = twin.get(key);
          expect(table.find(prefix)).toBe(known?.id ?? 0);
          if (add) {
            const id = table.add(prefix);
            if (known === undefined) expect([...twin.values()].some((other) => other.id === id)).toBe(false);
            else expect(id).toBe(known.id);
            twin.set(key, { id, prefix });
          } else if (known !== undefined) {
            table.free(known.id);
            expect(table.has(known.id)).toBe(false);
            twin.delete(key);
          }
          expect(table.size).toBe(twin.size);
        }
        for (const { id, prefix } of twin.values()) expect(prefixById(table, id)).toEqual(prefix);
        expect(walked(table)).toEqual(inOrder([...twin.values()].map(({ prefix }) => prefix)));
      }),
      { numRuns: 100 },
    );
  });

  test("the longest match is the longest of all that contain the address and are accepted", () => {
    fc.assert(
      fc.property(
        fc.array(prefixesOf(family), { maxLength: 40 }),
        prefixesOf(family),
        fc.nat(3),
        (list, host, modulo) => {
          const table = tables[family](100);
          for (const prefix of list) table.add(prefix);
          const { words } = host;
          const accept = (id: number) => id % 4 !== modulo;
          const all = list.filter((prefix) => contains(prefix, { family, words }) && accept(table.find(prefix)));
          const longest = Math.max(-1, ...all.map(({ length }) => length));
          const found = table.longestMatch(words, bitsOf(family), accept);
          expect(found === 0 ? -1 : table.lengthOf(found)).toBe(longest);
          if (found !== 0) expect(contains(prefixById(table, found), { family, words })).toBe(true);
        },
      ),
    );
  });

  test("a walk within a block visits what the block contains, in order", () => {
    fc.assert(
      fc.property(fc.array(prefixesOf(family), { maxLength: 60 }), prefixesOf(family), (list, block) => {
        const table = tables[family](100);
        const unique = new Map(list.map((prefix) => [formatPrefix(prefix), prefix]));
        for (const prefix of unique.values()) table.add(prefix);
        const inside = [...unique.values()].filter((prefix) => contains(block, prefix));
        expect(walked(table, block)).toEqual(inOrder(inside));
      }),
    );
  });

  test("a walk of more prefixes than one batch holds, all in one block, is in order and complete", () => {
    const count = 40_000;
    const table = tables[family](count);
    const all: Prefix[] = [];
    for (let n = 0; n < count; n++) {
      const mixed = (n * 7919) % count;
      const words = family === "ipv4" ? [(0x0a000000 + mixed * 256) >>> 0] : [0x20010db8, mixed * 65536, 0, 0];
      all.push(prefixOf({ family, words }, family === "ipv4" ? 24 : 48));
    }
    for (const prefix of all) table.add(prefix);
    expect(walked(table)).toEqual(inOrder(all));
  });

  test("a walk of many prefixes of all lengths, one in the other, agrees with comparing them", () => {
    const crowded = fc.array(fc.tuple(fc.nat(0xffff), fc.nat(7), fc.nat(bitsOf(family))), {
      minLength: 300,
      maxLength: 500,
    });
    fc.assert(
      fc.property(crowded, prefixesOf(family), (list, block) => {
        const table = tables[family](500);
        const unique = new Map<string, Prefix>();
        for (const [low, high, length] of list) {
          const first = (0xc0000000 + high * 0x01000000 + low * 37) >>> 0;
          const prefix = prefixOf({ family, words: family === "ipv4" ? [first] : [first, low, 0, high] }, length);
          unique.set(formatPrefix(prefix), prefix);
        }
        for (const prefix of unique.values()) table.add(prefix);
        expect(walked(table)).toEqual(inOrder(unique.values()));
        const inside = [...unique.values()].filter((prefix) => contains(block, prefix));
        expect(walked(table, block)).toEqual(inOrder(inside));
      }),
      { numRuns: 20 },
    );
  });

  test("what is full says so, and is as it was", () => {
    const table = tables[family](2);
    const [a, b, c] = (
      family === "ipv4" ? ["10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"] : ["1::/16", "2::/16", "3::/16"]
    ).map((text) => parsePrefix(text)!) as [Prefix, Prefix, Prefix];
    const first = table.add(a);
    table.add(b);
    expect(() => table.add(c)).toThrow(TableFull);
    expect([table.find(a), table.find(c), table.size]).toEqual([first, 0, 2]);
    table.free(first);
    expect(table.add(c)).toBe(first);
  });
});

test("a walk that is interrupted by changes still visits what stays", () => {
  const table = new PrefixTable4(50_000, 1);
  for (let n = 0; n < 30_000; n++) table.add4((n * 65536) >>> 0, 16);
  const walk = new OrderedWalk(table);
  const seen: number[] = [];
  for (let batch = walk.step(), steps = 0; batch !== undefined; batch = walk.step(), steps++) {
    for (const id of batch) seen.push(table.word(id, 0));
    const gone = table.find4((steps * 3 * 65536) >>> 0, 16);
    if (gone !== 0) table.free(gone);
  }
  const stayed = Array.from({ length: 30_000 }, (_, n) => (n * 65536) >>> 0).filter(
    (word) => table.find4(word, 16) !== 0,
  );
  expect(stayed.filter((word) => !seen.includes(word))).toEqual([]);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
});
