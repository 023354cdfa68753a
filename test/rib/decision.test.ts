import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Step } from "#rib/decision.ts";
import type { Attributes } from "#route/attributes.ts";
import { address, attributes, Bench, own } from "./support/bench.ts";
import { onLink } from "./support/wires.ts";

const prefix = "10.1.0.0/16";

interface Told {
  readonly by: string;
  readonly kind?: "external" | "internal" | "client";
  readonly set: Attributes;
}

/** Tells the paths in order. @returns who has the best one, and where each of the others lost */
function decide(paths: readonly Told[], bench = new Bench()) {
  for (const { by, kind = "external", set } of paths) bench.neighbour(by, kind).announce(prefix, set);
  bench.settle();
  const { loc } = bench.rib.sides.ipv4;
  const id = loc.prefixes.find({ family: "ipv4", words: [0x0a010000], length: 16 });
  const best = loc.bestOf(id);
  const nameOf = (path: number): string => bench.rib.neighbourById(loc.paths.neighbourOf(path))!.config.name;
  const lost: Record<string, Step> = {};
  for (let path = loc.headOf(id); path !== 0; path = loc.paths.next(path)) {
    if (path !== best && best !== 0 && loc.decision.stands(path)) {
      lost[nameOf(path)] = loc.decision.lostAt(loc.headOf(id), path, best);
    }
  }
  return { best: best === 0 ? undefined : nameOf(best), lost, bench };
}

const A = "192.0.2.1";
const B = "192.0.2.2";
const C = "192.0.2.3";

describe("each step of RFC 4271 §9.1.2.2 and RFC 4456 §9 decides where those before it do not", () => {
  const cases: readonly (readonly [Step, Told, Told])[] = [
    [
      "local preference",
      { by: B, kind: "internal", set: attributes([65001, 65002, 65003], A, { localPref: 200 }) },
      { by: A, kind: "internal", set: attributes([65001], A) },
    ],
    [
      "AS path length",
      { by: B, set: attributes([65001], A, { origin: 2 }) },
      { by: A, set: attributes([65001, 65002], A, { origin: 0 }) },
    ],
    [
      "origin",
      { by: B, set: attributes([65001], A, { med: 9 }) },
      { by: A, set: attributes([65001], A, { origin: 2 }) },
    ],
    [
      "MED",
      { by: B, kind: "internal", set: attributes([65001], A, { med: 1 }) },
      { by: A, set: attributes([65001], A, { med: 2 }) },
    ],
    [
      "external over internal",
      { by: B, set: attributes([65001], C) },
      { by: A, kind: "internal", set: attributes([65001], A) },
    ],
    ["metric to the next hop", { by: B, set: attributes([65001], A) }, { by: A, set: attributes([65001], C) }],
    [
      "router id",
      { by: B, kind: "internal", set: attributes([], A, { originatorId: 1, clusterList: [1, 2] }) },
      { by: A, kind: "internal", set: attributes([], A, { originatorId: 2, clusterList: [1] }) },
    ],
    [
      "cluster list length",
      { by: B, kind: "internal", set: attributes([], A, { originatorId: 1, clusterList: [1] }) },
      { by: A, kind: "internal", set: attributes([], A, { originatorId: 1, clusterList: [1, 2] }) },
    ],
    [
      "neighbour address",
      { by: A, kind: "internal", set: attributes([], A, { originatorId: 1 }) },
      { by: B, kind: "internal", set: attributes([], A, { originatorId: 1 }) },
    ],
  ];

  test.each(cases)("%s", (step, winner, loser) => {
    for (const order of [
      [winner, loser],
      [loser, winner],
    ]) {
      const bench = new Bench();
      bench.resolver.known.set(C, onLink(address(C), 1, 20));
      const { best, lost } = decide(order, bench);
      expect({ best, lost }).toEqual({ best: winner.by, lost: { [loser.by]: step } });
    }
  });
});

test("MED compares only paths of the same neighbour AS", () => {
  const { best } = decide([
    { by: A, set: attributes([65001], A, { med: 50 }) },
    { by: B, set: attributes([65002], A, { med: 1 }) },
  ]);
  expect(best).toBe(A);
});

test("the best path does not depend on the order of arrival, also where MED compares only some of them", () => {
  const paths: Told[] = [
    { by: A, set: attributes([65001], A, { med: 20 }) },
    { by: B, set: attributes([65002], A, { med: 30 }) },
    { by: C, set: attributes([65001], A, { med: 10 }) },
    { by: "192.0.2.4", kind: "internal", set: attributes([65002], A, { med: 5 }) },
    { by: "192.0.2.5", kind: "internal", set: attributes([65001], A, { med: 10 }) },
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(paths, { minLength: paths.length }), (order) => {
      expect(decide(order).best).toBe(C);
    }),
    { numRuns: 30 },
  );
});

test("a path strictly worse than the best one changes nothing and tells nobody", () => {
  const { bench, best } = decide([
    { by: A, set: attributes([65001], A) },
    { by: B, set: attributes([65001, 65002], B) },
  ]);
  const { changes } = bench.rib.sides.ipv4.loc;
  bench.neighbour(C, "external").announce(prefix, attributes([65001, 65002, 65003], C));
  bench.settle();
  expect([best, bench.rib.sides.ipv4.loc.changes]).toEqual([A, changes]);
});

