import { performance } from "node:perf_hooks";
import { AttributeSetCodec } from "#bgp/wire/attribute-codec.ts";
import { UpdateReader } from "#bgp/wire/update.ts";
import { UpdateWriter } from "#bgp/wire/update-encoder.ts";
import type { PolicyConfig } from "#config/node-config.ts";
import type { Clock } from "#lib/clock.ts";
import type { ForwardingTable, RouteSink, UpdateEncoder } from "#rib/ports.ts";
import { Rib } from "#rib/rib.ts";
import { warmUp } from "#rib/warm-up.ts";
import { parseAddress } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { HopSetTable } from "#route/hop-set.ts";
import { makeTable, type Table } from "../generator/table.ts";
import { encodeTable, encodeWithdrawal } from "../generator/updates.ts";

/*
 * The RIB alone, without sockets: whole UPDATEs in, whole UPDATEs out, in the slices that the daemon gives it.
 *
 *     node bench/micro/rib.ts [prefixes] [scenario ...]
 */

/** What the daemon reads before it lets the RIB have a turn. */
const READ_OCTETS = 16_384;
const READ_MS = 2;

const acceptAll: PolicyConfig = { name: "all", statements: [{ match: {}, set: {}, action: "accept" }] };
const tagging: PolicyConfig = {
  name: "tag",
  statements: [
    { match: { asPathContains: [174] }, set: { localPref: 90 }, action: "continue" },
    { match: { communities: [65000] }, set: {}, action: "reject" },
    { match: {}, set: { addCommunities: [64512 * 65536 + 1] }, action: "accept" },
  ],
};

/** Real time; turns wait until the bench lets them run. */
class BenchClock implements Clock {
  #soon: (() => void)[] = [];
  nowMs = (): number => performance.now();
  wallMs = (): number => performance.timeOrigin + performance.now();

