import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PolicyActions, PolicyConfig, PolicyMatch, PolicyStatement } from "#config/node-config.ts";
import { judge, type PolicyScope } from "#rib/policy.ts";
import { PolicyProgram } from "#rib/policy-program.ts";
import { AttributeTable, classes, contextKey, type SourceClass } from "#rib/table/attribute-table.ts";
import { NextHopTable } from "#rib/table/next-hop-table.ts";
import { PrefixTable4 } from "#rib/table/prefix-table-4.ts";
import type { Attributes } from "#route/attributes.ts";
import { HopSetTable } from "#route/hop-set.ts";
import { parsePrefix, prefixOf } from "#route/prefix.ts";
import { attributes, plain } from "./support/bench.ts";
import { factsOf, jsonCodec, octetsOf, textOfSet } from "./support/codec.ts";

const prefix = (text: string) => parsePrefix(text)!;
const ten = { prefix: prefix("10.0.0.0/8"), minLength: 16, maxLength: 24 };

const scopeOf = (statements: readonly PolicyStatement[], rest: Partial<PolicyScope> = {}): PolicyScope => ({
  direction: "import",
  external: true,
  policies: [{ name: "p", statements }],
  advertise: [],
  localAs: 64512,
  drain: "off",
  ...rest,
});

const statement = (
  match: PolicyMatch,
  action: PolicyStatement["action"],
  set: PolicyActions = {},
): PolicyStatement => ({
  match,
  set,
  action,
});

const path = attributes([65001, 65002], "192.0.2.1", { communities: [1, 2], largeCommunities: [[1, 2, 3]] });

function accepts(match: PolicyMatch, from: SourceClass = "external", text = "10.1.0.0/16"): boolean {
  return judge(scopeOf([statement(match, "accept")]), path, from, prefix(text)).accepted;
}

describe("conditions", () => {
  test("an empty match always holds", () => expect(accepts({})).toBe(true));

  test.each<[PolicyMatch, PolicyMatch]>([
    [{ communities: [9, 2] }, { communities: [9] }],
    [
      {
        largeCommunities: [
          [9, 9, 9],
          [1, 2, 3],
        ],
      },
      { largeCommunities: [[1, 2, 4]] },
    ],
    [{ asPathContains: [65002] }, { asPathContains: [65003] }],
    [{ neighbourKinds: ["internal", "external"] }, { neighbourKinds: ["internal", "local"] }],
    [{ prefixes: [{ ...ten, minLength: 0, maxLength: 8 }, ten] }, { prefixes: [{ ...ten, minLength: 17 }] }],
  ])("%j holds, %j does not", (holds, fails) => {
    expect([accepts(holds), accepts(fails)]).toEqual([true, false]);
    expect(accepts({ ...holds, ...{ asPathContains: [65001] } })).toBe(true);
    expect(accepts({ asPathContains: [65001], ...fails })).toBe(false);
  });

  test("kinds of own prefixes", () => {
    expect(accepts({ origins: ["service"] }, "service")).toBe(true);
    expect(accepts({ origins: ["service"] }, "podCIDR")).toBe(false);
    expect(accepts({ origins: ["service"] }, "external")).toBe(false);
    expect(accepts({ neighbourKinds: ["local"] }, "static")).toBe(true);
  });

  test("an IPv4 block says nothing about IPv6", () => {
    expect(accepts({ prefixes: [{ ...ten, maxLength: 128 }] }, "external", "a00::/16")).toBe(false);
  });
});

describe("the order of things", () => {
  test("the first statement that decides counts; `continue` applies its actions and goes on", () => {
    const scope = scopeOf([
      statement({ communities: [1] }, "continue", { localPref: 50 }),
      statement({ communities: [7] }, "reject"),
      statement({ communities: [2] }, "accept", { med: 7, localPref: 60 }),
      statement({}, "reject"),
    ]);
    const { accepted, reason, attributes: result } = judge(scope, path, "external", prefix("10.0.0.0/8"));
    expect({ accepted, reason }).toEqual({ accepted: true, reason: { kind: "statement", policy: "p", statement: 2 } });
    expect([result.localPref, result.med]).toEqual([60, 7]);
  });

  test("what no statement of a policy decides falls to the next policy", () => {
    const next: PolicyConfig = { name: "next", statements: [statement({}, "accept")] };
    const scope = scopeOf([statement({ communities: [9] }, "reject")]);
    const verdict = judge({ ...scope, policies: [...scope.policies, next] }, path, "external", prefix("10.0.0.0/8"));
    expect(verdict.reason).toEqual({ kind: "statement", policy: "next", statement: 0 });
  });

  test("external neighbours are closed without a policy, internal ones open (RFC 8212)", () => {
    for (const direction of ["import", "export"] as const) {
      const closed = judge(scopeOf([], { direction, policies: [] }), path, "external", prefix("10.0.0.0/8"));
      expect(closed).toMatchObject({ accepted: false, reason: { kind: "no policy" } });
      const open = judge(
        scopeOf([], { direction, policies: [], external: false }),
        path,
        "internal",
        prefix("10.0.0.0/8"),
      );
      expect(open.accepted).toBe(true);
    }
    const undecided = judge(
      scopeOf([statement({ communities: [9] }, "accept")]),
      path,
      "external",
      prefix("10.0.0.0/8"),
    );
    expect(undecided).toMatchObject({ accepted: false, reason: { kind: "undecided" } });
  });

  test("advertised kinds of own prefixes go out before any policy is asked", () => {
    const scope = scopeOf([statement({}, "reject")], { direction: "export", advertise: ["podCIDR"] });
    expect(judge(scope, plain, "podCIDR", prefix("10.0.0.0/8")).reason).toEqual({ kind: "advertised" });
    expect(judge(scope, plain, "service", prefix("10.0.0.0/8")).accepted).toBe(false);
  });
});

