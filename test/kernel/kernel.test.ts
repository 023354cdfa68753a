import fc from "fast-check";
import { expect, test } from "vitest";
import type { KernelConfig } from "#config/node-config.ts";
import { Kernel } from "#kernel/kernel.ts";
import { silentLog } from "#lib/log.ts";
import { type Address, formatAddress, parseAddress } from "#route/address.ts";
import { type HopSet, HopSetTable } from "#route/hop-set.ts";
import { formatPrefix, type Prefix, parsePrefix } from "#route/prefix.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { keyOf, ModelKernel, type ModelRoute } from "./model-kernel.ts";

/** Histories a mode; many more by hand. */
const { RUNS = "150" } = process.env;
const BGP = 186;
const METRIC = 32;
const address = (text: string): Address => parseAddress(text)!;
const prefix = (text: string): Prefix => parsePrefix(text)!;
const LINKS = [2, 3, 4];

/** Enough prefixes that whole groups are moved at once. */
const PREFIXES = [
  ...Array.from({ length: 300 }, (_, index) => prefix(`20.${index >> 8}.${index & 255}.0/24`)),
  ...Array.from({ length: 300 }, (_, index) => prefix(`2001:db8:${index.toString(16)}::/48`)),
];

/** So many that next hops get objects by themselves. */
const MANY = Array.from({ length: 1100 }, (_, index) => prefix(`30.${index >> 8}.${index & 255}.0/24`));

class Bench {
  clock = new FakeClock();
  readonly model = new ModelKernel();
  readonly hopSets = new HopSetTable();
  readonly config: Pick<KernelConfig, "table" | "metric" | "protocol" | "nextHopObjects" | "preferredSource">;
  kernel: Kernel;
  changes = 0;

  constructor(nextHopObjects: KernelConfig["nextHopObjects"]) {
    this.config = { table: 254, metric: METRIC, protocol: BGP, nextHopObjects, preferredSource: {} };
    for (const link of LINKS) {
      this.model.addLink(link);
      this.model.addAddress(link, address(`10.0.${link}.1`), 24, prefix(`10.0.${link}.0/24`));
      this.model.addAddress(link, address(`fd00:${link}::1`), 64, prefix(`fd00:${link}::/64`));
    }
    this.kernel = this.start();
  }

  /** A daemon that begins, also after another one was killed. */
  start(): Kernel {
    const { config, model, hopSets } = this;
    model.cut();
    this.clock = new FakeClock(); // and with the other one, its timers
    this.kernel = new Kernel({ config, port: model, hopSets, clock: this.clock, log: silentLog, seed: 7 });
    this.kernel.onChange(() => this.changes++);
    let ready = false;
    this.kernel.start(() => {
      ready = true;
    });
    this.settle();
    expect(ready).toBe(true);
    return this.kernel;
  }

  sweep(): void {
    for (const family of ["ipv4", "ipv6"] as const) this.kernel.installer.sweep(family);
  }

  settle(): void {
    for (let turn = 0; ; turn++) {
      if (turn === 5_000) throw new Error("the installer and the kernel never come to rest");
      this.clock.settle(1_000);
      if (this.model.step()) continue;
      if (this.#isQuiet()) return;
      this.clock.advance(1); // little to send waits for more
    }
  }

  #isQuiet(): boolean {
    let quiet = false;
    this.kernel.installer.whenQuiet(() => {
      quiet = true;
    });
    return quiet;
  }

  /** Settles, and waits for all retries. */
  rest(): void {
    for (let second = 0; second < 130; second++) {
      this.settle();
      this.clock.advance(1_000);
    }
    this.settle();
  }

  readonly via = (...links: readonly number[]): Record<"ipv4" | "ipv6", number> => {
    const set = (gateway: (link: number) => Address): HopSet => ({
      kind: "unicast",
      hops: links.map((link) => ({ gateway: gateway(link), link, weight: 1, onlink: false })),
    });
    return {
      ipv4: this.hopSets.intern(set((link) => address(`10.0.${link}.2`))),
      ipv6: this.hopSets.intern(set((link) => address(`fd00:${link}::2`))),
    };
  };

  set({ family, words: [w0 = 0, w1 = 0, w2 = 0, w3 = 0], length }: Prefix, hopSet: number): void {
    const { installer } = this.kernel;
    if (family === "ipv4") {
      if (hopSet === 0) installer.clear4(w0, length);
      else installer.set4(w0, length, hopSet);
    } else if (hopSet === 0) installer.clear6(w0, w1, w2, w3, length);
    else installer.set6(w0, w1, w2, w3, length, hopSet);
  }

