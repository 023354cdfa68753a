import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PolicyConfig } from "#config/node-config.ts";
import type { Attributes } from "#route/attributes.ts";
import { parsePrefix } from "#route/prefix.ts";
import { acceptAll, attributes, Bench, own, smallLimits } from "./support/bench.ts";
import { JsonEncoder } from "./support/codec.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const C = "192.0.2.3";
const D = "192.0.2.4";

const block = (count: number, first = 10): string[] =>
  Array.from({ length: count }, (_, n) => `${first}.${n >> 8}.${n & 255}.0/24`);

/** A set that makes messages of some 5,000 octets, three prefixes in each. */
const bulky: Attributes = attributes([65001], A, {
  communities: Array.from({ length: 400 }, (_, n) => 0x10000000 + n),
});

/** A bench with a teller and listeners, all settled and heard out. */
function settled(
  listeners: readonly string[],
  prefixes: readonly string[] = [],
  kind: "external" | "internal" = "external",
) {
  const bench = new Bench({ limits: { ...smallLimits, prefixes4: 20_000 } });
  const teller = bench.neighbour(A, kind);
  const ears = listeners.map((name) => bench.neighbour(name, "external"));
  teller.announce(prefixes, attributes([65001], A));
  bench.settle();
  for (const { ear } of [teller, ...ears]) ear.lines();
  return { bench, teller, ears, groups: bench.rib.sides.ipv4.groups };
}

describe("neighbours whose part changes while their sessions last", () => {
  /** A reflects or does not: what each of B, C and D, internal ones, knows of the others' prefixes. */
  function internals() {
    const bench = new Bench();
    const all = [B, C, D].map((name, at) => {
      const neighbour = bench.neighbour(name, "internal");
      neighbour.announce(`10.${at + 1}.0.0/16`, attributes([], name));
      return neighbour;
    });
    bench.settle();
    const known = (): string[] =>
      all.map(({ ear }) =>
        [...ear.routes.keys()]
          .map((prefix) => prefix[3])
          .sort()
          .join(""),
      );
    const turn = (kinds: readonly ("client" | "internal")[]): string[] => {
      const words = kinds.map(
        (kind, at) => [all[at]!.name, { kind, encoding: kind, encoder: () => new JsonEncoder() }] as const,
      );
      bench.rib.reword(new Map(words));
      bench.settle();
      return known();
    };
    return { bench, all, known, turn };
  }

  test("clients are told what internal neighbours are not, from when they are clients until they no longer are", () => {
    const { all, known, turn } = internals();
    expect(known()).toEqual(["", "", ""]);
    expect(turn(["client", "client", "client"])).toEqual(["23", "13", "12"]);
    expect(turn(["client", "internal", "internal"])).toEqual(["23", "1", "1"]);
    expect(turn(["internal", "internal", "client"])).toEqual(["3", "3", "12"]);
    expect(turn(["internal", "internal", "internal"])).toEqual(["", "", ""]);
    for (const { ear } of all) expect(ear.lines().filter((line) => line.startsWith("endOfRib")).length).toBe(2);
  });

  test("in whatever order they change, they know what they would know from the beginning", () => {
    const kind = fc.constantFrom("client" as const, "internal" as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(kind, kind, kind), { minLength: 1, maxLength: 6 }), (history) => {
        const { turn } = internals();
        const last = history.map(turn).at(-1);
        const [...kinds] = history.at(-1) ?? [];
        const obvious = kinds.map((to, me) =>
          kinds.map((from, at) => (at !== me && (from === "client" || to === "client") ? `${at + 1}` : "")).join(""),
        );
        expect(last).toEqual(obvious);
      }),
      { numRuns: 50 },
    );
  });

  test("all that was told is told again in other words", () => {
    const {
      bench,
      ears: [b, c],
    } = settled([B, C], block(10));
    const [left = b, right] = [b, c];
    bench.rib.reword(new Map([[B, { kind: "external", encoding: "other words", encoder: () => new JsonEncoder() }]]));
    bench.settle();
    expect(
      left?.ear
        .lines()
        .filter((line) => line.startsWith("+"))
        .join(" ")
        .match(/\/24/g)?.length,
    ).toBe(10);
    expect(right?.ear.lines()).toEqual([]);
  });
});