  after(delayMs: number, then: () => void) {
    const timer = setTimeout(then, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }

  soon(then: () => void): void {
    this.#soon.push(then);
  }

  get isIdle(): boolean {
    return this.#soon.length === 0;
  }

  turn(): void {
    for (const then of this.#soon.splice(0)) then();
  }
}

class CountingForwarding implements ForwardingTable {
  calls = 0;
  set4(): void {
    this.calls++;
  }
  set6(): void {
    this.calls++;
  }
  clear4(): void {
    this.calls++;
  }
  clear6(): void {
    this.calls++;
  }

  setBackup(): void {}

  foresee(): void {}

  whenTried(then: () => void): void {
    then();
  }
}

class World {
  readonly clock = new BenchClock();
  readonly hopSets = new HopSetTable();
  readonly forwarding = new CountingForwarding();
  readonly rib: Rib;
  /** Octets and sends to all neighbours. */
  octets = 0;
  sends = 0;
  longestMs = 0;

  constructor() {
    this.rib = new Rib({
      clock: this.clock,
      seed: 1,
      routerId: 0x0a000001,
      codec: new AttributeSetCodec(),
      resolver: {
        resolve: (gateway) => ({ metric: 0, hops: [{ gateway, link: 1, weight: 1, onlink: false }] }),
      },
      hopSets: this.hopSets,
      forwarding: this.forwarding,
      maxPaths: 8,
      held: false,
      events: { endOfRib: () => {}, prefixLimit: () => {}, tableFull: () => {} },
    });
  }

  up(name: string, importPolicies: readonly PolicyConfig[] = [acceptAll], exportPolicies = importPolicies): RouteSink {
    const address = parseAddress(name)!;
    this.rib.setNeighbours([
      {
        name,
        localAs: 64512,
        importPolicies,
        exportPolicies,
        advertise: [],
        refuseDefault: false,
        announcer: undefined,
        prefixLimit: {},
      },
    ]);
    return this.rib.up(name, {
      kind: "external",
      routerId: address.words[0]!,
      address,
      link: undefined,
      families: ["ipv4", "ipv6"],
      kept: [],
      encoding: "external",
      encoder: () => newEncoder(),
      out: {
        send: (_bytes, start, end, written) => {
          this.octets += end - start;
          this.sends++;
          written();
        },
      },
    });
  }

  /** One piece of work on the main thread, as the event loop would see it. */
  piece(work: () => void): void {
    const began = performance.now();
    work();
    this.longestMs = Math.max(this.longestMs, performance.now() - began);
  }

  /** Reads `octets` as a session does, with turns in between, and then turns until nothing is left. */
  read(sink: RouteSink, octets: Buffer): void {
    const reader = readerOf(sink);
    for (let at = 0; at < octets.length; ) {
      this.piece(() => {
        const endMs = performance.now() + READ_MS;
        while (at < octets.length && performance.now() < endMs) {
          const end = Math.min(at + READ_OCTETS, octets.length);
          while (at < end) {
            const length = octets.readUInt16BE(at + 16);
            reader.read(octets, at, at + length);
            at += length;
          }
        }
      });
      this.piece(() => this.clock.turn());
    }
    this.settle();
  }

  settle(): void {
    while (!this.clock.isIdle) this.piece(() => this.clock.turn());
  }
}

function newEncoder(): UpdateEncoder {
  const own = (text: string) => ({ address: parseAddress(text)!, linkLocal: undefined });
  return new UpdateWriter({
    kind: "external",
    localAs: 64512,
    clusterId: 1,
    fourOctetAs: true,
    nextHop: "auto",
    ownNextHops: { ipv4: own("10.0.0.1"), ipv6: own("2001:db8::1") },
    extendedNextHop: false,
    maxMessageOctets: 4096,
  });
}

function readerOf(sink: RouteSink): UpdateReader {
  return new UpdateReader(
    {
      context: 1,
      families: ["ipv4", "ipv6"],
      external: true,
      localAs: 64512,
      remoteAs: 65001,
      fourOctetAs: true,
      extendedNextHop: false,
      routerId: 1,
      clusterId: 1,
      allowOwnAs: 0,
      checkFirstAs: false,
    },
    sink,
  );
}

/** As the daemon does at its start. */
function warm(): void {
  const began = performance.now();
  warmUp({
    codec: new AttributeSetCodec(),
    encoder: newEncoder,
    reader: (sink) => {
      const reader = readerOf(sink);
      return (octets, start, end) => {
        for (let at = start; at < end; ) {
          const length = (octets[at + 16]! << 8) | octets[at + 17]!;
          reader.read(octets, at, at + length);
          at += length;
        }
      };
    },
  });
  console.log(`  warmed up in ${(performance.now() - began).toFixed(0)} ms`);
}

const tables = new Map<string, Table>();
function table(family: Family, size: number): Table {
  const key = `${family} ${size}`;
  const known = tables.get(key) ?? makeTable(family, size);
  tables.set(key, known);
  return known;
}

const telling = (variant: number) => ({
  as: 65001,
  nextHop: `192.0.2.${variant + 1}`,
  nextHop6: [0x20010db8, 0, 0, variant + 1] as const,
  variant,
});

/** Measures one step: time by prefix, longest piece, growth. */
function measure(world: World, what: string, prefixes: number, work: () => void): void {
  world.longestMs = 0;
  const { octets, sends } = world;
  const rssBefore = process.memoryUsage().rss;
  const cpu = process.cpuUsage();
  const began = performance.now();
  work();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const rss = process.memoryUsage().rss - rssBefore;
  const columns = [
    what.padEnd(44),
    `${ms.toFixed(0).padStart(6)} ms`,
    `${((ms * 1e6) / prefixes).toFixed(0).padStart(6)} ns/prefix`,
    `cpu ${(user / 1000).toFixed(0).padStart(5)} + ${(system / 1000).toFixed(0).padStart(4)} ms`,
    `longest ${world.longestMs.toFixed(1).padStart(5)} ms`,
    `${(rss / prefixes).toFixed(0).padStart(5)} B/prefix`,
    `${((world.octets - octets) / 1e6).toFixed(1).padStart(7)} MB in ${world.sends - sends} sends`,
  ];
  console.log(columns.join("  "));
}

type Scenario = (size: number) => void;

const transit =
  (family: Family, policy: PolicyConfig): Scenario =>
  (size) => {
    const routes = table(family, size);
    const input = encodeTable(routes, telling(0));
    const withdrawal = encodeWithdrawal(routes);
    const world = new World();
    warm();
    const sink = world.up("192.0.2.1", [policy]);
    world.up("192.0.2.100", [policy]);
    world.settle();
    measure(world, "in and out", size, () => world.read(sink, input));
    measure(world, "the same again", size, () => world.read(sink, input));
    world.up("192.0.2.101", [policy]);
    measure(world, "dump to a new neighbour", size, () => world.settle());
    world.up("192.0.2.102", [policy], [policy, acceptAll]);
    measure(world, "dump to a new group", size, () => world.settle());
    measure(world, "all withdrawn", size, () => world.read(sink, withdrawal));
    measure(world, "all in again", size, () => world.read(sink, input));
    measure(world, "neighbour lost", size, () => {
      world.rib.down("192.0.2.1", []);
      world.settle();
    });
    console.log(`  left: ${world.rib.sides[family].loc.prefixes.size} prefixes, ${world.rib.attributes.size} sets`);
  };

/** Runs of the first step alone, each in a world of its own: cold, then warm. */
const load: Scenario = (size) => {
  const input = encodeTable(table("ipv4", size), telling(0));
  const nowhere: RouteSink = {
    find: () => 0,
    add: () => 1,
    drop: () => {},
    reach4: () => {},
    reach6: () => {},
    unreach4: () => {},
    unreach6: () => {},
    endOfRib: () => {},
  };
  for (let run = 0; run < 4; run++) {
    const world = new World();
    measure(world, "parsed only", size, () => world.read(nowhere, input));
    const sink = world.up("192.0.2.1");
    world.settle();
    measure(world, "in", size, () => world.read(sink, input));
    const other = new World();
    const sink2 = other.up("192.0.2.1");
    other.up("192.0.2.100");
    other.settle();
    measure(other, "in and out", size, () => other.read(sink2, input));
  }
};

/** A policy that changes every attribute set, put in the place of one that changes none. */
const reform: Scenario = (size) => {
  const input = encodeTable(table("ipv4", size), telling(0));
  const world = new World();
  warm();
  const sink = world.up("192.0.2.1");
  world.up("192.0.2.100");
  world.settle();
  measure(world, "in and out", size, () => world.read(sink, input));
  const name = "192.0.2.1";
  world.rib.setNeighbours([
    {
      name,
      localAs: 64512,
      importPolicies: [tagging],
      exportPolicies: [acceptAll],
      advertise: [],
      refuseDefault: false,
      announcer: undefined,
      prefixLimit: {},
    },
  ]);
  measure(world, "another import policy", size, () => world.settle());
};

const scenarios: Readonly<Record<string, Scenario>> = {
  load,
  reform,
  transit: transit("ipv4", acceptAll),
  transit6: transit("ipv6", acceptAll),
  policy: transit("ipv4", tagging),
  ten: (size) => {
    const world = new World();
    const routes = table("ipv4", size / 10);
    const sinks = Array.from({ length: 10 }, (_, index) => world.up(`192.0.2.${index + 1}`));
    world.up("192.0.2.100");
    world.settle();
    const inputs = sinks.map((_, index) => encodeTable(routes, telling(index)));
    measure(world, "ten neighbours, the same prefixes", size, () => {
      for (const [index, sink] of sinks.entries()) world.read(sink, inputs[index]!);
    });
    measure(world, "one of them lost", size / 10, () => {
      world.rib.down("192.0.2.1", []);
      world.settle();
    });
  },
  many: (size) => {
    const world = new World();
    const routes = table("ipv4", size);
    const sink = world.up("192.0.2.1");
    for (let n = 0; n < 500; n++) world.up(`10.9.${n >>> 8}.${n & 255}`);
    world.settle();
    const input = encodeTable(routes, telling(0));
    measure(world, "one in, 500 out", size, () => world.read(sink, input));
  },
};

const [sizeText = "1000000", ...names] = process.argv.slice(2);
for (const name of names.length > 0 ? names : ["transit"]) {
  console.log(`${name}, ${sizeText} prefixes`);
  scenarios[name]!(Number(sizeText));
}