describe("actions", () => {
  const act = (set: PolicyActions, from: Attributes = path, rest: Partial<PolicyScope> = {}): Attributes =>
    judge(scopeOf([statement({}, "accept", set)], rest), from, "external", prefix("10.0.0.0/8")).attributes;

  test("communities are added once and removed", () => {
    expect(act({ addCommunities: [2, 3], removeCommunities: [1] }).communities).toEqual([2, 3]);
    expect(
      act({
        addLargeCommunities: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      }).largeCommunities,
    ).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  test("prepending keeps segments at most 255 long", () => {
    expect(act({ prepend: 2 }).asPath).toEqual([{ kind: "sequence", members: [64512, 64512, 65001, 65002] }]);
    const long = { ...path, asPath: [{ kind: "sequence" as const, members: new Array<number>(254).fill(1) }] };
    expect(act({ prepend: 3 }, long).asPath.map(({ members }) => members.length)).toEqual([2, 255]);
    const set = { ...path, asPath: [{ kind: "set" as const, members: [1, 2] }] };
    expect(act({ prepend: 1 }, set).asPath).toEqual([{ kind: "sequence", members: [64512] }, ...set.asPath]);
  });

  test("routes of external neighbours that leave get LOCAL_PREF 0, unless the community is taken off (RFC 8326)", () => {
    const leaving = { ...path, communities: [0xffff0000] };
    expect(act({ localPref: 300 }, leaving).localPref).toBe(0);
    expect(act({ localPref: 300, removeCommunities: [0xffff0000] }, leaving).localPref).toBe(300);
    expect(act({ localPref: 300 }, leaving, { external: false }).localPref).toBe(300);
  });

  test("a MED that a policy tells an external neighbour is the policy's own", () => {
    const learned = { ...path, med: 5 };
    expect(act({ prepend: 1 }, learned, { direction: "export" }).med).toBeUndefined();
    expect(act({ med: 8 }, learned, { direction: "export" }).med).toBe(8);
    expect(act({ prepend: 1 }, learned, { direction: "export", external: false }).med).toBe(5);
  });
});

describe("a node that goes out of service (RFC 8326)", () => {
  const told = (rest: Partial<PolicyScope>, from: SourceClass = "external") =>
    judge(
      scopeOf([statement({}, "accept")], { direction: "export", advertise: ["podCIDR"], ...rest }),
      path,
      from,
      ten.prefix,
    );

  test("tells its routes with GRACEFUL_SHUTDOWN, and with LOCAL_PREF 0 to internal neighbours", () => {
    const external = told({ drain: "leaving" });
    expect([external.accepted, external.attributes.communities]).toEqual([true, [1, 2, 0xffff0000]]);
    expect(external.attributes.localPref).toBe(path.localPref);
    expect(told({ drain: "leaving", external: false }).attributes.localPref).toBe(0);
    expect(told({ drain: "leaving" }, "podCIDR").attributes.communities).toContain(0xffff0000);
    expect(told({ drain: "off" }).attributes.communities).toEqual([1, 2]);
  });

  test("tells nothing once it is gone, own prefixes neither", () => {
    for (const from of ["external", "podCIDR"] as const) {
      expect(told({ drain: "gone" }, from)).toMatchObject({ accepted: false, reason: { kind: "drained" } });
    }
  });

  test("a learned MED does not go out with the community either (RFC 4271 §5.1.4)", () => {
    const scope = scopeOf([statement({}, "accept")], { direction: "export", drain: "leaving" });
    expect(judge(scope, { ...path, med: 5 }, "external", ten.prefix).attributes.med).toBeUndefined();
  });
});

const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 3 });
const clean = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));

