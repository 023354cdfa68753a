import { expect, test } from "vitest";
import { makeTable, type Table } from "../../bench/generator/table.ts";
import { disjoint } from "../../bench/lab/kernel.ts";

const tables = [makeTable("ipv4", 20_000), makeTable("ipv6", 20_000)] as const;

/** The prefix as bits, such as `0001010`. */
function bits({ words, width, lengths }: Table, prefix: number): string {
  const all = Array.from(words.subarray(prefix * width, prefix * width + width), (word) =>
    word.toString(2).padStart(32, "0"),
  );
  return all.join("").slice(0, lengths[prefix]);
}

const hostBits = ({ words, width }: Table, prefix: number, length: number): string =>
  Array.from(words.subarray(prefix * width, prefix * width + width), (word) => word.toString(2).padStart(32, "0"))
    .join("")
    .slice(length);

test.each(tables)("$family: every prefix is there once, without bits behind its length", (table) => {
  const all = Array.from({ length: table.size }, (_, prefix) => bits(table, prefix));
  expect(new Set(all).size).toBe(table.size);
  for (let prefix = 0; prefix < table.size; prefix++)
    expect(hostBits(table, prefix, table.lengths[prefix]!)).not.toContain("1");
});

test.each(tables)("$family: five prefixes share an attribute set on average, and sets cover the table", (table) => {
  expect(table.size / table.sets).toBeGreaterThan(4);
  expect(table.size / table.sets).toBeLessThan(6);
  expect([table.setStart[0], table.setStart[table.sets]]).toEqual([0, table.size]);
});

test("prefix lengths are those of the Internet", () => {
  const share = (table: Table, length: number): number =>
    table.lengths.filter((one) => one === length).length / table.size;
  expect(share(tables[0], 24)).toBeCloseTo(0.62, 1);
  expect(share(tables[1], 48)).toBeCloseTo(0.45, 1);
});

test("no prefix is one that routers refuse or that the bench uses itself", () => {
  const firstOctets = new Set(Array.from(tables[0].words, (word) => word >>> 24));
  for (const taken of [0, 10, 127, 192, 224, 255]) expect(firstOctets).not.toContain(taken);
  for (let prefix = 0; prefix < tables[1].size; prefix++) expect(bits(tables[1], prefix)).toMatch(/^001/);
});

test("the same seed gives the same table, another one another", () => {
  expect(makeTable("ipv4", 1000, 7)).toEqual(makeTable("ipv4", 1000, 7));
  expect(makeTable("ipv4", 1000, 7).words).not.toEqual(makeTable("ipv4", 1000, 8).words);
});

test.each([makeTable("ipv4", 800, 3), makeTable("ipv6", 800, 3)])(
  "$family: disjoint prefixes are those that overlap no other",
  (table) => {
    const all = Array.from({ length: table.size }, (_, prefix) => bits(table, prefix));
    const overlaps = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);
    const alone = all.flatMap((one, index) =>
      all.some((other, at) => at !== index && overlaps(one, other)) ? [] : [index],
    );
    expect(alone.length).toBeGreaterThan(100);
    expect(alone.length).toBeLessThan(table.size);
    expect(Array.from(disjoint(table)).sort((a, b) => a - b)).toEqual(alone);
  },
);
