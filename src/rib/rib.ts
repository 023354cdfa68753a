import type { OriginatedPrefix, PolicyConfig } from "#config/node-config.ts";
import { bug } from "#lib/bug.ts";
import type { Clock } from "#lib/clock.ts";
import type { Address } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import type { HopSetTable } from "#route/hop-set.ts";
import { Decision } from "./decision.ts";
import { Forwarding } from "./forwarding.ts";
import { LocRib } from "./loc-rib.ts";
import { CLIENT, EXTERNAL, INTERNAL, LOCAL, NeighbourTable } from "./neighbours.ts";
import { Origination } from "./origination.ts";
import type {
  AttributeCodec,
  ForwardingTable,
  NeighbourKind,
  NextHopResolver,
  RouteSink,
  SessionOut,
  UpdateEncoder,
} from "./ports.ts";
import { Retention } from "./retention.ts";
import { Sink } from "./sink.ts";
import { SlabPool } from "./slab.ts";
import { AttributeTable } from "./table/attribute-table.ts";
import { defaultLimits, type RibLimits } from "./table/limits.ts";
import { NextHopTable } from "./table/next-hop-table.ts";
import { PathTable } from "./table/path-table.ts";
import { PrefixTable4 } from "./table/prefix-table-4.ts";
import { PrefixTable6 } from "./table/prefix-table-6.ts";
import { Turns } from "./turns.ts";
import { UpdateBatch } from "./update-batch.ts";
import { type Member, UpdateGroup } from "./update-group.ts";

/** What the daemon hands the RIB. */
export interface RibParts {
  readonly clock: Clock;
  /** 32 random bits: keys of the hash tables. */
  readonly seed: number;
  readonly routerId: number;
  /** What policies prepend. */
  readonly localAs: number;
  readonly codec: AttributeCodec;
  readonly resolver: NextHopResolver;
  readonly hopSets: HopSetTable;
  /** undefined: nothing is installed anywhere. */
  readonly forwarding: ForwardingTable | undefined;
  /** Most equal paths in one route. */
  readonly maxPaths: number;
  /** Only own prefixes are told until `release` (RFC 4724 §4.1). */
  readonly held: boolean;
  readonly limits?: Partial<RibLimits>;
  readonly events: RibEvents;
}

export interface RibEvents {
  /** The neighbour has sent all it had. */
  endOfRib(neighbour: string, family: Family): void;
  /** The neighbour told more prefixes than it may: its session should end (RFC 4486 §4). */
  prefixLimit(neighbour: string, family: Family, prefixes: number): void;
}

/** What is configured about a neighbour. */
export interface NeighbourConfig {
  readonly name: string;
  /** Tried in order. */
  readonly importPolicies: readonly PolicyConfig[];
  readonly exportPolicies: readonly PolicyConfig[];
  /** Kinds of own prefixes that go out before any export policy is asked. */
  readonly advertise: readonly OriginatedPrefix["from"][];
  /** A default route from it is never selected. */
  readonly refuseDefault: boolean;
  readonly prefixLimit: Readonly<Partial<Record<Family, number>>>;
}

/** What a session brings. */
export interface NeighbourSession {
  readonly kind: Exclude<NeighbourKind, "local">;
  readonly routerId: number;
  readonly address: Address;
  /** Interface index of the session where it is known. */
  readonly link: number | undefined;
  readonly families: readonly Family[];
  /** Families whose routes the neighbour kept: ours of it stay, stale, until it tells them again. */
  readonly kept: readonly Family[];
  /** Equal for sessions to which the same UPDATEs can be sent. */
  readonly encoding: string;
  /** A new encoder for such sessions. */
  encoder(): UpdateEncoder;
  readonly out: SessionOut;
}

interface Membership {
  readonly group: UpdateGroup;
  readonly member: Member;
}

interface Neighbour {
  readonly id: number;
  config: NeighbourConfig;
  session: NeighbourSession | undefined;
  sink: Sink | undefined;
  readonly memberships: Map<Family, Membership>;
}

/** What there is once per family. */
interface FamilySide {
  readonly loc: LocRib;
  readonly retention: Retention;
  readonly forwarding: Forwarding | undefined;
  readonly batch: UpdateBatch;
  groups: UpdateGroup[];
  held: boolean;
}