  /** Our routes at `metric`, as prefix to hop set. */
  held(metric = METRIC): Map<string, number> {
    const held = new Map<string, number>();
    for (const route of this.model.routes.values()) {
      if (route.protocol !== BGP || route.metric !== metric) continue;
      const set = this.model.amount(route);
      held.set(formatPrefix(route.prefix), set === undefined ? -1 : this.hopSets.intern(set));
    }
    return held;
  }

  foreign(): ModelRoute[] {
    return [...this.model.routes.values()].filter(({ protocol }) => protocol !== BGP);
  }
}

interface Named {
  readonly name: string;
  readonly act: Action;
}

type Action = (bench: Bench, desired: Map<Prefix, number>, foreign: Map<string, ModelRoute>) => void;

const someSet = fc.constantFrom<readonly number[]>([2], [3], [4], [2, 3], [3, 4], [2, 3, 4]);
const somePrefix = fc.constantFrom(...PREFIXES.slice(0, 8), ...PREFIXES.slice(300, 308));
const someLink = fc.constantFrom(...LINKS);

const want = (target: Prefix, hopSet: number): Action => {
  return (bench, desired) => {
    bench.set(target, hopSet);
    if (hopSet === 0) desired.delete(target);
    else desired.set(target, hopSet);
  };
};

const actions = fc.oneof(
  fc.tuple(somePrefix, someSet).map(
    ([target, links]): Named => ({
      name: `${formatPrefix(target)} via ${links}`,
      act: (bench, ...rest) => want(target, bench.via(...links)[target.family])(bench, ...rest),
    }),
  ),
  somePrefix.map((target): Named => ({ name: `clear ${formatPrefix(target)}`, act: want(target, 0) })),
  fc.tuple(fc.constantFrom("ipv4", "ipv6"), someSet, fc.nat(300)).map(
    ([family, links, count]): Named => ({
      name: `${count} of ${family} via ${links}`,
      act: (bench, ...rest) => {
        const all = PREFIXES.filter((target) => target.family === family).slice(0, count);
        for (const target of all) want(target, bench.via(...links)[target.family])(bench, ...rest);
      },
    }),
  ),
  fc.tuple(fc.option(someSet), fc.integer({ min: 1000, max: MANY.length })).map(
    ([links, count]): Named => ({
      name: `${count} others via ${links}`,
      act: (bench, ...rest) => {
        for (const target of MANY.slice(0, count)) want(target, links ? bench.via(...links).ipv4 : 0)(bench, ...rest);
      },
    }),
  ),
  fc.constantFrom("ipv4", "ipv6").map(
    (family): Named => ({
      name: `clear all ${family}`,
      act: (bench, ...rest) => {
        for (const target of PREFIXES) if (target.family === family) want(target, 0)(bench, ...rest);
      },
    }),
  ),
  fc.tuple(someLink, fc.boolean(), fc.boolean()).map(
    ([link, up, carrier]): Named => ({
      name: `link ${link} ${up ? "up" : "down"} ${carrier ? "with" : "without"} carrier`,
      act: (bench, _, foreign) => {
        bench.model.setLink(link, { up, carrier });
        for (const key of [...foreign.keys()]) if (!bench.model.routes.has(key)) foreign.delete(key);
      },
    }),
  ),
  somePrefix.map(
    (target): Named => ({
      name: `another deletes ${formatPrefix(target)}`,
      act: (bench, _, foreign) => {
        foreign.delete(keyOf({ prefix: target, metric: METRIC }));
        bench.model.deleted(keyOf({ prefix: target, metric: METRIC }));
      },
    }),
  ),
  fc.tuple(somePrefix, fc.constantFrom(METRIC, 20), fc.constantFrom(12, BGP)).map(
    ([target, metric, protocol]): Named => ({
      name: `another writes ${formatPrefix(target)} metric ${metric} protocol ${protocol}`,
      act: (bench, _, foreign) => {
        const route = { prefix: target, metric, protocol, target: { kind: "blackhole" }, source: undefined } as const;
        // The kernel has no conditional replace: a route that we are replacing just now is lost to us, whoever made it.
        bench.settle();
        bench.model.foreign(route);
        bench.settle();
        if (protocol === BGP) foreign.delete(keyOf(route));
        else foreign.set(keyOf(route), route);
      },
    }),
  ),
  fc.tuple(fc.constantFrom("ipv4", "ipv6"), someSet, fc.option(someSet)).map(
    ([family, links, others]): Named => ({
      name: `${family} via ${links} falls back to ${others}`,
      act: ({ kernel, via }) =>
        kernel.installer.setBackup(family, via(...links)[family], others ? via(...others)[family] : 0),
    }),
  ),
  fc.tuple(fc.constantFrom("ipv4", "ipv6"), someSet, someSet).map(
    ([family, links, others]): Named => ({
      name: `${family} via ${links} is going to ${others}`,
      act: ({ kernel, via }) => kernel.installer.foresee(family, via(...links)[family], via(...others)[family]),
    }),
  ),
  fc.constant<Named>({ name: "overrun", act: (bench) => bench.model.overrun() }),
  fc.constant<Named>({
    name: "killed and started again",
    act: (bench, desired) => {
      bench.start();
      desired.clear();
    },
  }),
  fc.constant<Named>({ name: "sweep", act: (bench) => bench.sweep() }),
  fc.constant<Named>({ name: "settle", act: (bench) => bench.settle() }),
  fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }).map(
    (choices): Named => ({
      name: `steps ${choices}`,
      act: (bench) => {
        for (const choice of choices) {
          bench.clock.settle();
          bench.model.step(choice);
        }
      },
    }),
  ),
  fc.constantFrom(0, 1500).map((ms): Named => ({ name: `${ms} ms`, act: (bench) => bench.clock.advance(ms) })),
);

