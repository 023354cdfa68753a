import type { Clock } from "#lib/clock.ts";
import { type AttributeFacts, emptyFacts } from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";
import { HopSetTable } from "#route/hop-set.ts";
import type { NeighbourSession } from "./neighbour.ts";
import type { AttributeCodec, RouteSink, UpdateEncoder } from "./ports.ts";
import { Rib } from "./rib.ts";

export interface WarmUpParts {
  readonly codec: AttributeCodec;
  /** A new encoder, as sessions with external neighbours have them. */
  encoder(): UpdateEncoder;
  /** Reads whole messages into a sink, as sessions with external neighbours do. */
  reader(sink: RouteSink): (octets: Uint8Array, start: number, end: number) => void;
}

/** Attribute sets that are told, each with four prefixes. */
const SETS = 1500;
/** As often as V8 needs to have the hot functions compiled for good. */
const ROUNDS = 3;

/** A RIB small enough to be forgotten at once. */
const limits = {
  prefixes4: 8192,
  prefixes6: 8192,
  paths4: 32_768,
  paths6: 32_768,
  attributeSets: 16_384,
  attributeOctets: 2 << 20,
  neighbours: 8,
};

const everything = { name: "everything", statements: [{ match: {}, set: {}, action: "accept" as const }] };

/**
 * Runs a table of made-up routes through a RIB of its own, in, out and away again, so that the code is compiled before the
 * first real table comes, which would stall otherwise. Takes about 100 ms; for the time before sessions are opened.
 */
export function warmUp(parts: WarmUpParts): void {
  const clock = new HastyClock();
  const rib = new Rib({
    codec: parts.codec,
    clock,
    seed: 1,
    routerId: 1,
    resolver: { resolve: (gateway) => ({ metric: 0, hops: [{ gateway, link: 1, weight: 1, onlink: false }] }) },
    hopSets: new HopSetTable(),
    forwarding: {
      set4: () => {},
      set6: () => {},
      clear4: () => {},
      clear6: () => {},
      setBackup: () => {},
      foresee: () => {},
      whenTried: (then) => then(),
    },
    maxPaths: 2,
    held: false,
    limits,
    events: { endOfRib: () => {}, prefixLimit: () => {}, tableFull: () => {} },
  });
  const told: Uint8Array[] = [];
  const [first, second] = ["first", "second", "listener"].map((name, index) => {
    rib.setNeighbours([
      {
        name,
        localAs: 64512,
        importPolicies: [everything],
        exportPolicies: [everything],
        advertise: [],
        refuseDefault: false,
        announcer: undefined,
        prefixLimit: {},
      },
    ]);
    return rib.up(
      name,
      sessionOf(index + 1, parts, (octets) => index === 2 && told.push(octets)),
    );
  }) as [RouteSink, RouteSink];
  const sets = Array.from({ length: SETS }, (_, index) => encode(parts.codec, index));
  let read = parts.reader(second);
  for (let round = 0; round < ROUNDS; round++) {
    tell(first, sets, round);
    clock.run();
    for (const octets of told.splice(0)) read(octets, 0, octets.length);
    clock.run();
    for (let set = 0; set < SETS; set += 2) withdraw(first, set);
    clock.run();
    rib.down("second", []);
    clock.run();
    read = parts.reader(
      rib.up(
        "second",
        sessionOf(2, parts, () => {}),
      ),
    );
  }
  rib.stop();
}

/** Time stands still; turns run when asked. */
class HastyClock implements Clock {
  #soon: (() => void)[] = [];
  nowMs = (): number => 0;
  wallMs = (): number => 0;
  after = (): { cancel: () => void } => ({ cancel: () => {} });

  soon(then: () => void): void {
    this.#soon.push(then);
  }

  run(): void {
    while (this.#soon.length > 0) for (const then of this.#soon.splice(0)) then();
  }
}

function sessionOf(number: number, parts: WarmUpParts, hear: (octets: Uint8Array) => void): NeighbourSession {
  return {
    kind: "external",
    routerId: number,
    address: { family: "ipv4", words: [0xc0000200 + number] },
    link: undefined,
    families: ["ipv4", "ipv6"],
    kept: [],
    encoding: "warm-up",
    encoder: () => parts.encoder(),
    out: {
      send: (bytes, start, end, written) => {
        hear(bytes.slice(start, end));
        written();
      },
    },
  };
}

interface EncodedSet {
  readonly octets: Uint8Array;
  readonly facts: AttributeFacts;
}

function encode(codec: AttributeCodec, index: number): EncodedSet {
  const attributes: Attributes = {
    origin: 0,
    asPath: [{ kind: "sequence", members: [65001, 65002 + (index % 7), 100_000 + index] }],
    nextHop:
      index % 5 === 0 ? { family: "ipv6", words: [0x20010db8, 0, 0, 1] } : { family: "ipv4", words: [0xc0000201] },
    linkLocalNextHop: undefined,
    med: index % 3 === 0 ? index : undefined,
    localPref: undefined,
    atomicAggregate: false,
    aggregator: undefined,
    communities: [index, index + 1],
    originatorId: undefined,
    clusterList: [],
    extendedCommunities: [],
    largeCommunities: [],
    unknown: [],
  };
  const facts = emptyFacts();
  return { octets: codec.encode(attributes, facts), facts };
}

/** Contexts differ by round, so that sets are new each time. */
function tell(sink: RouteSink, sets: readonly EncodedSet[], round: number): void {
  for (const [index, { octets, facts }] of sets.entries()) {
    const context = 1 + (round & 1);
    const known = sink.find(context, octets, 0, octets.length);
    const set = known === 0 ? sink.add(context, octets, 0, octets.length, facts) : known;
    for (let n = 0; n < 4; n++) {
      if (index % 5 === 0) sink.reach6(0x20010db8, (index << 18) >>> 0, n << 16, 0, 64, set);
      else sink.reach4((0x0a000000 + index * 1024 + n * 256) >>> 0, 24, set);
    }
    sink.drop(set);
  }
}

function withdraw(sink: RouteSink, index: number): void {
  for (let n = 0; n < 4; n++) {
    if (index % 5 === 0) sink.unreach6(0x20010db8, (index << 18) >>> 0, n << 16, 0, 64);
    else sink.unreach4((0x0a000000 + index * 1024 + n * 256) >>> 0, 24);
  }
}
