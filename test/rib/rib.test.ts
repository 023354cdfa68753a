import { expect, test } from "vitest";
import { attributes, Bench, own } from "./support/bench.ts";

test("a route of one neighbour reaches the others and the forwarding table, and goes again", () => {
  const bench = new Bench();
  const a = bench.neighbour("192.0.2.1", "external");
  const b = bench.neighbour("192.0.2.2", "external");
  const c = bench.neighbour("192.0.2.3", "internal");
  a.announce(["10.1.0.0/16", "2001:db8::/32"], attributes([65001], "192.0.2.1"));
  bench.settle();
  expect(b.ear.lines()).toEqual(["+ 10.1.0.0/16 [65001]", "endOfRib ipv4", "+ 2001:db8::/32 [65001]", "endOfRib ipv6"]);
  expect([...c.ear.routes.keys()]).toEqual(["10.1.0.0/16", "2001:db8::/32"]);
  expect(a.ear.lines()).toEqual(["endOfRib ipv4", "endOfRib ipv6"]);
  expect([...bench.forwarding.routes]).toEqual([
    ["10.1.0.0/16", "192.0.2.1%1*1"],
    ["2001:db8::/32", "192.0.2.1%1*1"],
  ]);
  a.withdraw("10.1.0.0/16");
  bench.settle();
  expect(b.ear.lines()).toEqual(["- 10.1.0.0/16"]);
  expect(bench.forwarding.routes.has("10.1.0.0/16")).toBe(false);
});

test("a neighbour that goes takes its routes along; the next best ones take over", () => {
  const bench = new Bench();
  const a = bench.neighbour("192.0.2.1", "external");
  const b = bench.neighbour("192.0.2.2", "external");
  const c = bench.neighbour("192.0.2.3", "external");
  a.announce(["10.1.0.0/16", "10.2.0.0/16"], attributes([65001], "192.0.2.1"));
  b.announce("10.1.0.0/16", attributes([65002, 65003], "192.0.2.2"));
  bench.settle();
  c.ear.lines();
  b.ear.lines();
  a.down();
  bench.settle();
  expect(c.ear.lines()).toEqual(["- 10.2.0.0/16", "+ 10.1.0.0/16 [65002 65003]"]);
  expect(b.ear.lines()).toEqual(["- 10.1.0.0/16", "- 10.2.0.0/16"]);
  expect([...bench.forwarding.routes]).toEqual([["10.1.0.0/16", "192.0.2.2%1*1"]]);
});

test("own prefixes are told to everybody, and are not forwarded anywhere", () => {
  const bench = new Bench();
  const a = bench.neighbour("192.0.2.1", "internal");
  bench.rib.originate([own("10.244.1.0/24"), own("10.96.0.1/32", { from: "service", blackhole: false })]);
  bench.settle();
  expect([...a.ear.routes.keys()]).toEqual(["10.244.1.0/24", "10.96.0.1/32"]);
  expect([...bench.forwarding.routes]).toEqual([]);
  bench.rib.originate([]);
  bench.settle();
  expect(a.ear.routes.size).toBe(0);
  expect(bench.forwarding.routes.size).toBe(0);
});

test("a node that leaves says so to all, then withdraws everything, and comes back; new sessions hear the same", () => {
  const bench = new Bench();
  const tor = bench.neighbour("192.0.2.1", "external");
  const node = bench.neighbour("192.0.2.2", "internal");
  const from = bench.neighbour("192.0.2.3", "external");
  bench.rib.originate([own("10.244.1.0/24")]);
  from.announce("10.9.0.0/16", attributes([65001], "192.0.2.3"));
  bench.settle();
  const said = (ear: typeof tor.ear) =>
    [...ear.routes].map(([prefix, { communities, localPref }]) => `${prefix} ${communities.join()} ${localPref}`);
  const plainly = said(node.ear);
  expect(plainly).toEqual(["10.244.1.0/24  undefined", "10.9.0.0/16  undefined"]);
  bench.rib.setDrain("leaving");
  bench.settle();
  expect(said(node.ear)).toEqual(["10.244.1.0/24 4294901760 0", "10.9.0.0/16 4294901760 0"]);
  expect(said(tor.ear)).toEqual(["10.244.1.0/24 4294901760 undefined", "10.9.0.0/16 4294901760 undefined"]);
  const late = bench.neighbour("192.0.2.4", "internal");
  bench.settle();
  expect(said(late.ear)).toEqual(said(node.ear));
  bench.rib.setDrain("gone");
  bench.settle();
  expect([node, tor, late].map(({ ear }) => ear.routes.size)).toEqual([0, 0, 0]);
  expect(bench.forwarding.routes.has("10.9.0.0/16")).toBe(true);
  bench.rib.setDrain("off");
  bench.settle();
  expect(said(node.ear)).toEqual(plainly);
  expect(bench.rib.sides.ipv4.programs.size).toBeGreaterThan(0);
});