describe("joining", () => {
  test("a new neighbour is told the table, then End-of-RIB, once per family", () => {
    const { bench } = settled([B], ["10.1.0.0/16", "10.2.0.0/16"]);
    const c = bench.neighbour(C, "external");
    bench.settle();
    expect(c.ear.lines().sort()).toEqual(["+ 10.1.0.0/16 10.2.0.0/16 [65001]", "endOfRib ipv4", "endOfRib ipv6"]);
    expect(c.ear.routes.size).toBe(2);
    bench.settle();
    expect(c.ear.lines()).toEqual([]);
  });

  test("neighbours that come while much is still to be told miss nothing", () => {
    const { bench, teller } = settled([B], block(3000));
    const late = [];
    for (const [turn, name] of [C, D, "192.0.2.5"].entries()) {
      teller.announce(block(2500, 20 + turn), attributes([65001, 65002], A));
      teller.withdraw(...block(3000).slice(turn * 100, turn * 100 + 700));
      bench.turns(turn + 1);
      late.push(bench.neighbour(name, "external"));
      bench.turns(turn);
    }
    bench.settle();
    const { size: told } = bench.rib.sides.ipv4.groups.of(bench.rib.neighbour(B)!.id)!.told;
    expect(told).toBe(3000 - 900 + 7500);
    for (const { ear } of late) {
      expect(ear.routes.size).toBe(told);
      expect(ear.messages.filter(({ kind }) => kind === "endOfRib")).toHaveLength(2);
    }
  });

  test("End-of-RIB comes behind all that was there to be told when the neighbour came", () => {
    const { bench, teller } = settled([B]);
    teller.announce(block(3000), attributes([65001], A));
    const c = bench.neighbour(C, "external");
    bench.settle();
    const told = c.ear.messages.filter(({ family }) => family === "ipv4");
    expect(told.at(-1)?.kind).toBe("endOfRib");
    expect(told.filter(({ kind }) => kind === "endOfRib")).toHaveLength(1);
    expect(c.ear.routes.size).toBe(3000);
  });

  test("those that come in the same turn share one dump: the same octets go to all", () => {
    const { bench } = settled([B], block(500));
    const news = [C, D].map((name) => bench.neighbour(name, "external"));
    bench.settle();
    const slabs = news.map(({ ear }) => ear.octets);
    expect(slabs[0]).toBe(slabs[1]);
    expect(news.map(({ ear }) => ear.routes.size)).toEqual([500, 500]);
  });

  test("a neighbour that went and came back while it was being told is told everything anew", () => {
    const { bench, ears } = settled([B], block(3000));
    const [b] = ears as [(typeof ears)[0]];
    b.down();
    b.up();
    bench.turns(1);
    const first = b.ear;
    b.down();
    b.up();
    bench.settle();
    const heard = first.messages.length;
    bench.settle();
    expect(b.ear.routes.size).toBe(3000);
    expect(first.messages.length).toBe(heard);
  });
});

describe("the order of what is told", () => {
  test("withdrawals come before announcements", () => {
    const { bench, teller, ears } = settled([B], ["10.1.0.0/16", "10.2.0.0/16"]);
    teller.announce("10.3.0.0/16", attributes([65001], A));
    teller.withdraw("10.1.0.0/16");
    bench.settle();
    expect(ears[0]!.ear.lines()).toEqual(["- 10.1.0.0/16", "+ 10.3.0.0/16 [65001]"]);
  });

  test("a change that is undone before its turn is told as it ends", () => {
    const { bench, teller, ears } = settled([B], []);
    teller.announce("10.3.0.0/16", attributes([65001], A));
    teller.announce("10.3.0.0/16", attributes([65001, 65009], A));
    teller.announce("10.4.0.0/16", attributes([65001], A));
    teller.withdraw("10.4.0.0/16");
    bench.settle();
    expect(ears[0]!.ear.lines()).toEqual(["+ 10.3.0.0/16 [65001 65009]"]);
  });
});

describe("while the daemon's restart deferral lasts (RFC 4724 §4.1)", () => {
  test("own prefixes go out, neighbours' routes and End-of-RIB wait for the release of their family", () => {
    const bench = new Bench({ held: true });
    const a = bench.neighbour(A, "external");
    const b = bench.neighbour(B, "external");
    bench.rib.originate([own("10.244.0.0/24")]);
    a.announce(["10.1.0.0/16", "2001:db8::/32"], attributes([65001], A));
    bench.settle();
    expect(b.ear.lines()).toEqual(["+ 10.244.0.0/24 []"]);
    bench.rib.release("ipv4");
    bench.settle();
    expect(b.ear.lines()).toEqual(["+ 10.1.0.0/16 [65001]", "endOfRib ipv4"]);
    bench.rib.release("ipv6");
    bench.rib.release("ipv6");
    bench.settle();
    expect(b.ear.lines()).toEqual(["+ 2001:db8::/32 [65001]", "endOfRib ipv6"]);
  });
});

