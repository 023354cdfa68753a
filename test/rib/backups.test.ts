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

test("what is foreseen comes true", () => {
  const bench = begin({ [A]: 1, [B]: 2 });
  const a = tell(bench, A, 1);
  tell(bench, B, 2);
  const [backup] = bench.forwarding.backups.values();
  a.down();
  bench.settle();
  expect(new Set(bench.forwarding.routes.values())).toEqual(new Set([backup]));
});