/** Adj-RIBs-In, Loc-RIB and what each neighbour is told, for both families. */
export class Rib {
  readonly #parts: RibParts;
  readonly #limits: RibLimits;
  readonly #turns: Turns;
  readonly #neighbours: NeighbourTable;
  readonly #nextHops: NextHopTable;
  readonly #attributes: AttributeTable;
  readonly #pool = new SlabPool();
  readonly #sides: Readonly<Record<Family, FamilySide>>;
  readonly #origination: Origination;
  readonly #byName = new Map<string, Neighbour>();
  readonly #byId: (Neighbour | undefined)[] = [];

  constructor(parts: RibParts) {
    this.#parts = parts;
    this.#limits = { ...defaultLimits, ...parts.limits };
    this.#turns = new Turns(parts.clock);
    this.#neighbours = new NeighbourTable(this.#limits.neighbours);
    this.#neighbours.set(LOCAL, "local", parts.routerId, 0, { family: "ipv4", words: [0] });
    this.#nextHops = new NextHopTable(parts.resolver, parts.hopSets, () => undefined);
    const { attributeSets, attributeOctets } = this.#limits;
    this.#attributes = new AttributeTable(attributeSets, attributeOctets, parts.seed, this.#nextHops);
    this.#sides = { ipv4: this.#side("ipv4"), ipv6: this.#side("ipv6") };
    const { ipv4, ipv6 } = this.#sides;
    this.#origination = new Origination(parts.codec, this.#attributes, { ipv4: ipv4.loc, ipv6: ipv6.loc });
  }

  #side(family: Family): FamilySide {
    const { seed, forwarding, hopSets, maxPaths, held } = this.#parts;
    const maxPrefixes = this.#maxPrefixes(family);
    const maxPaths_ = family === "ipv4" ? this.#limits.paths4 : this.#limits.paths6;
    const prefixes = family === "ipv4" ? new PrefixTable4(maxPrefixes, seed) : new PrefixTable6(maxPrefixes, seed);
    const paths = new PathTable(family, maxPaths_, this.#limits.neighbours);
    const [attributes, nextHops, neighbours, turns] = [this.#attributes, this.#nextHops, this.#neighbours, this.#turns];
    const decision = new Decision(paths, attributes, nextHops, neighbours);
    const loc = new LocRib({ family, prefixes, paths, attributes, decision, neighbours, turns });
    const retention = new Retention(loc, turns);
    const batch = new UpdateBatch(loc, neighbours, this.#limits.attributeSets);
    const consumer =
      forwarding && new Forwarding({ loc, nextHops, hopSets, table: forwarding, turns, maxPrefixes, maxPaths });
    return { loc, retention, batch, forwarding: consumer, groups: [], held };
  }

  #maxPrefixes(family: Family): number {
    return family === "ipv4" ? this.#limits.prefixes4 : this.#limits.prefixes6;
  }

  /** Makes a neighbour known, or changes what is configured about it. */
  setNeighbour(config: NeighbourConfig): void {
    const known = this.#byName.get(config.name);
    if (known !== undefined) {
      known.config = config;
      return;
    }
    const neighbour: Neighbour = {
      id: this.#takeId(),
      config,
      session: undefined,
      sink: undefined,
      memberships: new Map(),
    };
    this.#byName.set(config.name, neighbour);
    this.#byId[neighbour.id] = neighbour;
  }

  /** Forgets a neighbour and its routes. */
  removeNeighbour(name: string): void {
    const neighbour = this.#byName.get(name);
    if (neighbour === undefined) return;
    this.down(name, []);
    this.#byName.delete(name);
    this.#byId[neighbour.id] = undefined;
  }

  /** The lowest number that no path and no record of what was told refers to. */
  #takeId(): number {
    for (let id = LOCAL + 1; id < this.#limits.neighbours; id++) {
      if (this.#byId[id] === undefined && families.every((family) => this.#isUnused(family, id))) return id;
    }
    return bug(`more than ${this.#limits.neighbours} neighbours`);
  }

  #isUnused(family: Family, id: number): boolean {
    const { loc, groups } = this.#sides[family];
    return loc.paths.countOf(id) === 0 && groups.every((group) => !group.tellsOf(id));
  }