describe("route refresh", () => {
  test("everything is told again (RFC 2918)", () => {
    const { bench, ears } = settled([B, C], ["10.1.0.0/16"]);
    bench.rib.refresh(B, "ipv4", false);
    bench.settle();
    expect(ears.map(({ ear }) => ear.lines())).toEqual([["+ 10.1.0.0/16 [65001]"], []]);
  });

  test("between BoRR and EoRR where that was agreed, and never before End-of-RIB (RFC 7313 §4)", () => {
    const { bench, ears, teller } = settled([B], ["10.1.0.0/16"]);
    bench.rib.refresh(B, "ipv4", true);
    bench.settle();
    expect(ears[0]!.ear.lines()).toEqual(["beginRefresh ipv4", "+ 10.1.0.0/16 [65001]", "endRefresh ipv4"]);
    const c = bench.neighbour(C, "external");
    bench.rib.refresh(C, "ipv4", true);
    teller.announce("10.2.0.0/16", attributes([65001, 65002], A));
    bench.settle();
    const lines = c.ear.lines().filter((line) => !line.includes("ipv6"));
    expect(lines.indexOf("endOfRib ipv4")).toBeLessThan(lines.indexOf("beginRefresh ipv4"));
    const refreshed = lines.slice(lines.indexOf("beginRefresh ipv4"));
    expect(refreshed.at(-1)).toBe("endRefresh ipv4");
    expect(refreshed.join()).toContain("10.1.0.0/16");
    expect(refreshed.join()).toContain("10.2.0.0/16");
  });
});

describe("a neighbour that does not keep up", () => {
  test("leaves its group, holds nobody up, hears the end of the story, and comes back", () => {
    const { bench, teller, ears, groups } = settled([B, C, D]);
    const [slow, ...quick] = ears as [(typeof ears)[0], (typeof ears)[0], (typeof ears)[0]];
    slow.ear.isSlow = true;
    teller.announce(block(4000), bulky);
    for (let turn = 0; turn < 2000 && groups.size === 1; turn++) {
      bench.turns(1);
      if (turn % 10 === 0) bench.time.advance(10);
    }
    expect(groups.size).toBe(2);
    expect(groups.of(bench.rib.neighbour(B)!.id)!.members).toHaveLength(1);
    bench.settle();
    for (const { ear } of quick) expect(ear.routes.size).toBe(4000);
    expect(slow.ear.routes.size).toBeLessThan(4000);
    teller.withdraw(...block(100));
    teller.announce(block(50, 99), attributes([65001], A));
    bench.settle();
    for (const { ear } of quick) expect(ear.routes.size).toBe(3950);
    slow.ear.isSlow = false;
    slow.ear.take();
    bench.settle();
    expect(slow.ear.routes).toEqual(quick[0]!.ear.routes);
    expect(groups.size).toBe(1);
    teller.withdraw(...block(4000));
    bench.settle();
    for (const { ear } of ears) expect(ear.routes.size).toBe(50);
  });

  test("where all are slow nobody leaves: nothing is encoded that nobody could send", () => {
    const { bench, teller, ears, groups } = settled([B, C], [], "internal");
    expect(groups.size).toBe(2);
    for (const { ear } of ears) ear.isSlow = true;
    teller.announce(block(4000), bulky);
    for (let turn = 0; turn < 100; turn++) {
      bench.turns(5);
      bench.time.advance(20);
    }
    expect(groups.size).toBe(2);
    expect(ears[0]!.ear.octets).toBeLessThan(4 * 1024 * 1024);
    expect(bench.rib.pool.out).toBeLessThan(70);
    for (const { ear } of ears) ear.isSlow = false;
    for (const { ear } of ears) ear.take();
    bench.settle();
    for (const { ear } of ears) expect(ear.routes.size).toBe(4000);
  });

  test("one that is slow while it is told the table does not keep others from changes", () => {
    const { bench, teller, ears } = settled([B]);
    teller.announce(block(4000), bulky);
    bench.settle();
    const c = bench.neighbour(C, "external");
    c.ear.isSlow = true;
    bench.settle();
    expect(c.ear.routes.size).toBeLessThan(1100);
    teller.announce("99.0.0.0/8", attributes([65001], A));
    teller.withdraw(...block(4000).slice(0, 10));
    const d = bench.neighbour(D, "external");
    bench.settle();
    expect(ears[0]!.ear.routes.size).toBe(3991);
    expect(c.ear.routes.has("99.0.0.0/8")).toBe(true);
    c.ear.isSlow = false;
    c.ear.take();
    bench.settle();
    expect(c.ear.routes).toEqual(ears[0]!.ear.routes);
    expect(d.ear.routes).toEqual(ears[0]!.ear.routes);
  });
});