const history = fc.array(
  actions.map(({ name, act }) => Object.assign(act, { toString: () => name })),
  {
    maxLength: 40,
  },
);

for (const mode of ["never", "auto", "always"] as const) {
  test(`whatever happens, the kernel ends as wanted, others' routes as they were (objects ${mode})`, {
    timeout: 60_000,
  }, () => {
    fc.assert(
      fc.property(history, (acts) => {
        const bench = new Bench(mode);
        const desired = new Map<Prefix, number>();
        const foreign = new Map(bench.foreign().map((route) => [keyOf(route), route]));
        for (const act of acts) act(bench, desired, foreign);
        for (const link of LINKS) bench.model.setLink(link, { up: true, carrier: true });
        bench.rest();
        bench.sweep();
        bench.settle();
        const wanted = [...desired].filter(([target]) => !foreign.has(keyOf({ prefix: target, metric: METRIC })));
        const sorted = (entries: Iterable<[string, number]>): [string, number][] => [...entries].sort();
        expect(sorted(bench.held())).toEqual(sorted(wanted.map(([target, set]) => [formatPrefix(target), set])));
        expect(new Map(bench.foreign().map((route) => [keyOf(route), route]))).toEqual(foreign);
        bench.kernel.installer.clearAll();
        bench.settle();
        expect(bench.held().size).toBe(0);
        expect([...bench.model.objects.keys()]).toEqual([]);
      }),
      { numRuns: Number(RUNS) },
    );
  });
}

test("a route costs one message, a second equal call none, and its withdrawal one", () => {
  const bench = new Bench("auto");
  const count = (type: number): number => bench.model.counted.get(type) ?? 0;
  const { ipv4 } = bench.via(2);
  bench.set(PREFIXES[0]!, ipv4);
  bench.settle();
  expect(bench.held()).toEqual(new Map([["20.0.0.0/24", ipv4]]));
  bench.set(PREFIXES[0]!, ipv4);
  bench.settle();
  expect(count(24)).toBe(1);
  bench.set(PREFIXES[0]!, 0);
  bench.settle();
  expect([count(24), count(25)]).toEqual([1, 1]);
  expect(bench.held().size).toBe(0);
});

test("what was asked for counts before anything is sent, and the last word about a prefix is what holds", () => {
  const bench = new Bench("never");
  const { ipv4 } = bench.via(2);
  const before = bench.model.batches;
  for (const each of MANY.slice(0, 300)) bench.set(each, ipv4);
  expect(bench.kernel.installer.counts("ipv4").wanted).toBe(300);
  for (const each of MANY.slice(0, 300)) {
    bench.set(each, 0);
    bench.set(each, bench.via(3).ipv4);
    bench.set(each, 0);
  }
  expect(bench.kernel.installer.counts("ipv4").wanted).toBe(0);
  bench.settle();
  expect([bench.held().size, bench.model.batches - before]).toEqual([0, 0]);
  for (const each of MANY.slice(0, 300)) {
    bench.set(each, 0);
    bench.set(each, ipv4);
  }
  bench.settle();
  expect(bench.held().size).toBe(300);
});

test("routes that come one at a time travel together; the first after a rest goes at once", () => {
  const bench = new Bench("never");
  bench.clock.advance(100);
  const before = bench.model.batches;
  for (let index = 0; index < 20; index++) {
    bench.set(MANY[index]!, bench.via(2).ipv4);
    bench.clock.settle();
    while (bench.model.step()) bench.clock.settle();
    if (index === 0) expect(bench.held().size).toBe(1);
    bench.clock.advance(1);
  }
  bench.settle();
  expect(bench.held().size).toBe(20);
  expect(bench.model.batches - before).toBe(6); // at 0, 4, 8, 12, 16 and 20 ms
});

