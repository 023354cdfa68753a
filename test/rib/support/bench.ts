import type { OriginatedPrefix, PolicyConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { NeighbourConfig, NeighbourSession } from "#rib/neighbour.ts";
import type { RouteSink } from "#rib/ports.ts";
import { Rib, type RibParts } from "#rib/rib.ts";
import { parseAddress } from "#route/address.ts";
import { LOOPED } from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import { HopSetTable } from "#route/hop-set.ts";
import { parsePrefix } from "#route/prefix.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { factsOf, JsonEncoder, jsonCodec, octetsOf } from "./codec.ts";
import { Ear, FakeForwarding, FakeResolver } from "./wires.ts";

const LOCAL_AS = 64512;

export const smallLimits = {
  prefixes4: 5000,
  prefixes6: 5000,
  paths4: 20_000,
  paths6: 20_000,
  attributeSets: 2000,
  attributeOctets: 2_000_000,
  neighbours: 64,
};

export const plain: Attributes = {
  origin: 0,
  asPath: [],
  nextHop: undefined,
  linkLocalNextHop: undefined,
  med: undefined,
  localPref: undefined,
  atomicAggregate: false,
  aggregator: undefined,
  communities: [],
  originatorId: undefined,
  clusterList: [],
  extendedCommunities: [],
  largeCommunities: [],
  unknown: [],
};

export const address = (text: string) => parseAddress(text)!;

/** Attributes with an AS path as a sequence. */
export const attributes = (asPath: number[], nextHop: string, rest: Partial<Attributes> = {}): Attributes => ({
  ...plain,
  asPath: asPath.length === 0 ? [] : [{ kind: "sequence", members: asPath }],
  nextHop: address(nextHop),
  ...rest,
});

export const own = (prefix: string, rest: Partial<OriginatedPrefix> = {}): OriginatedPrefix => ({
  prefix: parsePrefix(prefix)!,
  from: "podCIDR",
  source: "node/n1",
  blackhole: true,
  communities: [],
  largeCommunities: [],
  localPref: undefined,
  ...rest,
});

export const acceptAll: PolicyConfig = {
  name: "accept-all",
  statements: [{ match: {}, set: {}, action: "accept" }],
};

/** A RIB with everything around it, and neighbours to speak with. */
export class Bench {
  readonly time = new FakeClock();
  readonly clock = new TurnClock(this.time);
  readonly resolver = new FakeResolver();
  readonly hopSets = new HopSetTable();
  readonly forwarding = new FakeForwarding(this.hopSets);
  readonly events: string[] = [];
  readonly rib: Rib;

  constructor(parts: Partial<RibParts> = {}) {
    this.rib = new Rib({
      clock: this.clock,
      seed: 0x12345678,
      routerId: 0x0a000001,
      codec: jsonCodec,
      resolver: this.resolver,
      hopSets: this.hopSets,
      forwarding: this.forwarding,
      maxPaths: 8,
      held: false,
      limits: smallLimits,
      events: {
        endOfRib: (name, family) => this.events.push(`end of rib ${name} ${family}`),
        prefixLimit: (name, family, count) => this.events.push(`limit ${name} ${family} ${count}`),
        tableFull: (name, { message }) => this.events.push(`full ${name}: ${message}`),
      },
      ...parts,
    });
  }

  /** A neighbour by its address, up at once. */
  neighbour(text: string, kind: NeighbourSession["kind"], rest: NeighbourOptions = {}): TestNeighbour {
    return new TestNeighbour(this, text, kind, rest);
  }

  /** Turns until nothing is left to do, time passing where somebody waits for it. */
  settle(): void {
    for (let round = 0; round < 10; round++) {
      while (this.clock.turn());
      this.time.advance(50);
    }
    while (this.clock.turn());
  }

  turns(count: number): void {
    for (let turn = 0; turn < count; turn++) this.clock.turn();
  }
}

/** Time that passes by one millisecond each time somebody looks, so that turns are short; `soon` waits for `turn`. */
class TurnClock implements Clock {
  readonly #time: FakeClock;
  #looks = 0;
  #soon: (() => void)[] = [];

  constructor(time: FakeClock) {
    this.#time = time;
  }

  nowMs(): number {
    return this.#time.nowMs() + this.#looks++;
  }

  wallMs(): number {
    return this.#time.wallMs();
  }

  after(delayMs: number, then: () => void): Timer {
    return this.#time.after(delayMs, then);
  }

  soon(then: () => void): void {
    this.#soon.push(then);
  }

  /** @returns whether there was anything to do */
  turn(): boolean {
    const due = this.#soon.splice(0);
    for (const then of due) then();
    return due.length > 0;
  }
}

export interface NeighbourOptions {
  readonly config?: Partial<NeighbourConfig>;
  readonly session?: Partial<NeighbourSession>;
}

export class TestNeighbour {
  readonly name: string;
  readonly kind: NeighbourSession["kind"];
  ear = new Ear();
  sink: RouteSink;
  readonly #bench: Bench;
  readonly #options: NeighbourOptions;
  #config: NeighbourConfig;

  constructor(bench: Bench, text: string, kind: NeighbourSession["kind"], options: NeighbourOptions) {
    this.#bench = bench;
    this.#options = options;
    this.name = text;
    this.kind = kind;
    const policies = kind === "external" ? [acceptAll] : [];
    this.#config = {
      name: text,
      localAs: LOCAL_AS,
      importPolicies: policies,
      exportPolicies: policies,
      advertise: [],
      refuseDefault: false,
      announcer: undefined,
      prefixLimit: {},
    };
    this.configure(options.config ?? {});
    this.sink = this.up();
  }

  /** Changes what is configured. */
  configure(change: Partial<NeighbourConfig>): void {
    this.#config = { ...this.#config, ...change };
    this.#bench.rib.setNeighbours([this.#config]);
  }

  /** A new session with an ear of its own. */
  up(kept: readonly Family[] = []): RouteSink {
    this.ear = new Ear();
    const [routerId = 0] = address(this.name).words.slice(-1);
    this.sink = this.#bench.rib.up(this.name, {
      kind: this.kind,
      routerId,
      address: address(this.name),
      link: undefined,
      families: ["ipv4", "ipv6"],
      kept,
      encoding: this.kind,
      encoder: () => new JsonEncoder(),
      out: this.ear,
      ...this.#options.session,
    });
    return this.sink;
  }

  /** The session ends; what it had still to write counts as written, as `SessionOut` demands. */
  down(retained: readonly Family[] = []): void {
    this.#bench.rib.down(this.name, retained);
    this.ear.isSlow = false;
    this.ear.take();
  }

  announce(prefixes: string | readonly string[], set: Attributes): void {
    const octets = octetsOf(set);
    const context = this.kind === "external" ? 1 : 2;
    const facts = factsOf(set);
    if (set.asPath.some(({ members }) => members.includes(LOCAL_AS))) facts.flags |= LOOPED;
    const number =
      this.sink.find(context, octets, 0, octets.length) || this.sink.add(context, octets, 0, octets.length, facts);
    for (const text of [prefixes].flat()) {
      const { family, words, length } = parsePrefix(text)!;
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
      if (family === "ipv4") this.sink.reach4(w0, length, number);
      else this.sink.reach6(w0, w1, w2, w3, length, number);
    }
    this.sink.drop(number);
  }

  withdraw(...prefixes: string[]): void {
    for (const text of prefixes) {
      const { family, words, length } = parsePrefix(text)!;
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
      if (family === "ipv4") this.sink.unreach4(w0, length);
      else this.sink.unreach6(w0, w1, w2, w3, length);
    }
  }
}