  /** The session is up. @returns where its routes go */
  up(name: string, session: NeighbourSession): RouteSink {
    const neighbour = this.#named(name);
    if (neighbour.session !== undefined) this.down(name, session.kept);
    const { id, config } = neighbour;
    neighbour.session = session;
    this.#neighbours.set(id, session.kind, session.routerId, session.link ?? 0, session.address);
    for (const family of families) {
      const isKept = session.families.includes(family) && session.kept.includes(family);
      if (!isKept) this.#sides[family].retention.drop(id);
    }
    for (const family of session.families) this.#join(neighbour, session, family);
    const { ipv4, ipv6 } = this.#sides;
    neighbour.sink = new Sink({
      neighbour: id,
      from: session.kind === "external" ? "external" : "internal",
      attributes: this.#attributes,
      loc4: ipv4.loc,
      loc6: ipv6.loc,
      limit4: config.prefixLimit.ipv4 ?? 0,
      limit6: config.prefixLimit.ipv6 ?? 0,
      refuseDefault: config.refuseDefault,
      events: {
        endOfRib: (family) => this.#parts.events.endOfRib(name, family),
        limitExceeded: (family, prefixes) => this.#parts.events.prefixLimit(name, family, prefixes),
      },
    });
    return neighbour.sink;
  }

  #join(neighbour: Neighbour, session: NeighbourSession, family: Family): void {
    const side = this.#sides[family];
    const kind = { external: EXTERNAL, internal: INTERNAL, client: CLIENT }[session.kind];
    const key = `${kind} ${session.encoding}`;
    side.groups = side.groups.filter((group) => !group.isClosed);
    let group = side.groups.find(({ rules }) => rules.key === key);
    if (group === undefined) {
      group = new UpdateGroup(
        {
          loc: side.loc,
          neighbours: this.#neighbours,
          pool: this.#pool,
          turns: this.#turns,
          batch: side.batch,
          maxPrefixes: this.#maxPrefixes(family),
        },
        { key, kind, encoder: session.encoder(), exporter: undefined },
        side.held,
      );
      side.groups.push(group);
    }
    neighbour.memberships.set(family, { group, member: group.join(neighbour.id, session.out) });
  }

  /** The session is down: routes of `retained` stay, as stale ones; all others go. */
  down(name: string, retained: readonly Family[]): void {
    const neighbour = this.#named(name);
    neighbour.session = undefined;
    neighbour.sink?.close();
    neighbour.sink = undefined;
    for (const { group, member } of neighbour.memberships.values()) group.leave(member);
    neighbour.memberships.clear();
    for (const family of families) {
      const { retention } = this.#sides[family];
      if (retained.includes(family)) retention.retain(neighbour.id);
      else retention.drop(neighbour.id);
    }
  }

  /** What is still stale goes: after End-of-RIB, or when its time is over. */
  sweep(name: string, family: Family): void {
    this.#sides[family].retention.sweep(this.#named(name).id);
  }

  /** All routes of `family` become stale: the neighbour begins to send them again (RFC 7313 §4). */
  markStale(name: string, family: Family): void {
    this.#sides[family].retention.markStale(this.#named(name).id);
  }

  /** The neighbour wants everything again (RFC 2918), between BoRR and EoRR where `enhanced` (RFC 7313). */
  refresh(name: string, family: Family, enhanced: boolean): void {
    const membership = this.#named(name).memberships.get(family);
    membership?.group.refresh(membership.member, enhanced);
  }

  /** The restart deferral of `family` is over: routes of neighbours are told too, then End-of-RIB. */
  release(family: Family): void {
    this.#sides[family].held = false;
    for (const group of this.#sides[family].groups) group.release();
  }

  /** What the node itself originates, all of it. */
  originate(prefixes: readonly OriginatedPrefix[]): void {
    this.#origination.set(prefixes);
  }

  #named(name: string): Neighbour {
    return this.#byName.get(name) ?? bug(`no neighbour ${name}`);
  }

  /** Ends all work. */
  stop(): void {
    this.#turns.stop();
  }
}
