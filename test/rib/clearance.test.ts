import { expect, test } from "vitest";
import { attributes, Bench, smallLimits } from "./support/bench.ts";

const A = "192.0.2.2";
const name = (index: number): string => `20.${index >> 8}.${index & 255}.0/24`;
const told = Array.from({ length: 500 }, (_, index) => name(index));

function begin() {
  const bench = new Bench();
  const a = bench.neighbour(A, "external");
  a.announce(told, attributes([65001], A));
  bench.settle();
  const { loc } = bench.rib.sides.ipv4;
  return { bench, a, loc };
}

test("prefixes that are withdrawn stay in their table while changes come, and go after", () => {
  const { bench, a, loc } = begin();
  for (const prefix of told) a.withdraw(prefix);
  while (loc.paths.size > 0) bench.clock.turn();
  expect(loc.prefixes.size).toBe(told.length);
  bench.settle();
  expect(loc.prefixes.size).toBe(0);
});

test("who is told again before that keeps its number", () => {
  const { bench, a, loc } = begin();
  const before = loc.prefixes.end;
  for (const prefix of told) a.withdraw(prefix);
  while (loc.paths.size > 0) bench.clock.turn();
  a.announce(told, attributes([65001, 65002], A));
  bench.settle();
  expect([loc.prefixes.size, loc.prefixes.end]).toEqual([told.length, before]);
});

test("not more than a quarter of the table waits", () => {
  const { bench, a, loc } = begin();
  for (let index = 0; index < 3 * smallLimits.prefixes4; index++) {
    a.announce(name(index), attributes([65001], A));
    a.withdraw(name(index));
    bench.clock.turn();
  }
  expect(loc.prefixes.size).toBeLessThanOrEqual(smallLimits.prefixes4 / 4 + told.length);
});
