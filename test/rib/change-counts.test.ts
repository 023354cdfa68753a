import { expect, test } from "vitest";
import type { PolicyConfig } from "#config/node-config.ts";
import { RibView } from "#rib/views.ts";
import { acceptAll, attributes, Bench, type TestNeighbour } from "./support/bench.ts";

const [A, B, C, D] = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"] as const;
const FIRST = "10.1.0.0/16";
const OTHERS = ["10.2.0.0/16", "10.3.0.0/16"];
const rejecting: PolicyConfig = {
  name: "reject",
  statements: [{ match: { communities: [666] }, set: {}, action: "reject" }],
};
const marked = { communities: [666] };

function start() {
  const bench = new Bench();
  const view = new RibView(bench.rib, 0);
  const changes = ({ name }: TestNeighbour) => {
    bench.settle();
    return view.changes(bench.rib.neighbour(name)!, "ipv4");
  };
  return { bench, changes };
}

test("what a neighbour tells is accepted, filtered, rejected, or nothing new", () => {
  const { bench, changes } = start();
  const a = bench.neighbour(A, "external", { config: { importPolicies: [rejecting, acceptAll] } });
  a.announce([FIRST, ...OTHERS], attributes([65001], A));
  a.announce(FIRST, attributes([65001], A)); // nothing new
  a.announce(FIRST, attributes([65001], A, { med: 1 }));
  a.announce(OTHERS, attributes([65001], A, marked));
  a.announce(OTHERS, attributes([65001], A, marked));
  a.announce("10.4.0.0/16", attributes([65001, 64512], A)); // looped
  a.withdraw(FIRST, ...OTHERS, "10.5.0.0/16");
  const { importUpdates, importWithdraws } = changes(a);
  expect(importUpdates).toEqual({ received: 10, rejected: 1, filtered: 4, ignored: 1, accepted: 4 });
  expect(importWithdraws).toEqual({ received: 4, rejected: 0, filtered: 0, ignored: 1, accepted: 3 });
  a.down();
  a.up();
  expect(changes(a).importUpdates.received).toBe(0);
});

test("what a neighbour is told, and what it is not: its own paths, and what policy refuses", () => {
  const { bench, changes } = start();
  const exporting = { config: { exportPolicies: [rejecting, acceptAll] } };
  const [a, b] = [bench.neighbour(A, "external", exporting), bench.neighbour(B, "external", exporting)];
  a.announce([FIRST, ...OTHERS], attributes([65001], A));
  bench.settle();
  a.announce(FIRST, attributes([65001], A, marked));
  bench.settle();
  a.withdraw(OTHERS[0]!);
  expect(changes(b)).toMatchObject({
    exportUpdates: { received: 4, rejected: 0, filtered: 1, accepted: 3 },
    exportWithdraws: { received: 2, accepted: 2 },
  });
  expect(changes(a)).toMatchObject({
    exportUpdates: { received: 4, rejected: 3, filtered: 1, accepted: 0 },
    exportWithdraws: { received: 0, accepted: 0 },
  });
  // One that comes later is told what stands, and so is not told what policy refuses of it.
  const c = bench.neighbour(C, "external", exporting);
  expect(changes(c).exportUpdates).toMatchObject({ received: 2, filtered: 1, accepted: 1 });
});

test("routes of internal neighbours are rejected for others of these, also when groups part and unite", () => {
  const { bench, changes } = start();
  const [a, b, d] = [A, B, D].map((name) => bench.neighbour(name, "internal")) as [
    TestNeighbour,
    TestNeighbour,
    TestNeighbour,
  ];
  a.announce([FIRST, ...OTHERS], attributes([], A));
  expect(changes(b).exportUpdates).toMatchObject({ received: 3, rejected: 3, accepted: 0 });
  d.configure({ exportPolicies: [acceptAll] });
  bench.settle();
  d.configure({ exportPolicies: [] });
  bench.settle();
  a.announce("10.4.0.0/16", attributes([], A));
  expect(changes(b).exportUpdates).toMatchObject({ received: 4, rejected: 4, accepted: 0 });
});

test("own prefixes count as updates of the node itself", () => {
  const { bench } = start();
  const own = { from: "podCIDR", source: "node/n1", blackhole: true, localPref: undefined } as const;
  const prefix = { family: "ipv4", words: [0x0a010000], length: 16 } as const;
  bench.rib.originate([{ ...own, prefix, communities: [], largeCommunities: [] }]);
  bench.rib.originate([]);
  const { importUpdates, importWithdraws } = new RibView(bench.rib, 0).changes(undefined, "ipv4");
  expect([importUpdates.accepted, importWithdraws.accepted]).toEqual([1, 1]);
});

test("who comes while a withdrawal waits to be told was refused nothing", () => {
  const { bench, changes } = start();
  const a = bench.neighbour(A, "external");
  a.announce(FIRST, attributes([65001], A));
  bench.neighbour(B, "external");
  bench.settle();
  a.withdraw(FIRST);
  bench.rib.sweep(A, "ipv4"); // the withdrawal is read, and not told yet
  const c = bench.neighbour(C, "external");
  expect(changes(c).exportUpdates).toMatchObject({ received: 0, rejected: 0, filtered: 0 });
});
