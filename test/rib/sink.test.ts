import { expect, test } from "vitest";
import { attributes, Bench, smallLimits } from "./support/bench.ts";
import { factsOf, octetsOf } from "./support/codec.ts";

const A = "192.0.2.1";

test("more prefixes than a neighbour may tell are said once a session and family, refused ones counted", () => {
  const bench = new Bench();
  const a = bench.neighbour(A, "external", { config: { prefixLimit: { ipv4: 2 }, importPolicies: [] } });
  a.announce(["10.1.0.0/16", "10.2.0.0/16", "2001:db8::/32", "2001:db9::/32", "2001:dba::/32"], attributes([65001], A));
  expect(bench.events).toEqual([]);
  a.announce(["10.1.0.0/16", "10.3.0.0/16", "10.4.0.0/16"], attributes([65001], A));
  expect(bench.events).toEqual([`limit ${A} ipv4 4`]);
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

test("a full table ends the session that met it, and nothing else", () => {
  const bench = new Bench({ limits: { prefixes4: 2, prefixes6: 2, paths4: 64, paths6: 64, neighbours: 4 } });
  const a = bench.neighbour(A, "external");
  a.announce(["10.1.0.0/16", "10.2.0.0/16"], attributes([65001], A));
  const b = bench.neighbour("192.0.2.2", "external");
  b.announce("10.3.0.0/16", attributes([65002], A));
  bench.settle();
  expect(bench.events).toEqual(["full 192.0.2.2: the table of prefixes4 is full at 2"]);
  expect([...bench.forwarding.routes.keys()]).toEqual(["10.1.0.0/16", "10.2.0.0/16"]);
  b.announce("10.1.0.0/16", attributes([65002], A));
  expect(bench.rib.sides.ipv4.loc.paths.size).toBe(2);
  a.withdraw("10.1.0.0/16");
  b.down();
  bench.settle();
  a.announce("10.3.0.0/16", attributes([65001], A));
  bench.settle();
  expect([...bench.forwarding.routes.keys()].sort()).toEqual(["10.2.0.0/16", "10.3.0.0/16"]);
});

test("a set for which there is no room counts as withdrawn", () => {
  const bench = new Bench({ limits: { ...smallLimits, attributeSets: 1 } });
  const a = bench.neighbour(A, "internal");
  a.announce("10.1.0.0/16", attributes([65001], A));
  const octets = octetsOf(attributes([65002], A));
  expect(a.sink.add(2, octets, 0, octets.length, factsOf(attributes([65002], A)))).toBe(0);
  expect(bench.events).toEqual([`full ${A}: the table of attributeSets is full at 1`]);
});

test("what was told last before a session ends counts: also withdrawals, also when the end comes from within", () => {
  const bench = new Bench();
  const a = bench.neighbour(A, "external");
  a.announce(["10.1.0.0/16", "10.2.0.0/16"], attributes([65001], A));
  a.withdraw("10.1.0.0/16");
  a.down(["ipv4"]);
  bench.settle();
  expect([...bench.forwarding.routes.keys()]).toEqual(["10.2.0.0/16"]);
  const strict: Bench = new Bench({
    events: {
      endOfRib: () => {},
      prefixLimit: (name) => {
        strict.events.push(name);
        strict.rib.down(name, []);
      },
      tableFull: () => {},
    },
  });
  const b = strict.neighbour(A, "external", { config: { prefixLimit: { ipv4: 1 } } });
  b.announce(["10.1.0.0/16", "10.2.0.0/16"], attributes([65001], A));
  strict.settle();
  const { loc } = strict.rib.sides.ipv4;
  expect([strict.events, loc.paths.size, loc.prefixes.size]).toEqual([[A], 0, 0]);
});