test("a daemon that starts again adopts its routes, sends nothing for equal ones, and sweeps the rest", () => {
  const bench = new Bench("auto");
  const { ipv4, ipv6 } = bench.via(2, 3);
  for (const target of PREFIXES) bench.set(target, target.family === "ipv4" ? ipv4 : ipv6);
  bench.settle();
  const before = new Map(bench.model.counted);
  const kernel = bench.start();
  expect(kernel.installer.holdsRoutes("ipv4")).toBe(true);
  for (const target of PREFIXES.slice(0, 100)) bench.set(target, ipv4);
  bench.rest();
  expect(bench.model.counted).toEqual(before);
  expect(bench.held().size).toBe(600);
  expect(kernel.installer.sweep("ipv4")).toBe(200);
  bench.settle();
  expect(bench.held().size).toBe(400);
  expect(kernel.installer.counts("ipv6")).toMatchObject({ wanted: 0, installed: 300 });
});

test("adopted routes that share an object stay until they are asked for, or swept", () => {
  const bench = new Bench("always");
  for (const target of PREFIXES) bench.set(target, bench.via(2)[target.family]);
  bench.settle();
  bench.start();
  bench.rest();
  expect(bench.held().size).toBe(600);
  for (const target of PREFIXES.slice(0, 290)) bench.set(target, bench.via(3).ipv4);
  bench.settle();
  expect(bench.held().size).toBe(600);
  const stale = [...bench.held().values()].filter((set) => set === bench.via(2).ipv4).length;
  expect(stale).toBeLessThanOrEqual(10); // the object was re-pointed when nearly all wanted it
  bench.sweep();
  bench.settle();
  expect(new Set(bench.held().values())).toEqual(new Set([bench.via(3).ipv4]));
  expect(bench.held().size).toBe(290);
});

for (const mode of ["never", "always"] as const) {
  test(`another metric: the new routes come before the old ones go (objects ${mode})`, () => {
    const bench = new Bench(mode);
    for (const target of PREFIXES) bench.set(target, bench.via(2)[target.family]);
    bench.settle();
    bench.sweep();
    expect(bench.kernel.reconfigure({ ...bench.config, metric: 50 })).toEqual([]);
    let fewest = 600;
    for (let turn = 0; turn < 1_000; turn++) {
      bench.clock.settle();
      fewest = Math.min(fewest, new Set([...bench.held(32).keys(), ...bench.held(50).keys()]).size);
      if (!bench.model.step()) break;
    }
    bench.settle();
    expect([fewest, bench.held(32).size, bench.held(50).size]).toEqual([600, 0, 600]);
    bench.kernel.reconfigure(bench.config); // and back
    bench.settle();
    expect([bench.held(32).size, bench.held(50).size]).toEqual([600, 0]);
  });
}

test("another preferred source is written into every learned route, and objects that are not wanted any more go", () => {
  const bench = new Bench("always");
  for (const target of PREFIXES) bench.set(target, bench.via(2)[target.family]);
  bench.settle();
  const preferredSource = { ipv4: address("10.0.3.1") };
  bench.kernel.reconfigure({ ...bench.config, preferredSource, nextHopObjects: "never" });
  bench.settle();
  const sources = [...bench.model.routes.values()]
    .filter(({ protocol, prefix: { family } }) => protocol === BGP && family === "ipv4")
    .map(({ source }) => source && formatAddress(source));
  expect(new Set(sources)).toEqual(new Set(["10.0.3.1"]));
  expect(bench.held().size).toBe(600);
  expect(bench.model.objects.size).toBe(0);
});

test("another table or protocol is for the next start, what else is new is not", () => {
  const bench = new Bench("auto");
  bench.set(PREFIXES[0]!, bench.via(2).ipv4);
  bench.settle();
  bench.sweep();
  expect(bench.kernel.reconfigure({ ...bench.config, table: 100, metric: 50 })).toEqual(["table"]);
  expect(bench.kernel.reconfigure({ ...bench.config, table: 100, protocol: 12, metric: 60 })).toEqual([
    "table",
    "protocol",
  ]);
  bench.settle();
  expect([bench.held(METRIC).size, bench.held(50).size, bench.held(60).size]).toEqual([0, 0, 1]);
});

test("a node without routes of ours holds none", () => {
  const bench = new Bench("auto");
  expect(bench.kernel.installer.holdsRoutes("ipv4")).toBe(false);
  bench.set(PREFIXES[0]!, bench.via(2).ipv4);
  bench.settle();
  expect(bench.kernel.installer.holdsRoutes("ipv4")).toBe(true);
  expect(bench.kernel.installer.holdsRoutes("ipv6")).toBe(false);
});

