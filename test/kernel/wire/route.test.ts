import fc from "fast-check";
import { expect, test } from "vitest";
import * as c from "#kernel/wire/constants.ts";
import { eachMessage, type MessageHeader, type Received, received } from "#kernel/wire/message.ts";
import {
  askAcknowledgement,
  decodeRoute,
  deleteTemplate,
  dumpRoutes,
  emptyRoute,
  hopSetOf,
  MOST_ROUTE_WORDS,
  putRoute,
  type RouteFacts,
  type RouteTarget,
  routeTemplate,
  sourceOf,
} from "#kernel/wire/route.ts";
import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { Hop, HopSet } from "#route/hop-set.ts";

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const addressOf = (family: Family): fc.Arbitrary<Address> => {
  const size = family === "ipv4" ? 1 : 4;
  return fc.array(u32, { minLength: size, maxLength: size }).map((words) => ({ family, words }));
};
const hopOf = (family: Family): fc.Arbitrary<Hop> =>
  fc.record({
    gateway: fc.option(family === "ipv4" ? fc.oneof(addressOf("ipv4"), addressOf("ipv6")) : addressOf("ipv6"), {
      nil: undefined,
    }),
    link: fc.integer({ min: 1, max: 0x7fffffff }),
    weight: fc.integer({ min: 1, max: 256 }),
    onlink: fc.boolean(),
  });
const setOf = (family: Family): fc.Arbitrary<HopSet> =>
  fc.oneof(
    fc.constant<HopSet>({ kind: "blackhole" }),
    fc.array(hopOf(family), { minLength: 1, maxLength: 40 }).map((hops): HopSet => ({ kind: "unicast", hops })),
  );

const family = fc.constantFrom<Family>("ipv4", "ipv6");
const mark = fc.record({ table: fc.integer({ min: 1, max: 0xffffffff }), protocol: fc.nat(255), metric: u32 });
const routes = family.chain((of) =>
  fc.record({
    of: fc.constant(of),
    mark,
    target: fc.oneof<fc.Arbitrary<RouteTarget>[]>(setOf(of), fc.record({ kind: fc.constant("object"), id: u32 })),
    source: fc.option(addressOf(of), { nil: undefined }),
    destination: addressOf(of),
    length: fc.nat(of === "ipv4" ? 32 : 128),
    flags: fc.constantFrom(0, c.NLM_F_CREATE | c.NLM_F_EXCL, c.NLM_F_CREATE | c.NLM_F_REPLACE),
    sequence: u32,
  }),
);

function only(words: Uint32Array): { data: Received; header: MessageHeader } {
  const data = received(words.slice().buffer);
  const headers: MessageHeader[] = [];
  eachMessage(data, (header) => headers.push({ ...header }));
  expect(headers.length).toBe(1);
  return { data, header: headers[0]! };
}

const words = ({ family: of, w0, w1, w2, w3 }: RouteFacts): number[] => (of === "ipv4" ? [w0] : [w0, w1, w2, w3]);

test("what is written reads back", () => {
  fc.assert(
    fc.property(
      routes,
      ({ of, mark: { table, protocol, metric }, target, source, destination, length, flags, sequence }) => {
        const template = routeTemplate(of, { table, protocol, metric }, target, source);
        const room = new Uint32Array(4096);
        const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = destination.words;
        const end = putRoute(room, 3, template, flags, sequence, w0, w1, w2, w3, length);
        askAcknowledgement(room, 3);
        const { data, header } = only(room.subarray(3, end));
        expect(header).toMatchObject({ type: c.RTM_NEWROUTE, sequence, flags: flags | c.NLM_F_REQUEST | c.NLM_F_ACK });
        const facts = emptyRoute();
        expect(decodeRoute(data, header, facts)).toBe(true);
        expect(facts).toMatchObject({ family: of, length, table, protocol, metric });
        expect(words(facts)).toEqual(destination.words);
        if (target.kind === "object") expect(facts.object).toBe(target.id);
        else expect(hopSetOf(data, facts)).toEqual(alone(target));
        expect(sourceOf(data, facts)).toEqual(target.kind === "blackhole" ? undefined : source);
      },
    ),
  );
});

/** A single hop has no weight on the wire. */
function alone(set: HopSet): HopSet {
  if (set.kind === "blackhole" || set.hops.length > 1) return set;
  return { kind: "unicast", hops: set.hops.map((hop) => ({ ...hop, weight: 1 })) };
}

test("a deletion names prefix, table, metric and protocol, any scope and no hops", () => {
  const room = new Uint32Array(64);
  const template = deleteTemplate("ipv6", { table: 1000, protocol: 186, metric: 32 });
  const end = putRoute(room, 0, template, 0, 5, 0x20010db8, 0, 0, 0, 32);
  const { data, header } = only(room.subarray(0, end));
  const facts = emptyRoute();
  expect(decodeRoute(data, header, facts)).toBe(true);
  expect(header).toMatchObject({ type: c.RTM_DELROUTE, flags: c.NLM_F_REQUEST, sequence: 5 });
  expect(facts).toMatchObject({ table: 1000, protocol: 186, metric: 32, type: 0, link: 0, object: 0 });
  expect(data.bytes[16 + 6]).toBe(c.RT_SCOPE_NOWHERE);
});

test("a dump of a large table number says it in an attribute", () => {
  const { data, header } = only(dumpRoutes("ipv4", 70_000));
  const facts = emptyRoute();
  expect(decodeRoute(data, header, facts)).toBe(true);
  expect(facts.table).toBe(70_000);
  expect(header.flags).toBe(c.NLM_F_REQUEST | c.NLM_F_DUMP);
});

test("lengths that do not fit the family are refused", () => {
  const room = new Uint32Array(64);
  const end = putRoute(room, 0, deleteTemplate("ipv4", { table: 254, protocol: 186, metric: 0 }), 0, 0, 1, 0, 0, 0, 33);
  const { data, header } = only(room.subarray(0, end));
  expect(decodeRoute(data, header, emptyRoute())).toBe(false);
});

test.each<Family>(["ipv4", "ipv6"])("the longest %s route fits the words that are kept for one", (of) => {
  const gateway: Address = { family: "ipv6", words: [0x20010db8, 0, 0, 1] };
  const hops = Array.from({ length: 256 }, (_, index) => ({ gateway, link: index + 1, weight: 1, onlink: false }));
  const source: Address = of === "ipv4" ? { family: of, words: [1] } : gateway;
  const template = routeTemplate(of, { table: 1000, protocol: 186, metric: 32 }, { kind: "unicast", hops }, source);
  expect(template.length).toBeLessThanOrEqual(MOST_ROUTE_WORDS);
  expect(template.length).toBeGreaterThan(256 * 7);
});
