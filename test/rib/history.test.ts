import fc from "fast-check";
import { expect, test } from "vitest";
import type { PolicyConfig } from "#config/node-config.ts";
import { RibView } from "#rib/views.ts";
import type { Attributes } from "#route/attributes.ts";
import { type Family, families } from "#route/family.ts";
import { parsePrefix } from "#route/prefix.ts";
import { acceptAll, address, attributes, Bench, own, type TestNeighbour } from "./support/bench.ts";
import { textOfSet } from "./support/codec.ts";
import { type Kind, LOCAL_AS, Twin } from "./support/twin.ts";
import { onLink } from "./support/wires.ts";

/*
 * Random histories, told to the RIB and to its twin. Between two comparisons the RIB gets as many turns as the history
 * says, so that what is half done meets what comes next.
 */

/** More of them on demand: a soak. */
const { RIB_HISTORIES: runs = "80" } = process.env;

const prefixes = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.1.0.0/16",
  "10.1.2.0/24",
  "10.1.2.3/32",
  "172.16.0.0/12",
  "198.51.100.0/24",
  "::/0",
  "2001:db8::/32",
  "2001:db8:1::/48",
  "2001:db8:1:2::/64",
];

const neighbours: readonly (readonly [string, Kind])[] = [
  ["192.0.2.1", "external"],
  ["192.0.2.2", "external"],
  ["192.0.2.3", "external"],
  ["192.0.2.11", "internal"],
  ["192.0.2.12", "internal"],
  ["192.0.2.21", "client"],
  ["192.0.2.22", "client"],
];

const nextHops = ["192.0.2.101", "192.0.2.102", "192.0.2.103"];

/** Few values each. */
const variedSets: fc.Arbitrary<Attributes> = fc
  .record({
    path: fc.constantFrom<number[][]>([], [65001], [65002], [65001, 65003], [65002, 65003], [65001, LOCAL_AS]),
    nextHop: fc.constantFrom(...nextHops),
    origin: fc.constantFrom<(0 | 2)[]>(0, 2),
    med: fc.constantFrom(undefined, 10, 20, 666),
    localPref: fc.constantFrom(undefined, 100, 200),
    communities: fc.constantFrom<number[][]>([], [], [0xffffff01], [0xffffff02], [0xffff0000], [1], [1, 2]),
    originatorId: fc.constantFrom(undefined, undefined, 5, 0xc0000264),
    clusterList: fc.constantFrom<number[][]>([], [1], [1, 2]),
    bandwidth: fc.constantFrom(undefined, undefined, 0x4a000000, 0x49800000),
  })
  .map(({ path, nextHop, bandwidth, ...rest }) => ({
    ...attributes(path, nextHop),
    ...rest,
    extendedCommunities: bandwidth === undefined ? [] : [[0x40040000, bandwidth]],
  }));

/** Ties down to the last steps: paths that differ in the next hop and little else. */
const similarSets: fc.Arbitrary<Attributes> = fc
  .record({
    nextHop: fc.constantFrom(...nextHops),
    first: fc.constantFrom(65001, 65002),
    med: fc.constantFrom(undefined, undefined, 10),
    bandwidth: fc.constantFrom(undefined, undefined, undefined, 0x4a000000),
  })
  .map(({ nextHop, first, med, bandwidth }) =>
    attributes([first, 65009], nextHop, {
      med,
      extendedCommunities: bandwidth === undefined ? [] : [[0x40040000, bandwidth]],
    }),
  );

const attributeSets = fc.oneof({ weight: 1, arbitrary: variedSets }, { weight: 2, arbitrary: similarSets });

/** Some are told by nearly everybody. */
const somePrefixes = fc.oneof(
  fc.subarray(prefixes, { minLength: 1 }),
  fc.subarray(prefixes.slice(2, 4), { minLength: 1 }),
);

