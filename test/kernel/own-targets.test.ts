import fc from "fast-check";
import { expect, test } from "vitest";
import { OwnTargets } from "#kernel/own-targets.ts";
import { UNKNOWN } from "#kernel/target.ts";
import { eachMessage, received } from "#kernel/wire/message.ts";
import { decodeRoute, emptyRoute, putRoute, routeTemplate } from "#kernel/wire/route.ts";
import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { type Hop, type HopSet, HopSetTable } from "#route/hop-set.ts";

const MARK = { table: 254, protocol: 186, metric: 32 };
const base = { ...MARK, nextHopObjects: "never", preferredSource: {} } as const;

/** What `targets` says of a route that goes there. */
function asked(targets: OwnTargets, family: Family, to: HopSet | number, source?: Address): [number, number] {
  const target = typeof to === "number" ? ({ kind: "object", id: to } as const) : to;
  const template = routeTemplate(family, MARK, target, source);
  const message = new Uint32Array(template.length);
  putRoute(message, 0, template, 0, 0, 0x14000000, 0, 0, 0, 24);
  const data = received(message.buffer);
  const facts = emptyRoute();
  let answer = -1;
  eachMessage(data, (header) => {
    if (decodeRoute(data, header, facts)) answer = targets.of(data, facts);
  });
  return [answer, facts.object];
}

const addressOf = (family: Family) =>
  fc
    .array(fc.integer({ min: 0, max: 3 }), {
      minLength: family === "ipv4" ? 1 : 4,
      maxLength: family === "ipv4" ? 1 : 4,
    })
    .map((words): Address => ({ family, words }));
const hopOf = (family: Family): fc.Arbitrary<Hop> =>
  fc.record({
    gateway: fc.option(addressOf(family), { nil: undefined }),
    link: fc.integer({ min: 1, max: 3 }),
    weight: fc.integer({ min: 1, max: 3 }),
    onlink: fc.boolean(),
  });
const route = fc.constantFrom<Family>("ipv4", "ipv6").chain((family) =>
  fc.record({
    family: fc.constant(family),
    set: fc.oneof(
      fc.constant<HopSet>({ kind: "blackhole" }),
      hopOf(family).map((hop): HopSet => ({ kind: "unicast", hops: [{ ...hop, weight: 1 }] })),
      fc.array(hopOf(family), { minLength: 2, maxLength: 20 }).map((hops): HopSet => ({ kind: "unicast", hops })),
    ),
  }),
);

test("what is remembered of a route is what would be read of it", () => {
  fc.assert(
    fc.property(fc.array(route, { minLength: 1, maxLength: 60 }), (routes) => {
      const hopSets = new HopSetTable();
      const remembering = new OwnTargets(base, hopSets);
      for (const { family, set } of routes) {
        const [fresh] = asked(new OwnTargets(base, hopSets), family, set);
        expect(asked(remembering, family, set)).toEqual([fresh, 0]);
      }
    }),
  );
});

test("a route with another preferred source than is wanted is to be replaced, whatever it goes by", () => {
  const hopSets = new HopSetTable();
  const [own, other] = [1, 2].map((word): Address => ({ family: "ipv4", words: [word] }));
  const set: HopSet = { kind: "unicast", hops: [{ gateway: other, link: 2, weight: 1, onlink: false }] };
  const targets = new OwnTargets(base, hopSets);
  const number = hopSets.intern(set);
  expect(asked(targets, "ipv4", set)).toEqual([number, 0]);
  expect(asked(targets, "ipv4", set, own)).toEqual([UNKNOWN, 0]);
  expect(asked(targets, "ipv4", 77)).toEqual([UNKNOWN, 77]);
  expect(asked(targets, "ipv4", 77, own)).toEqual([UNKNOWN, 0]);
  targets.reconfigure({ ...base, preferredSource: { ipv4: own! } });
  expect(asked(targets, "ipv4", set)).toEqual([UNKNOWN, 0]);
  expect(asked(targets, "ipv4", set, own)).toEqual([number, 0]);
  expect(asked(targets, "ipv4", set, other)).toEqual([UNKNOWN, 0]);
});