test("routes of an earlier metric stay until the sweep", () => {
  const bench = new Bench("auto");
  const old = {
    prefix: PREFIXES[0]!,
    metric: 77,
    protocol: BGP,
    target: { kind: "blackhole" },
    source: undefined,
  } as const;
  bench.model.foreign(old);
  bench.start();
  bench.set(PREFIXES[0]!, bench.via(2).ipv4);
  bench.settle();
  expect(bench.model.routes.has(keyOf(old))).toBe(true);
  bench.kernel.installer.sweep("ipv4");
  bench.settle();
  expect(bench.model.routes.has(keyOf(old))).toBe(false);
  expect(bench.held().size).toBe(1);
});

test("all routes of an object move by one message, and go by their own, before it does", () => {
  const bench = new Bench("always");
  const [first, second] = [bench.via(2), bench.via(3)];
  const ipv4 = PREFIXES.filter(({ family }) => family === "ipv4");
  for (const target of ipv4) bench.set(target, first.ipv4);
  bench.settle();
  const routesBefore = bench.model.counted.get(24);
  for (const target of ipv4) bench.set(target, second.ipv4);
  bench.settle();
  expect(new Set(bench.held().values())).toEqual(new Set([second.ipv4]));
  expect(bench.model.counted.get(24)).toBe(routesBefore);
  for (const target of ipv4) bench.set(target, 0);
  bench.settle();
  expect(bench.held().size).toBe(0);
  expect(bench.model.counted.get(25)).toBe(ipv4.length);
  expect(bench.model.objects.size).toBe(0);
});

test("a next hop gets an object when it carries many routes, for those that were there before as well", () => {
  const bench = new Bench("auto");
  const { ipv4 } = bench.via(2);
  const plain = (): number =>
    [...bench.model.routes.values()].filter((route) => route.protocol === BGP && typeof route.target !== "number")
      .length;
  for (const target of MANY.slice(0, 1000)) bench.set(target, ipv4);
  bench.settle();
  expect([plain(), bench.model.objects.size]).toEqual([1000, 0]);
  for (const target of MANY.slice(1000)) bench.set(target, ipv4);
  bench.settle();
  expect([plain(), bench.model.objects.size]).toEqual([0, 2]);
  expect(new Set(bench.held().values())).toEqual(new Set([ipv4]));
  expect(bench.held().size).toBe(1100);
});

test("where the kernel refuses objects, routes have their hops written out, also when those change", () => {
  const bench = new Bench("always");
  bench.model.refuseObjects = { code: "EOPNOTSUPP", text: "" };
  for (const links of [[2], [2, 3], [3]]) {
    for (const target of PREFIXES) bench.set(target, bench.via(...links)[target.family]);
    bench.rest();
    expect(new Set(bench.held().values())).toEqual(new Set(Object.values(bench.via(...links))));
    expect(bench.held().size).toBe(600);
    expect(bench.model.objects.size).toBe(0);
    const ours = [...bench.model.routes.values()].filter(({ protocol }) => protocol === BGP);
    expect(ours.filter(({ target }) => typeof target === "number")).toEqual([]);
  }
  for (const target of PREFIXES) bench.set(target, 0);
  bench.rest();
  expect(bench.held().size).toBe(0);
});

for (const lost of [
  { up: true, carrier: false },
  { up: false, carrier: false },
]) {
  test(`the kernel itself turns to what stands by when a link is ${lost.up ? "without carrier" : "down"}`, () => {
    const bench = new Bench("always");
    const [first, second] = [bench.via(2), bench.via(3)];
    for (const family of ["ipv4", "ipv6"] as const)
      bench.kernel.installer.setBackup(family, first[family], second[family]);
    for (const target of PREFIXES) bench.set(target, first[target.family]);
    bench.settle();
    const all = (set: typeof first): void =>
      expect(new Set(bench.held().values())).toEqual(new Set(Object.values(set)));
    all(first); // what stands by carries nothing
    const written = bench.model.counted.get(24);
    bench.model.setLink(2, lost);
    all(second); // before anybody was told
    expect(bench.held().size).toBe(600);
    bench.settle();
    for (const target of PREFIXES) bench.set(target, second[target.family]);
    bench.settle();
    bench.model.setLink(2, { up: true, carrier: true });
    bench.settle();
    for (const target of PREFIXES) bench.set(target, first[target.family]);
    bench.settle();
    all(first);
    expect(bench.model.counted.get(24)).toBe(written);
    bench.model.setLink(3, lost);
    bench.model.setLink(3, { up: true, carrier: true });
    bench.settle();
    bench.model.setLink(2, lost); // it stands by again
    all(second);
    expect(bench.held().size).toBe(600);
  });
}