const policies: readonly (readonly PolicyConfig[])[] = [
  [],
  [acceptAll],
  [{ name: "reject-one", statements: [{ match: { communities: [1] }, set: {}, action: "reject" }] }, acceptAll],
  [
    {
      name: "by-prefix",
      statements: [
        {
          match: { prefixes: [{ prefix: parsePrefix("10.0.0.0/8")!, minLength: 16, maxLength: 24 }] },
          set: { localPref: 150, addCommunities: [7] },
          action: "continue",
        },
        { match: { asPathContains: [65003] }, set: { med: 5, prepend: 2 }, action: "accept" },
        {
          match: { prefixes: [{ prefix: parsePrefix("::/0")!, minLength: 48, maxLength: 128 }] },
          set: {},
          action: "reject",
        },
      ],
    },
    acceptAll,
  ],
  [
    {
      name: "local-only",
      statements: [
        { match: { origins: ["podCIDR"] }, set: { addLargeCommunities: [[1, 2, 3]] }, action: "accept" },
        { match: { neighbourKinds: ["external"] }, set: { removeCommunities: [1] }, action: "continue" },
      ],
    },
  ],
];

const someone = fc.nat(neighbours.length - 1);
const someFamilies = fc.subarray<Family>([...families]);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("announce"),
      who: someone,
      prefixes: somePrefixes,
      set: attributeSets,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("withdraw"),
      who: someone,
      prefixes: somePrefixes,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("down"), who: someone, families: someFamilies }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("up"), who: someone, families: someFamilies }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sweep"), who: someone, family: fc.constantFrom(...families) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("markStale"), who: someone, family: fc.constantFrom(...families) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("refresh"),
      who: someone,
      family: fc.constantFrom(...families),
      enhanced: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("policy"),
      who: someone,
      import: fc.constantFrom(...policies),
      export: fc.constantFrom(...policies),
      refuseDefault: fc.boolean(),
      advertise: fc.subarray(["podCIDR", "service"] as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("nextHop"),
      nextHop: fc.constantFrom(...nextHops),
      metric: fc.constantFrom(undefined, 0, 0, 10),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("originate"),
      prefixes: fc.subarray(prefixes),
      blackhole: fc.boolean(),
      from: fc.constantFrom("podCIDR", "service", "static"),
      community: fc.constantFrom<number[][]>([], [0xffffff01], [1]),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("slow"), who: someone, isSlow: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("slowTable"), isSlow: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("turns"), turns: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("compare") }) },
) as fc.Arbitrary<Step>;

type Step =
  | { do: "announce"; who: number; prefixes: string[]; set: Attributes }
  | { do: "withdraw"; who: number; prefixes: string[] }
  | { do: "down" | "up"; who: number; families: Family[] }
  | { do: "sweep" | "markStale"; who: number; family: Family }
  | { do: "refresh"; who: number; family: Family; enhanced: boolean }
  | {
      do: "policy";
      who: number;
      import: readonly PolicyConfig[];
      export: readonly PolicyConfig[];
      refuseDefault: boolean;
      advertise: ("podCIDR" | "service")[];
    }
  | { do: "nextHop"; nextHop: string; metric: number | undefined }
  | {
      do: "originate";
      prefixes: string[];
      blackhole: boolean;
      from: "podCIDR" | "service" | "static";
      community: number[];
    }
  | { do: "slow"; who: number; isSlow: boolean }
  | { do: "slowTable"; isSlow: boolean }
  | { do: "turns"; turns: number }
  | { do: "compare" };

/** Lines, for a readable difference. */
const inOrder = (routes: ReadonlyMap<string, string>): string[] =>
  [...routes].map(([prefix, what]) => `${prefix} ${what}`).sort();

class History {
  readonly bench: Bench;
  readonly twin: Twin;
  readonly speakers: TestNeighbour[];
  /** Prefixes that a neighbour told and withdrew in its session. */
  readonly came = new Map<string, Record<Family, { updates: number; withdraws: number }>>();

  constructor() {
    this.bench = new Bench({ maxPaths: 3 });
    this.twin = new Twin(this.bench.resolver.known, 3);
    this.speakers = neighbours.map(([name, kind]) => {
      const policy = kind === "external" ? [acceptAll] : [];
      Object.assign(this.twin.add(name, kind), { importPolicies: policy, exportPolicies: policy });
      this.#begin(name);
      return this.bench.neighbour(name, kind);
    });
  }

