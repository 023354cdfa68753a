import { expect, test } from "vitest";
import { attributes, Bench } from "./support/bench.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const set = attributes([65001], A);

function start(prefixes: readonly string[]) {
  const bench = new Bench();
  const a = bench.neighbour(A, "external");
  const b = bench.neighbour(B, "external");
  a.announce(prefixes, set);
  bench.settle();
  const routes = () => [...b.ear.routes.keys()].sort();
  return { bench, a, b, routes };
}

test("routes of a neighbour that restarts stand on, and what it does not tell again goes with the sweep (RFC 4724 §4.2)", () => {
  const { bench, a, b, routes } = start(["10.1.0.0/16", "10.2.0.0/16", "2001:db8::/32"]);
  b.ear.lines();
  a.down(["ipv4"]);
  bench.settle();
  expect(b.ear.lines()).toEqual(["- 2001:db8::/32"]);
  expect(bench.forwarding.routes.size).toBe(2);
  a.up(["ipv4"]);
  a.announce("10.1.0.0/16", set);
  bench.settle();
  expect(b.ear.lines()).toEqual([]);
  bench.rib.sweep(A, "ipv4");
  bench.settle();
  expect(routes()).toEqual(["10.1.0.0/16"]);
});

test("a restart during a restart keeps what the first one kept, until the sweep", () => {
  const { bench, a, b, routes } = start(["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]);
  b.ear.lines();
  a.down(["ipv4"]);
  a.up(["ipv4"]);
  a.announce("10.1.0.0/16", set);
  bench.settle();
  a.down(["ipv4"]);
  bench.settle();
  expect(b.ear.lines()).toEqual([]);
  expect(bench.forwarding.routes.size).toBe(3);
  a.up(["ipv4"]);
  a.announce("10.2.0.0/16", set);
  bench.rib.sweep(A, "ipv4");
  bench.settle();
  expect(routes()).toEqual(["10.2.0.0/16"]);
});

test("a session that comes up without having kept a family begins it empty", () => {
  const { bench, a, routes } = start(["10.1.0.0/16", "2001:db8::/32"]);
  a.down(["ipv4", "ipv6"]);
  a.up(["ipv6"]);
  bench.settle();
  expect(routes()).toEqual(["2001:db8::/32"]);
});

test("what is told while the old routes are still on their way out stays", () => {
  const prefixes = Array.from({ length: 4500 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);
  const { bench, a, routes } = start(prefixes);
  a.down();
  bench.turns(1);
  a.up();
  a.announce(prefixes.slice(-700), attributes([65001, 65002], A));
  bench.turns(2);
  a.announce(prefixes.slice(0, 300), attributes([65001, 65002], A));
  bench.settle();
  expect(routes()).toEqual([...prefixes.slice(0, 300), ...prefixes.slice(-700)].sort());
  expect(bench.rib.sides.ipv4.loc.staleOf(bench.rib.neighbour(A)!.id)).toBe(0);
});

test("more restarts in a row than ages can be told apart lose nothing, and leave nothing after the sweep", () => {
  const { bench, a, b, routes } = start(["10.1.0.0/16", "10.2.0.0/16"]);
  b.ear.lines();
  for (let n = 0; n < 30; n++) {
    a.down(["ipv4"]);
    a.up(["ipv4"]);
    a.announce("10.1.0.0/16", set);
  }
  bench.settle();
  expect(b.ear.lines()).toEqual([]);
  expect(routes()).toEqual(["10.1.0.0/16", "10.2.0.0/16"]);
  bench.rib.sweep(A, "ipv4");
  bench.settle();
  expect(routes()).toEqual(["10.1.0.0/16"]);
  for (let n = 0; n < 30; n++) {
    a.down();
    a.up();
    a.announce("10.3.0.0/16", set);
  }
  bench.settle();
  expect(routes()).toEqual(["10.3.0.0/16"]);
});

test("a refresh that is announced again and again before it ends is still one refresh (RFC 7313 §4.2)", () => {
  const { bench, a, routes } = start(["10.1.0.0/16", "10.2.0.0/16"]);
  bench.rib.markStale(A, "ipv4");
  bench.rib.markStale(A, "ipv4");
  bench.settle();
  expect(routes()).toHaveLength(2);
  for (let n = 0; n < 20; n++) {
    bench.rib.markStale(A, "ipv4");
    a.announce("10.2.0.0/16", set);
  }
  bench.rib.sweep(A, "ipv4");
  bench.settle();
  expect(routes()).toEqual(["10.2.0.0/16"]);
});

test("a neighbour that is removed takes its routes along; its number serves another one when nothing refers to it", () => {
  const { bench, b } = start(["10.1.0.0/16"]);
  const { id } = bench.rib.neighbour(A)!;
  bench.rib.removeNeighbour(A);
  const early = bench.neighbour("192.0.2.9", "external");
  expect(bench.rib.neighbour(early.name)!.id).not.toBe(id);
  bench.settle();
  expect([b.ear.routes.size, bench.rib.neighbour(A)]).toEqual([0, undefined]);
  const late = bench.neighbour("192.0.2.10", "external");
  expect(bench.rib.neighbour(late.name)!.id).toBe(id);
});