test("what stands by is adopted by a daemon that starts again, and taken out when it is no way any more", () => {
  const bench = new Bench("always");
  const ipv4 = PREFIXES.filter(({ family }) => family === "ipv4");
  const [first, second] = [bench.via(2).ipv4, bench.via(3).ipv4];
  bench.kernel.installer.setBackup("ipv4", first, second);
  for (const target of ipv4) bench.set(target, first);
  bench.settle();
  const before = new Map(bench.model.counted);
  bench.start();
  bench.kernel.installer.setBackup("ipv4", first, second);
  for (const target of ipv4) bench.set(target, first);
  bench.rest();
  expect(bench.model.counted).toEqual(before);
  expect(bench.model.objects.size).toBe(3);
  bench.kernel.installer.setBackup("ipv4", first, 0);
  bench.settle();
  expect(bench.model.objects.size).toBe(2);
  expect(new Set(bench.held().values())).toEqual(new Set([first]));
});

test("routes move before they are told to when that is foreseen, and those that were not meant come back", () => {
  const bench = new Bench("always");
  const ipv4 = PREFIXES.filter(({ family }) => family === "ipv4");
  const [first, second, third] = [bench.via(2).ipv4, bench.via(3).ipv4, bench.via(4).ipv4];
  for (const target of ipv4) bench.set(target, first);
  bench.settle();
  const written = bench.model.counted.get(24);
  bench.kernel.installer.foresee("ipv4", first, second);
  bench.settle();
  expect(new Set(bench.held().values())).toEqual(new Set([second]));
  for (const target of ipv4.slice(0, 100)) bench.set(target, second);
  bench.settle();
  expect(new Set(bench.held().values())).toEqual(new Set([second])); // the others are still expected to come
  for (const target of ipv4.slice(100, 280)) bench.set(target, second);
  bench.set(ipv4[280]!, third);
  bench.settle();
  expect(bench.model.counted.get(24)).toBe(written! + 20); // 19 that stay, and the one that goes elsewhere
  expect(bench.held().get(formatPrefix(ipv4[280]!))).toBe(third);
  expect([...bench.held().values()].filter((set) => set === first).length).toBe(19);
});

test("what was foreseen and does not come is undone", () => {
  const bench = new Bench("always");
  const ipv4 = PREFIXES.filter(({ family }) => family === "ipv4");
  const [first, second] = [bench.via(2).ipv4, bench.via(3).ipv4];
  for (const target of ipv4) bench.set(target, first);
  bench.settle();
  bench.kernel.installer.foresee("ipv4", first, second);
  bench.settle();
  bench.rest();
  expect(new Set(bench.held().values())).toEqual(new Set([first]));
  expect(bench.held().size).toBe(300);
});

test("what a link takes along that was no way out already is looked at without waiting for anything else", () => {
  const bench = new Bench("never");
  bench.set(PREFIXES[0]!, bench.via(4).ipv4);
  bench.settle();
  bench.model.setLink(4, { up: true, carrier: false });
  bench.settle();
  expect(bench.kernel.installer.isInstalled(PREFIXES[0]!)).toBe(true); // it stays, as `linkdown`
  bench.model.setLink(4, { up: false, carrier: false });
  bench.settle();
  expect(bench.held().size).toBe(0);
  expect(bench.kernel.installer.isInstalled(PREFIXES[0]!)).toBe(false);
});

test("an object that went with its link before we heard of that is not taken for the one that was moved", () => {
  const bench = new Bench("always");
  const ipv4 = PREFIXES.filter(({ family }) => family === "ipv4");
  for (const target of ipv4) bench.set(target, bench.via(2).ipv4);
  bench.settle();
  bench.model.setLink(2, { up: true, carrier: false });
  for (const target of ipv4) bench.set(target, bench.via(3).ipv4);
  bench.settle();
  expect(new Set(bench.held().values())).toEqual(new Set([bench.via(3).ipv4]));
  expect(bench.held().size).toBe(300);
});

test("a kernel without resilient groups gets others, and its routes come back after a lost carrier", () => {
  const bench = new Bench("always");
  bench.model.knowsResilient = false;
  const [first, second] = [bench.via(2).ipv4, bench.via(3).ipv4];
  bench.kernel.installer.setBackup("ipv4", first, second);
  const ipv4 = PREFIXES.filter(({ family }) => family === "ipv4");
  for (const target of ipv4) bench.set(target, first);
  bench.settle();
  expect(bench.held().size).toBe(300);
  expect([...bench.model.routes.values()].filter(({ target }) => typeof target === "number").length).toBe(300);
  bench.model.setLink(2, { up: true, carrier: false });
  for (const target of ipv4) bench.set(target, second);
  bench.settle();
  expect(new Set(bench.held().values())).toEqual(new Set([second]));
  expect(bench.held().size).toBe(300);
});