  #begin(name: string): void {
    this.came.set(name, { ipv4: { updates: 0, withdraws: 0 }, ipv6: { updates: 0, withdraws: 0 } });
  }

  #count(name: string, prefixes: readonly string[], kind: "updates" | "withdraws"): void {
    for (const prefix of prefixes) this.came.get(name)![prefix.includes(":") ? "ipv6" : "ipv4"][kind]++;
  }

  run(action: Step): void {
    const { bench, twin } = this;
    const speaker = "who" in action ? this.speakers[action.who]! : this.speakers[0]!;
    const mirror = twin.neighbours.get(speaker.name)!;
    switch (action.do) {
      case "announce":
        if (!mirror.isUp) return;
        speaker.announce(action.prefixes, action.set);
        this.#count(speaker.name, action.prefixes, "updates");
        for (const prefix of action.prefixes) twin.announce(speaker.name, prefix, action.set);
        return;
      case "withdraw":
        if (!mirror.isUp) return;
        speaker.withdraw(...action.prefixes);
        this.#count(speaker.name, action.prefixes, "withdraws");
        for (const prefix of action.prefixes) twin.withdraw(speaker.name, prefix);
        return;
      case "down":
        if (!mirror.isUp) return;
        speaker.down(action.families);
        twin.down(speaker.name, action.families);
        return;
      case "up":
        if (mirror.isUp) return;
        speaker.up(action.families);
        this.#begin(speaker.name);
        twin.up(speaker.name, action.families);
        return;
      case "sweep":
        bench.rib.sweep(speaker.name, action.family);
        twin.sweep(speaker.name, action.family);
        return;
      case "markStale":
        // More than five times without a sweep drops the oldest, which the twin does not know.
        if ([...mirror.paths.values()].some(({ age }) => age >= 4)) return;
        bench.rib.markStale(speaker.name, action.family);
        twin.markStale(speaker.name, action.family);
        return;
      case "refresh":
        if (mirror.isUp) bench.rib.refresh(speaker.name, action.family, action.enhanced);
        return;
      case "policy": {
        const { import: importPolicies, export: exportPolicies, refuseDefault, advertise } = action;
        Object.assign(mirror, { importPolicies, exportPolicies, refuseDefault, advertise });
        speaker.configure({ importPolicies, exportPolicies, refuseDefault, advertise });
        return;
      }
      case "nextHop": {
        const resolution = action.metric === undefined ? undefined : onLink(address(action.nextHop), 1, action.metric);
        bench.resolver.known.set(action.nextHop, resolution);
        bench.rib.nextHopsChanged();
        return;
      }
      case "originate": {
        const { blackhole, from, community: communities } = action;
        twin.own = action.prefixes.map((prefix) => own(prefix, { blackhole, from, communities }));
        bench.rib.originate(twin.own);
        return;
      }
      case "slow":
        speaker.ear.isSlow = action.isSlow;
        if (!action.isSlow) speaker.ear.take();
        return;
      case "slowTable":
        bench.forwarding.isSlow = action.isSlow;
        bench.forwarding.answer();
        return;
      case "turns":
        bench.turns(action.turns);
        return;
      case "compare":
        this.compare();
    }
  }

  compare(): void {
    const { bench, twin } = this;
    bench.forwarding.isSlow = false;
    for (let round = 0; round < 2; round++) {
      for (const { ear } of this.speakers) ear.take();
      bench.forwarding.answer();
      bench.settle();
    }
    expect(inOrder(bench.forwarding.routes)).toEqual(inOrder(twin.forwarding()));
    for (const family of families) this.compareCounts(family);
    for (const { name, ear } of this.speakers) {
      const mirror = twin.neighbours.get(name)!;
      this.compareCounters(name);
      if (!mirror.isUp) continue;
      const told = new Map([...ear.routes].map(([prefix, set]) => [prefix, textOfSet(set)]));
      expect(inOrder(told), `told to ${name}`).toEqual(inOrder(twin.told(name)));
    }
  }

  /** What is counted is what a walk meets. */
  compareCounts(family: Family): void {
    const view = new RibView(this.bench.rib, 0);
    const [walk, reader] = [view.walk(family), view.reader(family)];
    const met = { nets: 0, paths: 0, refused: 0 };
    for (let ids = walk.step(); ids !== undefined; ids = walk.step()) {
      for (const id of ids) {
        const paths = Array.from({ length: reader.load(id) }, (_, index) => reader.at(index));
        const refused = paths.filter((path) => reader.isRefused(path)).length;
        met.paths += paths.length;
        met.refused += refused;
        if (refused < paths.length) met.nets++;
      }
    }
    const { nets, paths, refused } = view.tables(family);
    expect({ nets, paths, refused }).toEqual(met);
    const byNeighbour = [...this.bench.rib.allNeighbours].map((one) => view.counts(one, family).filtered);
    expect(byNeighbour.reduce((sum, each) => sum + each, 0)).toBe(met.refused);
  }

  compareCounters(name: string): void {
    const { rib } = this.bench;
    const mirror = this.twin.neighbours.get(name)!;
    const { id } = rib.neighbour(name)!;
    for (const family of families) {
      const { loc, groups } = rib.sides[family];
      const mine = [...mirror.paths].filter(([prefix]) => prefix.includes(":") === (family === "ipv6"));
      expect(loc.paths.countOf(id)).toBe(mine.length);
      expect(loc.staleOf(id)).toBe(mine.filter(([, { age }]) => age > 0).length);
      const bests = this.twin.prefixes().filter((prefix) => {
        return prefix.includes(":") === (family === "ipv6") && this.twin.bestOf(prefix) === name;
      });
      expect(loc.bests[id]).toBe(bests.length);
      if (!mirror.isUp) continue;
      this.compareChanges(name, family);
      const told = [...this.twin.told(name).keys()].filter((prefix) => prefix.includes(":") === (family === "ipv6"));
      expect(groups.of(id)!.toldTo(id)).toBe(told.length);
    }
  }

  /** What is counted as told is what was heard, and of what came nothing is counted twice. */
  compareChanges(name: string, family: Family): void {
    const { rib } = this.bench;
    const { heard } = this.speakers.find((speaker) => speaker.name === name)!.ear;
    const changes = new RibView(rib, 0).changes(rib.neighbour(name)!, family);
    const { importUpdates, importWithdraws, exportUpdates, exportWithdraws } = changes;
    expect(exportUpdates.accepted).toBe(heard.reach[family]);
    expect(exportWithdraws.accepted).toBe(heard.unreach[family]);
    const came = this.came.get(name)![family];
    expect({ updates: importUpdates.received, withdraws: importWithdraws.received }).toEqual(came);
    for (const { received, ...parts } of [importUpdates, importWithdraws, exportUpdates, exportWithdraws]) {
      expect(Object.values(parts).reduce((sum, each) => sum + each, 0)).toBe(received);
      expect(Math.min(...Object.values(parts))).toBeGreaterThanOrEqual(0);
    }
  }

  /** Everything goes; nothing may be left. */
  end(): void {
    const { bench } = this;
    bench.rib.originate([]);
    for (const { name } of this.speakers) {
      if (this.twin.neighbours.get(name)!.isUp) bench.rib.down(name, []);
      for (const family of families) bench.rib.sweep(name, family);
    }
    for (const { ear } of this.speakers) ear.take();
    bench.settle();
    const { sides, attributes: sets, nextHops: hops, pool } = bench.rib;
    for (const { loc, forwarding } of [sides.ipv4, sides.ipv6]) {
      expect([loc.prefixes.size, loc.paths.size, forwarding!.installed]).toEqual([0, 0, 0]);
    }
    expect([sets.size, sets.arena.used, hops.size, pool.out]).toEqual([0, 0, 0, 0]);
  }
}

test("histories end where a full recomputation ends", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 80, size: "max" }), (history) => {
      const run = new History();
      for (const action of history) run.run(action);
      run.compare();
      run.end();
    }),
    { numRuns: Number(runs) },
  );
}, 600_000);