test("loops, refused paths and unreachable next hops take no part; an own prefix stands before all", () => {
  const bench = new Bench();
  bench.resolver.known.set(B, undefined);
  const { best } = decide(
    [
      { by: A, set: attributes([64512], A) },
      { by: B, set: attributes([65001], B) },
      { by: C, set: attributes([65001, 65002, 65003, 65004], C) },
    ],
    bench,
  );
  expect(best).toBe(C);
  bench.rib.originate([own(prefix)]);
  bench.settle();
  expect(bench.forwarding.routes.get(prefix)).toBeUndefined();
});

test("GRACEFUL_SHUTDOWN makes a path the last choice, but still a choice (RFC 8326)", () => {
  const leaving = { communities: [0xffff0000] };
  const { best, bench } = decide([
    { by: A, set: attributes([65001], A, leaving) },
    { by: B, set: attributes([65001, 65002, 65003], B) },
  ]);
  expect(best).toBe(B);
  bench.rib.down(B, []);
  bench.settle();
  expect(bench.forwarding.routes.get(prefix)).toBe(`${A}%1*1`);
});

test("paths equal through step (e) become one route, at most as many as are configured, the best ones first", () => {
  const equal = (bench: Bench) => {
    for (const name of ["192.0.2.9", "192.0.2.7", "192.0.2.8"]) {
      bench.neighbour(name, "external").announce(prefix, attributes([65001], name));
    }
    bench.neighbour("192.0.2.6", "external").announce(prefix, attributes([65001], "192.0.2.6", { med: 1 }));
    bench.neighbour("192.0.2.5", "internal").announce(prefix, attributes([65001], "192.0.2.5"));
    bench.settle();
    return bench.forwarding.routes.get(prefix);
  };
  expect(equal(new Bench({ maxPaths: 8 }))).toBe("192.0.2.7%1*1 192.0.2.8%1*1 192.0.2.9%1*1");
  expect(equal(new Bench({ maxPaths: 2 }))).toBe("192.0.2.7%1*1 192.0.2.8%1*1");
  expect(equal(new Bench({ maxPaths: 1 }))).toBe("192.0.2.7%1*1");
});

test("equal paths that all tell their bandwidth share by it", () => {
  const bandwidth = (bits: number): Partial<Attributes> => ({ extendedCommunities: [[0x40040000, bits]] });
  const [fast, slow] = [0x4c000000, 0x4b000000]; // 33,554,432 and 8,388,608 octets a second
  const bench = new Bench();
  bench.neighbour(A, "external").announce(prefix, attributes([65001], A, bandwidth(fast)));
  const b = bench.neighbour(B, "external");
  b.announce(prefix, attributes([65001], B, bandwidth(slow)));
  bench.settle();
  expect(bench.forwarding.routes.get(prefix)).toBe(`${A}%1*256 ${B}%1*64`);
  b.announce(prefix, attributes([65001], B));
  bench.settle();
  expect(bench.forwarding.routes.get(prefix)).toBe(`${A}%1*1 ${B}%1*1`);
});

test("an equal path that goes, or is no longer equal, leaves the shared route; the neighbours are told nothing", () => {
  const bench = new Bench();
  const [a, b, c, d] = [A, B, C, "192.0.2.4"].map((name) => bench.neighbour(name, "external"));
  for (const neighbour of [a, b, c]) neighbour!.announce(prefix, attributes([65001], neighbour!.name));
  bench.settle();
  const { changes } = bench.rib.sides.ipv4.loc;
  const route = () => bench.forwarding.routes.get(prefix);
  expect(route()).toBe(`${A}%1*1 ${B}%1*1 ${C}%1*1`);
  b!.withdraw(prefix);
  bench.settle();
  expect(route()).toBe(`${A}%1*1 ${C}%1*1`);
  c!.announce(prefix, attributes([65001, 65002], C));
  bench.settle();
  expect(route()).toBe(`${A}%1*1`);
  d!.announce(prefix, attributes([65001], d!.name));
  bench.settle();
  expect(route()).toBe(`${A}%1*1 192.0.2.4%1*1`);
  d!.down();
  bench.settle();
  expect(route()).toBe(`${A}%1*1`);
  expect(bench.rib.sides.ipv4.loc.changes).toBe(changes);
});

test("a path that goes may bring back one that its MED had put out", () => {
  const { best, bench } = decide([
    { by: A, set: attributes([65001], A, { med: 20 }) },
    { by: B, set: attributes([65002], B) },
    { by: C, set: attributes([65001], C, { med: 10 }) },
  ]);
  expect(best).toBe(B);
  bench.rib.down(C, []);
  bench.settle();
  expect(bench.forwarding.routes.get(prefix)).toBe(`${A}%1*1 ${B}%1*1`);
  expect(bench.rib.sides.ipv4.loc.bests[bench.rib.neighbour(A)!.id]).toBe(1);
});