test("a refused route says why, is tried again with a back-off, and recovers", () => {
  const bench = new Bench("auto");
  const [target] = PREFIXES;
  bench.model.refuse.set(formatPrefix(target!), { index: 0, code: "ENETUNREACH", text: "Nexthop has invalid gateway" });
  bench.set(target!, bench.via(2).ipv4);
  bench.set(PREFIXES[1]!, bench.via(2).ipv4);
  bench.settle();
  const { installer } = bench.kernel;
  expect(installer.failureOf(target!)).toMatchObject({ reason: "Nexthop has invalid gateway (ENETUNREACH)", tries: 1 });
  expect(installer.counts("ipv4")).toMatchObject({ wanted: 2, installed: 1, failed: 1 });
  const tries: number[] = [];
  for (let second = 0; second < 20; second++) {
    bench.clock.advance(1_000);
    bench.settle();
    tries.push(installer.failureOf(target!)!.tries);
  }
  expect(tries.at(-1)).toBe(5); // at 0, 1, 3, 7 and 15 s
  bench.model.refuse.clear();
  bench.rest();
  expect(installer.failureOf(target!)).toBeUndefined();
  expect(installer.counts("ipv4")).toMatchObject({ wanted: 2, installed: 2, failed: 0, reasons: [] });
});

test("a route at another's place yields, and comes when the other goes", () => {
  const bench = new Bench("auto");
  const [target] = PREFIXES;
  const bird = {
    prefix: target!,
    metric: METRIC,
    protocol: 12,
    target: { kind: "blackhole" },
    source: undefined,
  } as const;
  bench.model.foreign(bird);
  bench.set(target!, bench.via(2).ipv4);
  bench.rest(); // the kernel's refusal may come before its notification
  expect(bench.kernel.installer.failureOf(target!)?.reason).toContain("from bird");
  expect(bench.held().size).toBe(0);
  bench.model.deleted(keyOf(bird));
  bench.settle();
  bench.clock.advance(1_000);
  bench.settle();
  expect(bench.held().size).toBe(1);
});

test("the node's own blackholes have a metric of their own and follow the list", () => {
  const bench = new Bench("auto");
  const block = (text: string) => ({ prefix: prefix(text), set: { kind: "blackhole" } as const });
  bench.kernel.installer.setOwn([block("10.244.0.0/24"), block("fd00:244::/64")]);
  bench.set(prefix("10.244.0.0/24"), bench.via(2).ipv4);
  bench.settle();
  expect([...bench.held(1_000_000).keys()].sort()).toEqual(["10.244.0.0/24", "fd00:244::/64"]);
  expect([...bench.held().keys()]).toEqual(["10.244.0.0/24"]);
  bench.kernel.installer.setOwn([block("fd00:244::/64")]);
  bench.settle();
  expect([...bench.held(1_000_000).keys()]).toEqual(["fd00:244::/64"]);
});

test("clean-up leaves nothing of ours and all of others", () => {
  const bench = new Bench("always");
  for (const target of PREFIXES) bench.set(target, bench.via(2)[target.family]);
  bench.settle();
  const foreign = bench.foreign();
  bench.start().installer.clearAll();
  bench.settle();
  expect(bench.held().size).toBe(0);
  expect(bench.model.objects.size).toBe(0);
  expect(bench.foreign()).toEqual(foreign);
});

test("quiet is told when what was lost is read and put right, not while that is due", () => {
  const bench = new Bench("never");
  for (const target of PREFIXES) bench.set(target, bench.via(2)[target.family]);
  bench.settle();
  bench.model.deleted(keyOf({ prefix: PREFIXES[0]!, metric: METRIC }));
  bench.model.overrun();
  const held: number[] = [];
  bench.kernel.whenQuiet(() => held.push(bench.held().size));
  bench.settle();
  expect(held).toEqual([]);
  bench.clock.advance(1_000);
  bench.settle();
  expect(held).toEqual([600]);
});

test("quiet is not told while writing pauses for a comparison", () => {
  const bench = new Bench("always");
  const { kernel, model, clock } = bench;
  for (const target of PREFIXES) bench.set(target, bench.via(2)[target.family]);
  bench.settle();
  clock.advance(1_000);
  for (const target of PREFIXES) bench.set(target, 0);
  while (model.objects.size > 0) {
    clock.settle();
    model.step(2); // what was asked for, before what is told
  }
  const installed = (): number => kernel.installer.counts("ipv4").installed + kernel.installer.counts("ipv6").installed;
  while (installed() > 0) model.step(1); // the answers
  model.overrun();
  clock.advance(0);
  const told: unknown[] = [];
  kernel.whenQuiet(() => told.push(installed(), kernel.installer.counts("ipv6").pending, model.step()));
  let most = 0;
  do {
    clock.advance(1); // little to send waits for more
    most = Math.max(most, installed());
  } while (model.step());
  expect(told).toEqual([0, 0, false]); // the last dump was answered
  expect(most).toBe(0);
});

