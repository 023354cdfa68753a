import { expect, test } from "vitest";
import { attributes, Bench } from "./support/bench.ts";

const A = "192.0.2.2";
const B = "192.0.2.3";
const PREFIXES = Array.from({ length: 2500 }, (_, index) => `20.${index >> 8}.${index & 255}.0/24`);

/** Two neighbours that tell the same, and a third of which one path is the best. */
function begin(): Bench {
  const bench = new Bench();
  for (const name of [A, B]) bench.neighbour(name, "external").announce(PREFIXES, attributes([65001], name));
  bench.neighbour("192.0.2.4", "external").announce(PREFIXES[0]!, attributes([], "192.0.2.4"));
  bench.settle();
  return bench;
}

const kinds = ({ forwarding }: Bench): string[] => [...new Set(forwarding.routes.values())].sort();

test("another number of equal paths is told of every route that it concerns, and of no other", () => {
  const bench = begin();
  expect(kinds(bench)).toEqual([`${A}%1*1 ${B}%1*1`, "192.0.2.4%1*1"]);
  const before = bench.forwarding.calls;
  bench.rib.reconfigureForwarding({ install: true, maxPaths: 1 });
  bench.settle();
  expect(kinds(bench)).toEqual([`${A}%1*1`, "192.0.2.4%1*1"]);
  expect(bench.forwarding.calls - before).toBe(PREFIXES.length - 1);
  bench.rib.reconfigureForwarding({ install: true, maxPaths: 1 });
  bench.settle();
  expect(bench.forwarding.calls - before).toBe(PREFIXES.length - 1);
});

test("routes leave the forwarding table when nothing shall be installed any more, and come back", () => {
  const bench = begin();
  bench.rib.reconfigureForwarding({ install: false, maxPaths: 8 });
  bench.settle();
  expect(bench.forwarding.routes.size).toBe(0);
  bench.neighbour("192.0.2.5", "external").announce("30.0.0.0/8", attributes([], "192.0.2.5"));
  bench.rib.sweep("192.0.2.5", "ipv4"); // the route is read by now
  expect(bench.rib.sides.ipv4.forwarding!.backlog).toBe(0);
  bench.settle();
  expect(bench.forwarding.routes.size).toBe(0);
  bench.rib.reconfigureForwarding({ install: true, maxPaths: 8 });
  bench.settle();
  expect(bench.forwarding.routes.size).toBe(PREFIXES.length + 1);
  expect(bench.forwarding.routes.get("30.0.0.0/8")).toBe("192.0.2.5%1*1");
});
