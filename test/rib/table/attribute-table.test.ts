import fc from "fast-check";
import { expect, test } from "vitest";
import { AttributeTable, contextKey } from "#rib/table/attribute-table.ts";
import { TableFull } from "#rib/table/limits.ts";
import { NextHopTable } from "#rib/table/next-hop-table.ts";
import { emptyFacts, GRACEFUL_SHUTDOWN } from "#route/attribute-facts.ts";
import { HopSetTable } from "#route/hop-set.ts";

function makeTable(maxSets = 1000, maxOctets = 100_000) {
  const nextHops = new NextHopTable({ resolve: () => undefined }, new HopSetTable(), () => undefined);
  return { sets: new AttributeTable(maxSets, maxOctets, 7, nextHops), nextHops };
}

const received = contextKey(1, "external", "received");

test("agrees with a Map: equal octets in equal contexts are one set while somebody holds it", () => {
  const commands = fc.array(
    fc.record({
      hold: fc.boolean(),
      context: fc.constantFrom(received, contextKey(2, "external", "received"), contextKey(1, "external", "imported")),
      octets: fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc.integer({ min: 1, max: 3000 }).map((length) => new Uint8Array(length).fill(length & 3)),
      ),
      offset: fc.nat(9),
    }),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(commands, (history) => {
      const { sets } = makeTable();
      const twin = new Map<string, { id: number; holds: number; octets: Uint8Array }>();
      for (const { hold, context, octets, offset } of history) {
        const key = `${context} ${octets.join()}`;
        const known = twin.get(key);
        const message = new Uint8Array([...new Uint8Array(offset), ...octets, 1, 2, 3]);
        const [start, end] = [offset, offset + octets.length];
        if (hold) {
          const found = sets.find(context, message, start, end);
          expect(found).toBe(known?.id ?? 0);
          const id = found === 0 ? sets.add(context, message, start, end, emptyFacts()) : found;
          if (known === undefined) expect([...twin.values()].some((other) => other.id === id)).toBe(false);
          twin.set(key, { id, holds: (known?.holds ?? 0) + 1, octets });
        } else if (known !== undefined) {
          sets.release(known.id);
          known.holds--;
          if (known.holds === 0) twin.delete(key);
        }
        expect(sets.size).toBe(twin.size);
      }
      let used = 0;
      for (const { id, holds, octets } of twin.values()) {
        expect(sets.holdsOf(id)).toBe(holds);
        const start = sets.startOf(id);
        expect(sets.arena.bytes.slice(start, start + sets.lengthOf(id))).toEqual(octets);
        used += octets.length;
      }
      expect(sets.arena.used).toBe(used);
    }),
  );
});

test("many sets that come and go leave the arena no larger than the most that were there at once", () => {
  const { sets } = makeTable(5000, 1_000_000);
  const octets = (n: number) => new TextEncoder().encode(`set ${n} ${"x".repeat(n % 90)}`);
  let most = 0;
  for (let round = 0; round < 5; round++) {
    const ids = Array.from({ length: 2000 }, (_, n) => {
      const set = octets(n + round * 2000);
      return sets.add(received, set, 0, set.length, emptyFacts());
    });
    most = Math.max(most, sets.arena.octets);
    if (round > 0) expect(sets.arena.octets).toBeLessThan(most * 1.1);
    for (const id of ids) sets.release(id);
  }
  expect([sets.size, sets.arena.used]).toEqual([0, 0]);
});

test("facts come back as they were given", () => {
  const { sets, nextHops } = makeTable();
  const facts = {
    ...emptyFacts(),
    flags: 0x55,
    med: 0xffffffff,
    neighbourAs: 0xfffffffe,
    originatorId: 0xc0000201,
    clusterLength: 3,
    linkBandwidth: 1.25e9,
    nextHopFamily: "ipv4" as const,
    nextHop0: 0xc0000201,
  };
  const id = sets.add(contextKey(77, "internal", "received"), new Uint8Array(5), 0, 5, facts);
  expect(sets.medOf(id)).toBe(0xffffffff);
  expect(sets.neighbourAsOf(id)).toBe(0xfffffffe);
  expect(sets.originatorOf(id)).toBe(0xc0000201);
  expect(sets.clusterLengthOf(id)).toBe(3);
  expect(sets.bandwidthOf(id)).toBe(1.25e9);
  expect(sets.flagsOf(id)).toBe(0x55);
  expect([sets.contextOf(id), sets.classOf(id), sets.isExported(id)]).toEqual([77, "internal", false]);
  expect(nextHops.addressOf(sets.nextHopOf(id))).toEqual({ family: "ipv4", words: [0xc0000201] });
  sets.release(id);
  expect(nextHops.size).toBe(0);
});

test("rank orders by local preference, then path length, then origin; own prefixes stand before all", () => {
  const { sets } = makeTable();
  const order = fc.tuple(fc.constantFrom(0, 1, 100, 0xffffffff), fc.constantFrom(0, 1, 5, 4095), fc.nat(2));
  let serial = 0;
  const rankOf = (
    from: "external" | "podCIDR",
    [localPref, pathLength, origin]: [number, number, number],
    flags = 0,
  ) => {
    const octets = new Uint8Array([++serial >> 8, serial]);
    const facts = { ...emptyFacts(), localPref, pathLength, origin, flags };
    return sets.rankOf(sets.add(contextKey(0, from, "received"), octets, 0, 2, facts));
  };
  fc.assert(
    fc.property(order, order, (a, b) => {
      const expected = b[0] - a[0] || a[1] - b[1] || a[2] - b[2];
      expect(Math.sign(rankOf("external", a) - rankOf("external", b))).toBe(Math.sign(expected));
    }),
    { numRuns: 200 },
  );
  expect(rankOf("podCIDR", [0, 4095, 2])).toBeLessThan(rankOf("external", [0xffffffff, 0, 0]));
  expect(rankOf("external", [200, 0, 0], GRACEFUL_SHUTDOWN)).toBe(rankOf("external", [0, 0, 0]));
});

test("whoever remembers a set is told before it goes, and only then", () => {
  const { sets } = makeTable();
  const gone: number[] = [];
  sets.onFree = (id) => gone.push(id);
  const plain = sets.add(received, new Uint8Array([1]), 0, 1, emptyFacts());
  const remembered = sets.add(received, new Uint8Array([2]), 0, 1, emptyFacts());
  sets.remember(remembered);
  sets.hold(remembered);
  sets.release(plain);
  sets.release(remembered);
  expect(gone).toEqual([]);
  sets.release(remembered);
  expect(gone).toEqual([remembered]);
  expect(sets.add(received, new Uint8Array([3]), 0, 1, emptyFacts())).toBe(remembered);
});

test("what is full says so, and is as it was", () => {
  const few = makeTable(1, 1000).sets;
  few.add(received, new Uint8Array([1]), 0, 1, emptyFacts());
  expect(() => few.add(received, new Uint8Array([2]), 0, 1, emptyFacts())).toThrow(new TableFull("attributeSets", 1));
  const { sets: small, nextHops } = makeTable(10, 64);
  const facts = { ...emptyFacts(), nextHopFamily: "ipv4" as const, nextHop0: 1 };
  expect(() => small.add(received, new Uint8Array(100), 0, 100, facts)).toThrow(TableFull);
  expect([few.size, small.size, small.arena.used, nextHops.size]).toEqual([1, 0, 0, 0]);
});
