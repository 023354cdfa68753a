import { expect, test } from "vitest";
import { address, attributes, Bench } from "./support/bench.ts";

const A = "192.0.2.2";
const B = "192.0.2.3";
const C = "192.0.2.4";
const PREFIXES = Array.from({ length: 3000 }, (_, index) => `20.${index >> 8}.${index & 255}.0/24`);

/** A RIB whose neighbours' next hops are each reached by the link that is named here. */
function begin(links: Readonly<Record<string, number>>): Bench {
  const bench = new Bench();
  for (const [name, link] of Object.entries(links)) {
    const hop = { gateway: address(name), link, weight: 1, onlink: false };
    bench.resolver.known.set(name, { metric: 0, hops: [hop] });
  }
  return bench;
}

/** `name` tells these prefixes with an AS path of that length. */
function tell(bench: Bench, name: string, length: number, prefixes: readonly string[] = PREFIXES) {
  const neighbour = bench.neighbour(name, "external");
  neighbour.announce(
    prefixes,
    attributes(
      Array.from({ length }, () => 65001),
      name,
    ),
  );
  rest(bench);
  return neighbour;
}

function rest(bench: Bench): void {
  bench.settle();
  bench.time.advance(1_000);
  bench.settle();
}

const backups = ({ forwarding }: Bench): object => Object.fromEntries(forwarding.backups);

test("a hop set's backup is where most of its routes would go, and comes with the second path", () => {
  const bench = begin({ [A]: 1, [B]: 2, [C]: 3 });
  tell(bench, A, 1);
  expect(backups(bench)).toEqual({});
  const b = tell(bench, B, 2, PREFIXES.slice(0, 2000));
  const first = { [`ipv4 ${A}%1*1`]: `${B}%2*1` };
  expect(backups(bench)).toEqual(first);
  tell(bench, C, 3);
  expect(backups(bench)).toEqual(first);
  b.withdraw(...PREFIXES.slice(0, 1000));
  rest(bench);
  expect(backups(bench)).toEqual({ [`ipv4 ${A}%1*1`]: `${C}%3*1` });
});

test("a path over the same link, an equal share and a minority are no backups", () => {
  const bench = begin({ [A]: 1, [B]: 1, [C]: 3 });
  tell(bench, A, 1);
  tell(bench, B, 2);
  expect(backups(bench)).toEqual({});
  const c = tell(bench, C, 3, PREFIXES.slice(0, 1000));
  expect(backups(bench)).toEqual({});
  c.announce(PREFIXES, attributes([65001], C)); // as good as those of A: all of them are one route with two hops
  rest(bench);
  expect(backups(bench)).toEqual({});
});

test("a backup goes with its neighbour", () => {
  const bench = begin({ [A]: 1, [B]: 2 });
  tell(bench, A, 1);
  const b = tell(bench, B, 2);
  expect(bench.forwarding.backups.size).toBe(1);
  b.down();
  rest(bench);
  expect(backups(bench)).toEqual({});
});

/** What a neighbour's end is taken for at once, and what the routes come to in the end. */
function end(bench: Bench, name: string, retained: readonly ("ipv4" | "ipv6")[] = []): [string[], string[]] {
  bench.forwarding.foreseen.length = 0;
  bench.rib.down(name, retained);
  const foreseen = [...bench.forwarding.foreseen];
  bench.settle();
  return [foreseen, [...new Set(bench.forwarding.routes.values())]];
}

test("where the routes of a lost neighbour go is said before they are looked at, and comes true", () => {
  const bench = begin({ [A]: 1, [B]: 2 });
  tell(bench, A, 1);
  tell(bench, B, 2);
  expect(end(bench, A, ["ipv4"])).toEqual([[], [`${A}%1*1`]]); // it restarts: its routes stay
  expect(end(bench, B)).toEqual([[], [`${A}%1*1`]]);
  tell(bench, B, 2);
  expect(end(bench, A)).toEqual([[`ipv4 ${A}%1*1 to ${B}%2*1`], [`${B}%2*1`]]);
});

test("routes that share their load go on with the other hops", () => {
  const bench = begin({ [A]: 1, [B]: 2, [C]: 3 });
  for (const name of [A, B, C]) tell(bench, name, 1);
  const all = `${A}%1*1 ${B}%2*1 ${C}%3*1`;
  const left = `${A}%1*1 ${C}%3*1`;
  expect(end(bench, B)).toEqual([[`ipv4 ${all} to ${left}`], [left]]);
});

test("nothing is foreseen where another neighbour tells the same next hop, or routes would go different ways", () => {
  const bench = begin({ [A]: 1, [B]: 2, [C]: 3 });
  tell(bench, A, 1);
  const reflected = attributes([65001, 65002], A);
  bench.neighbour("192.0.2.9", "external").announce(PREFIXES, reflected);
  rest(bench);
  expect(end(bench, A)).toEqual([[], [`${A}%1*1`]]);
  const other = begin({ [A]: 1, [B]: 2, [C]: 3 });
  tell(other, A, 1);
  tell(other, B, 2, PREFIXES.slice(0, 1500));
  tell(other, C, 2, PREFIXES.slice(1500));
  expect(end(other, A)).toEqual([[], [`${B}%2*1`, `${C}%3*1`]]);
});