test("what is wanted is told to be tried when the kernel has it, though more comes all the time", () => {
  const bench = new Bench("never");
  for (const target of PREFIXES) bench.set(target, bench.via(2)[target.family]);
  let held: Map<string, number> | undefined;
  bench.kernel.installer.whenTried(() => {
    held = bench.held();
  });
  for (let more = 0; held === undefined && more < 1_000; more++) {
    bench.set(MANY[more]!, bench.via(2).ipv4);
    bench.clock.settle();
    bench.model.step();
  }
  expect(PREFIXES.every((target) => held!.has(formatPrefix(target)))).toBe(true);
  expect(held!.size).toBeLessThan(700);
});

test("a refused route counts as tried, and where nothing is to be done that is told at once", () => {
  const bench = new Bench("never");
  const told: number[] = [];
  bench.kernel.installer.whenTried(() => told.push(1));
  expect(told).toEqual([1]);
  bench.model.refuse.set(formatPrefix(PREFIXES[0]!), { index: 0, code: "ENETUNREACH", text: "" });
  bench.set(PREFIXES[0]!, bench.via(2).ipv4);
  bench.kernel.installer.whenTried(() => told.push(2));
  bench.settle();
  expect([told, bench.kernel.installer.counts("ipv4").failed]).toEqual([[1, 2], 1]);
});

for (const mode of ["never", "auto", "always"] as const) {
  test(`what was wanted when it was asked for is held when it is told to be tried (objects ${mode})`, () => {
    const some = [...MANY.slice(0, 1_090), ...PREFIXES.slice(295, 305)];
    const steps = fc.array(
      fc.oneof(
        fc.record({ target: fc.nat(9), via: fc.constantFrom(0, 2, 3), many: fc.constant(false) }),
        fc.record({ target: fc.constant(0), via: fc.constantFrom(0, 2, 3), many: fc.constant(true) }),
        fc.record({ choice: fc.nat(2) }),
        fc.constant("ask" as const),
      ),
      { minLength: 5, maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (actions) => {
        const bench = new Bench(mode);
        const wanted = new Map<Prefix, { readonly hopSet: number }>();
        const set = (target: Prefix, via: number): void => {
          const hopSet = via === 0 ? 0 : bench.via(via)[target.family];
          wanted.set(target, { hopSet });
          bench.set(target, hopSet);
        };
        for (const action of actions) {
          if (action === "ask") {
            const asked = new Map(wanted);
            bench.kernel.installer.whenTried(() => {
              const held = bench.held();
              for (const [target, want] of asked) {
                if (wanted.get(target) === want) expect(held.get(formatPrefix(target)) ?? 0).toBe(want.hopSet);
              }
            });
          } else if ("choice" in action) {
            bench.clock.settle();
            bench.model.step(action.choice);
          } else if (action.many) for (const target of some) set(target, action.via);
          else set(some[some.length - 1 - action.target]!, action.via);
        }
        bench.settle();
      }),
      { numRuns: Number(RUNS) / 5 },
    );
  });
}

test("links, addresses and routes that change are told once a turn", () => {
  const bench = new Bench("auto");
  const before = bench.changes;
  bench.model.setLink(2, { up: true, carrier: false });
  bench.model.setLink(3, { up: false, carrier: false });
  bench.settle();
  expect(bench.changes - before).toBeGreaterThan(0);
  expect(bench.kernel.nextHops.resolve(address("10.0.2.2"), undefined)).toBeUndefined();
  expect(bench.kernel.nextHops.resolve(address("10.0.3.2"), undefined)).toBeUndefined();
  const reach = bench.kernel.nextHops.resolve(address("10.0.4.2"), undefined);
  expect(reach?.hops.map((hop) => formatAddress(hop.gateway!))).toEqual(["10.0.4.2"]);
});

test("a kernel that cannot be read is asked again, later and later, and read once it can be", () => {
  const clock = new FakeClock();
  let asked = 0;
  let isMute = true;
  class Mute extends ModelKernel {
    override dump(...[request, receive, ended]: Parameters<ModelKernel["dump"]>): void {
      asked++;
      if (isMute) clock.soon(() => ended({ code: "EMFILE", text: "", interrupted: false }));
      else super.dump(request, receive, ended);
    }
  }
  const port = new Mute();
  const { config } = new Bench("never");
  const kernel = new Kernel({ config, port, hopSets: new HopSetTable(), clock, log: silentLog, seed: 7 });
  let ready = false;
  kernel.start(() => {
    ready = true;
  });
  const askedBy = (ms: number): number => {
    clock.advance(ms);
    return asked;
  };
  expect([0, 999, 1, 1_999, 1, 3_999, 1].map(askedBy)).toEqual([1, 1, 2, 2, 3, 3, 4]);
  expect(askedBy(3_600_000)).toBeLessThan(70);
  isMute = false;
  for (let second = 0; second < 60; second++) {
    clock.advance(1_000);
    while (port.step()) clock.settle();
  }
  expect(ready).toBe(true);
});
