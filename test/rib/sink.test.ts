import { expect, test } from "vitest";
import { attributes, Bench } from "./support/bench.ts";

const A = "192.0.2.1";

test("more prefixes than a neighbour may tell are said once a session and family, refused ones counted", () => {
  const bench = new Bench();
  const a = bench.neighbour(A, "external", { config: { prefixLimit: { ipv4: 2 }, importPolicies: [] } });
  a.announce(["10.1.0.0/16", "10.2.0.0/16", "2001:db8::/32", "2001:db9::/32", "2001:dba::/32"], attributes([65001], A));
  expect(bench.events).toEqual([]);
  a.announce(["10.1.0.0/16", "10.3.0.0/16", "10.4.0.0/16"], attributes([65001], A));
  expect(bench.events).toEqual([`limit ${A} ipv4 3`]);
  a.down();
  bench.settle();
  a.up();
  a.announce(["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"], attributes([65001], A));
  expect(bench.events).toHaveLength(2);
});

test("a limit that is changed holds for the running session", () => {
  const bench = new Bench();
  const a = bench.neighbour(A, "external");
  a.announce(["10.1.0.0/16", "10.2.0.0/16"], attributes([65001], A));
  a.configure({ prefixLimit: { ipv4: 2 } });
  a.announce("10.3.0.0/16", attributes([65001], A));
  expect(bench.events).toEqual([`limit ${A} ipv4 3`]);
});

test("what a session says after its end is not heard, and its attribute sets are let go", () => {
  const bench = new Bench();
  const a = bench.neighbour(A, "external");
  a.down();
  a.announce(["10.1.0.0/16", "2001:db8::/32"], attributes([65001], A));
  a.sink.endOfRib("ipv4");
  a.withdraw("10.1.0.0/16", "2001:db8::/32");
  bench.settle();
  const { sides, attributes: sets } = bench.rib;
  expect([sides.ipv4.loc.paths.size, sides.ipv6.loc.paths.size, sets.size, bench.events]).toEqual([0, 0, 0, []]);
});

test("End-of-RIB is passed on", () => {
  const bench = new Bench();
  bench.neighbour(A, "external").sink.endOfRib("ipv6");
  expect(bench.events).toEqual([`end of rib ${A} ipv6`]);
});

test("a default route of a node is kept but never selected, and judged anew when that changes", () => {
  const bench = new Bench();
  const a = bench.neighbour(A, "internal", { config: { refuseDefault: true } });
  a.announce(["0.0.0.0/0", "::/0", "0.0.0.0/1"], attributes([], A));
  bench.settle();
  expect([...bench.forwarding.routes.keys()]).toEqual(["0.0.0.0/1"]);
  a.configure({ refuseDefault: false });
  bench.settle();
  expect([...bench.forwarding.routes.keys()].sort()).toEqual(["0.0.0.0/0", "0.0.0.0/1", "::/0"]);
});

test("a full table ends nothing but the call that met it", () => {
  const bench = new Bench({ limits: { prefixes4: 2, prefixes6: 2, paths4: 64, paths6: 64, neighbours: 4 } });
  const a = bench.neighbour(A, "external");
  a.announce(["10.1.0.0/16", "10.2.0.0/16"], attributes([65001], A));
  expect(() => a.announce("10.3.0.0/16", attributes([65001], A))).toThrow("the table of prefixes4 is full at 2");
  bench.settle();
  expect(bench.forwarding.routes.size).toBe(2);
  a.withdraw("10.1.0.0/16");
  bench.settle();
  a.announce("10.3.0.0/16", attributes([65001], A));
  bench.settle();
  expect([...bench.forwarding.routes.keys()].sort()).toEqual(["10.2.0.0/16", "10.3.0.0/16"]);
});