const matches: fc.Arbitrary<PolicyMatch> = fc
  .record({
    prefixes: optional(
      fc.array(
        fc.record({
          prefix: fc.constantFrom(prefix("10.0.0.0/8"), prefix("10.128.0.0/9"), prefix("0.0.0.0/0")),
          minLength: fc.constantFrom(0, 16),
          maxLength: fc.constantFrom(16, 24, 32),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    ),
    communities: optional(fc.constantFrom([1], [2, 3])),
    asPathContains: optional(fc.constantFrom([65001], [65002])),
    neighbourKinds: optional(
      fc.constantFrom<("external" | "internal" | "local")[]>(["external"], ["internal", "local"]),
    ),
    origins: optional(fc.constantFrom<("podCIDR" | "service" | "static")[]>(["podCIDR"], ["service", "static"])),
  })
  .map(clean);

const actions: fc.Arbitrary<PolicyActions> = fc
  .record({
    localPref: optional(fc.constantFrom(0, 50)),
    med: optional(fc.constantFrom(0, 5)),
    addCommunities: optional(fc.constantFrom([1], [0xffff0000], [9])),
    removeCommunities: optional(fc.constantFrom([1], [0xffff0000])),
    prepend: optional(fc.constantFrom(0, 1, 3)),
  })
  .map(clean);

const statements = fc.array(
  fc.record({ match: matches, set: actions, action: fc.constantFrom("accept", "reject", "continue", "continue") }),
  { maxLength: 6 },
) as fc.Arbitrary<PolicyStatement[]>;

const directions = fc.constantFrom<Pick<PolicyScope, "direction" | "drain">>(
  { direction: "import", drain: "off" },
  { direction: "export", drain: "off" },
  { direction: "export", drain: "leaving" },
  { direction: "export", drain: "gone" },
);

const scopes: fc.Arbitrary<PolicyScope> = fc
  .record({
    direction: directions,
    external: fc.boolean(),
    policies: fc.array(
      statements.map((list) => ({ name: "p", statements: list })),
      { maxLength: 3 },
    ),
    advertise: fc.constantFrom<("podCIDR" | "service")[]>([], ["podCIDR"]),
    localAs: fc.constant(64512),
  })
  .map(({ direction, ...scope }) => ({ ...scope, ...direction }));

const sets = fc.record({
  set: fc.record({
    communities: fc.constantFrom<number[][]>([], [1], [2], [1, 0xffff0000]),
    asPath: fc.constantFrom([], [{ kind: "sequence" as const, members: [65001] }]),
    med: fc.constantFrom(undefined, 3),
    localPref: fc.constantFrom(undefined, 0),
  }),
  from: fc.constantFrom(...classes),
  prefix: fc.constantFrom("10.0.0.0/8", "10.1.0.0/16", "10.200.1.0/24", "192.0.2.0/24"),
});

test("a program decides as the statements read, remembers, and lets go of all it made", () => {
  fc.assert(
    fc.property(scopes, fc.array(sets, { minLength: 1, maxLength: 25 }), (scope, paths) => {
      const nextHops = new NextHopTable({ resolve: () => undefined }, new HopSetTable(), () => undefined);
      const table = new AttributeTable(500, 100_000, 1, nextHops);
      const prefixes = new PrefixTable4(100, 1);
      const program = new PolicyProgram(scope, { attributes: table, codec: jsonCodec, prefixes }, 500);
      table.onFree = (set) => program.forget(set);
      const held: number[] = [];
      for (const { set, from, prefix: text } of paths) {
        const full: Attributes = { ...plain, ...set };
        const octets = octetsOf(full);
        const id = table.add(contextKey(1, from, "received"), octets, 0, octets.length, factsOf(full));
        held.push(id);
        const expected = judge(scope, full, from, prefix(text));
        const result = program.apply(id, prefixes.add(prefix(text)));
        expect(result !== 0).toBe(expected.accepted);
        if (result === 0) continue;
        const start = table.startOf(result);
        const made = jsonCodec.decode(table.arena.bytes, start, start + table.lengthOf(result));
        expect(textOfSet(made)).toBe(textOfSet(JSON.parse(JSON.stringify(expected.attributes)) as Attributes));
        expect(program.apply(id, prefixes.add(prefix(text)))).toBe(result);
      }
      const half = held.splice(0, held.length >> 1);
      for (const id of half) table.release(id);
      program.dispose();
      for (const id of held) table.release(id);
      expect([table.size, table.arena.used]).toEqual([0, 0]);
    }),
    { numRuns: 300 },
  );
});

test("a set for which there is no room is refused", () => {
  const nextHops = new NextHopTable({ resolve: () => undefined }, new HopSetTable(), () => undefined);
  const table = new AttributeTable(1, 10_000, 1, nextHops);
  const prefixes = new PrefixTable4(10, 1);
  const scope = scopeOf([statement({}, "accept", { localPref: 5 })]);
  const program = new PolicyProgram(scope, { attributes: table, codec: jsonCodec, prefixes }, 1);
  const octets = octetsOf(plain);
  const set = table.add(contextKey(1, "external", "received"), octets, 0, octets.length, factsOf(plain));
  expect(program.apply(set, prefixes.add(prefixOf({ family: "ipv4", words: [0] }, 0)))).toBe(0);
});