describe("another export policy", () => {
  const without = (text: string): PolicyConfig => ({
    name: "without",
    statements: [
      {
        match: { prefixes: [{ prefix: parsePrefix(text)!, minLength: 0, maxLength: 32 }] },
        set: {},
        action: "reject",
      },
      { match: {}, set: {}, action: "accept" },
    ],
  });

  test("tells only what it changes, without a reset", () => {
    const { bench, ears } = settled([B, C], ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]);
    for (const neighbour of ears) neighbour.configure({ exportPolicies: [without("10.2.0.0/16")] });
    bench.settle();
    expect(ears.map(({ ear }) => ear.lines())).toEqual([["- 10.2.0.0/16"], ["- 10.2.0.0/16"]]);
    for (const neighbour of ears) neighbour.configure({ exportPolicies: [without("10.3.0.0/16")] });
    bench.settle();
    for (const { ear } of ears) expect([...ear.routes.keys()].sort()).toEqual(["10.1.0.0/16", "10.2.0.0/16"]);
    expect(ears[0]!.ear.messages.flatMap(({ prefixes }) => prefixes)).toHaveLength(2);
  });

  test("for one of several: it moves to a group of its own, and back", () => {
    const { bench, ears, groups } = settled([B, C], ["10.1.0.0/16", "10.2.0.0/16"]);
    const [b, c] = ears as [(typeof ears)[0], (typeof ears)[0]];
    expect(groups.size).toBe(1);
    b.configure({ exportPolicies: [without("10.2.0.0/16")] });
    bench.settle();
    expect([b.ear.lines(), c.ear.lines(), groups.size]).toEqual([["- 10.2.0.0/16"], [], 2]);
    b.configure({ exportPolicies: [acceptAll] });
    bench.settle();
    expect([b.ear.lines(), c.ear.lines(), groups.size]).toEqual([["+ 10.2.0.0/16 [65001]"], [], 1]);
  });

  test("other words for the same routes are told too", () => {
    const { bench, ears } = settled([B], ["10.1.0.0/16"]);
    const prepend: PolicyConfig = { name: "p", statements: [{ match: {}, set: { prepend: 1 }, action: "accept" }] };
    ears[0]!.configure({ exportPolicies: [prepend] });
    bench.settle();
    expect(ears[0]!.ear.lines()).toEqual(["+ 10.1.0.0/16 [64512 65001]"]);
    expect(bench.rib.sides.ipv4.programs.size).toBe(3);
  });

  test("that is itself replaced before it was told leaves nothing told by the first one", () => {
    const { bench, ears } = settled([B], ["10.1.0.0/16"]);
    for (const name of ["once", "again"]) {
      const prepend: PolicyConfig = { name, statements: [{ match: {}, set: { prepend: 1 }, action: "accept" }] };
      ears[0]!.configure({ exportPolicies: [prepend] });
    }
    bench.settle();
    expect(ears[0]!.ear.lines()).toEqual(["+ 10.1.0.0/16 [64512 65001]"]);
  });

  test("compiled policies that nobody uses any more are let go", () => {
    const { bench, ears } = settled([B], ["10.1.0.0/16"]);
    const policy = (n: number): PolicyConfig => ({
      name: "p",
      statements: [{ match: {}, set: { addCommunities: [n] }, action: "accept" }],
    });
    for (let n = 1; n < 20; n++) {
      ears[0]!.configure({ exportPolicies: [policy(n)], importPolicies: [policy(n + 100)] });
      bench.settle();
    }
    ears[0]!.configure({ exportPolicies: [acceptAll], importPolicies: [acceptAll] });
    bench.settle();
    ears[0]!.configure({});
    expect(bench.rib.sides.ipv4.programs.size).toBeLessThanOrEqual(3);
    bench.rib.down(A, []);
    bench.settle();
    expect(bench.rib.attributes.size).toBe(0);
  });
});

test("the fan-out to many sessions is cut into steps, and everybody hears the same", () => {
  const bench = new Bench({ limits: { prefixes4: 1000, paths4: 1000, neighbours: 400 } });
  const teller = bench.neighbour(A, "external");
  const ears = Array.from({ length: 300 }, (_, n) => bench.neighbour(`10.0.${n >> 8}.${n & 255}`, "external"));
  bench.settle();
  teller.announce(block(10, 99), attributes([65001], A));
  let most = 0;
  for (let turn = 0; turn < 200; turn++) {
    const before = ears.reduce((sum, { ear }) => sum + ear.messages.length, 0);
    bench.turns(1);
    most = Math.max(most, ears.reduce((sum, { ear }) => sum + ear.messages.length, 0) - before);
  }
  for (const { ear } of ears) expect(ear.routes.size).toBe(10);
  expect(most).toBeLessThan(300 * 4);
  expect(bench.rib.pool.out).toBe(2);
});

test("a set that cannot be told in a message is withdrawn where something was told before", () => {
  const { bench, teller, ears } = settled([B], ["10.1.0.0/16"]);
  teller.announce("10.1.0.0/16", attributes([65001], A, { med: 666 }));
  bench.settle();
  expect(ears[0]!.ear.lines()).toEqual(["- 10.1.0.0/16"]);
});
