import type { BlockOwner, OriginatedPrefix } from "#config/node-config.ts";
import { bug } from "#lib/bug.ts";
import type { Clock } from "#lib/clock.ts";
import { finish, mapSteps, type Steps } from "#lib/steps.ts";
import type { Address } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import type { HopSetTable } from "#route/hop-set.ts";
import type { Prefix } from "#route/prefix.ts";
import { FamilySide } from "./family-side.ts";
import type { ForwardingSettings } from "./forwarding.ts";
import { Inbox } from "./inbox.ts";
import type { NeighbourConfig, NeighbourSession, SessionWords } from "./neighbour.ts";
import { NeighbourNumbers } from "./neighbour-numbers.ts";
import { CLIENT, EXTERNAL, INTERNAL, LOCAL, NeighbourTable } from "./neighbours.ts";
import { NextHopTracking, resolveThroughRib } from "./next-hop-tracking.ts";
import { Origination } from "./origination.ts";
import type { DrainStage, PolicyScope } from "./policy.ts";
import type { AttributeCodec, ForwardingTable, NextHopResolver, RouteSink } from "./ports.ts";
import { scopeKey } from "./programs.ts";
import { Sink } from "./sink.ts";
import { SlabPool } from "./slab.ts";
import { AttributeTable } from "./table/attribute-table.ts";
import { defaultLimits, type RibLimits, type TableFull } from "./table/limits.ts";
import { NextHopTable } from "./table/next-hop-table.ts";
import { Turns } from "./turns.ts";
import type { Audience } from "./update-groups.ts";

/** What the daemon hands the RIB. */
export interface RibParts {
  readonly clock: Clock;
  /** 32 random bits: keys of the hash tables. */
  readonly seed: number;
  readonly routerId: number;
  readonly codec: AttributeCodec;
  readonly resolver: NextHopResolver;
  readonly hopSets: HopSetTable;
  /** undefined: nothing is installed anywhere. */
  readonly forwarding: ForwardingTable | undefined;
  /** Most equal paths in one route, until `reconfigureForwarding`; 1 turns multipath off. */
  readonly maxPaths: number;
  /** Only own prefixes are told until `release` (RFC 4724 §4.1). */
  readonly held: boolean;
  readonly limits?: Partial<RibLimits>;
  readonly events: RibEvents;
}

interface RibEvents {
  /** The neighbour has sent all it had. */
  endOfRib(neighbour: string, family: Family): void;
  /** The neighbour told more prefixes than it may: its session should end (RFC 4486 §4). Said once a session. */
  prefixLimit(neighbour: string, family: Family, prefixes: number): void;
  /** There is no room for what the neighbour tells: its session should end (RFC 4486 §4, Out of Resources). */
  tableFull(neighbour: string, error: TableFull): void;
  /** The neighbour tells a prefix of a block that is another node's: it is not selected. Said once for each. */
  foreignOrigin?(neighbour: string, prefix: Prefix, owner: BlockOwner): void;
}

/** A neighbour that was made known. */
export interface Neighbour {
  readonly id: number;
  readonly config: NeighbourConfig;
  readonly session: NeighbourSession | undefined;
}

interface NeighbourState extends Neighbour {
  config: NeighbourConfig;
  session: NeighbourSession | undefined;
  /** Of the last session: its stale routes are judged by it. */
  kind: NeighbourSession["kind"] | undefined;
  sink: Sink | undefined;
  exports: ScopeWithKey | undefined;
}

/** Which export policies a neighbour has, worked out once: for as long as what it comes from is the same. */
interface ScopeWithKey {
  readonly config: NeighbourConfig;
  readonly scope: PolicyScope;
  readonly key: string;
}

const kindCodes = { external: EXTERNAL, internal: INTERNAL, client: CLIENT } as const;

/**
 * Adj-RIBs-In, Loc-RIB and what each neighbour is told, for both families: the one door to this module. Calls return at
 * once; work that can be long is done in later turns.
 */
export class Rib {
  /*
   * The tables are open to `RibView`, which reads them; all changes go through the methods.
   */
  readonly parts: RibParts;
  readonly limits: RibLimits;
  readonly turns: Turns;
  readonly neighbours: NeighbourTable;
  readonly nextHops: NextHopTable;
  readonly attributes: AttributeTable;
  readonly pool: SlabPool = new SlabPool();
  readonly sides: Readonly<Record<Family, FamilySide>>;
  /** Most equal paths in one route. */
  maxPaths: number;
  readonly #tracking: NextHopTracking;
  readonly #origination: Origination;
  readonly #inbox: Inbox;
  readonly #byName = new Map<string, NeighbourState>();
  readonly #byId: (NeighbourState | undefined)[] = [];
  #drain: DrainStage = "off";
  readonly #numbers: NeighbourNumbers;

  constructor(parts: RibParts) {
    this.parts = parts;
    this.maxPaths = parts.maxPaths;
    this.limits = { ...defaultLimits, ...parts.limits };
    this.turns = new Turns(parts.clock);
    this.#inbox = new Inbox(this.turns);
    this.neighbours = new NeighbourTable(this.limits.neighbours);
    this.neighbours.set(LOCAL, "local", parts.routerId, 0, { family: "ipv4", words: [0] });
    this.nextHops = new NextHopTable(parts.resolver, parts.hopSets, (address) => this.#recurse(address));
    const { attributeSets, attributeOctets } = this.limits;
    this.attributes = new AttributeTable(attributeSets, attributeOctets, parts.seed, this.nextHops);
    const side = (family: Family): FamilySide => new FamilySide(family, { ...parts, ...this.#shared() });
    this.sides = { ipv4: side("ipv4"), ipv6: side("ipv6") };
    this.#numbers = new NeighbourNumbers(this.limits.neighbours, (id) =>
      families.every((family) => this.sides[family].isUnused(id)),
    );
    const { ipv4, ipv6 } = this.sides;
    this.attributes.onFree = (set) => {
      ipv4.programs.forget(set);
      ipv6.programs.forget(set);
    };
    this.#tracking = new NextHopTracking(this.nextHops, [ipv4.loc, ipv6.loc], this.turns);
    const locs = { ipv4: ipv4.loc, ipv6: ipv6.loc };
    this.#origination = new Origination(parts.codec, this.attributes, locs, this.turns);
  }

  #shared() {
    const { limits, turns, neighbours, nextHops, attributes, pool } = this;
    const foreignOrigin = (id: number, prefix: Prefix, owner: BlockOwner): void =>
      this.parts.events.foreignOrigin?.(this.#byId[id]?.config.name ?? "", prefix, owner);
    return { limits, turns, neighbours, nextHops, attributes, pool, foreignOrigin };
  }

  #recurse(address: Address) {
    const { ipv4, ipv6 } = this.sides;
    return resolveThroughRib(address, { ipv4: ipv4.loc, ipv6: ipv6.loc }, this.nextHops);
  }

  /** Makes neighbours known, or changes what is configured about them; no session is reset. */
  setNeighbours(configs: readonly NeighbourConfig[]): void {
    finish(this.setNeighboursSteps(configs));
  }

  /** The same with pauses. Between two of them a neighbour may already have its new import policies, and its old export ones. */
  *setNeighboursSteps(configs: readonly NeighbourConfig[]): Steps<void> {
    const set = yield* mapSteps(configs, (config) => this.#setNeighbour(config));
    yield* this.#applyPolicies(set.filter(({ kind }) => kind !== undefined));
  }

  #setNeighbour(config: NeighbourConfig): NeighbourState {
    const known = this.#byName.get(config.name);
    if (known !== undefined) {
      known.config = config;
      known.sink?.setLimits(config.prefixLimit);
      return known;
    }
    const id = this.#numbers.take() ?? bug(`more than ${this.limits.neighbours} neighbours`);
    const [session, kind, sink, exports] = [undefined, undefined, undefined, undefined];
    const added: NeighbourState = { id, config, session, kind, sink, exports };
    this.#byName.set(config.name, added);
    this.#byId[id] = added;
    return added;
  }

  /** Groups part and change as a whole, or each neighbour would get one of its own: that is done in one go. */
  *#applyPolicies(changed: readonly NeighbourState[]): Steps<void> {
    if (changed.length === 0) return;
    for (const family of families) {
      const side = this.sides[family];
      yield* mapSteps(changed, (neighbour) => {
        const { id, config, kind } = neighbour;
        side.setImporter(id, side.programs.get(this.#scope("import", config, kind!)), config);
        this.#exportsOf(neighbour, kind!);
      });
      const exports = new Map<number, Pick<Audience, "policy" | "exporter">>();
      for (const neighbour of changed) {
        const { scope, key } = this.#exportsOf(neighbour, neighbour.kind!);
        exports.set(neighbour.id, { policy: key, exporter: side.programs.get(scope, key) });
      }
      side.groups.change(exports);
      side.prune();
      yield;
    }
  }

  #exportsOf(neighbour: NeighbourState, kind: NeighbourSession["kind"]): ScopeWithKey {
    const { config, exports: known } = neighbour;
    const external = kind === "external";
    if (known?.config === config && known.scope.external === external && known.scope.drain === this.#drain)
      return known;
    const scope = this.#scope("export", config, kind);
    const exports = { config, scope, key: scopeKey(scope) };
    neighbour.exports = exports;
    return exports;
  }

  #scope(direction: "import" | "export", config: NeighbourConfig, kind: NeighbourSession["kind"]): PolicyScope {
    const isImport = direction === "import";
    return {
      direction,
      external: kind === "external",
      policies: isImport ? config.importPolicies : config.exportPolicies,
      advertise: isImport ? [] : config.advertise,
      localAs: config.localAs,
      drain: isImport ? "off" : this.#drain,
    };
  }

  /** The node leaves, or comes back: what neighbours were told is worded anew, or withdrawn. */
  setDrain(stage: DrainStage): void {
    if (stage === this.#drain) return;
    this.#drain = stage;
    finish(this.#applyPolicies([...this.#byName.values()].filter(({ kind }) => kind !== undefined)));
  }

  /** Forgets a neighbour and its routes. */
  removeNeighbour(name: string): void {
    const neighbour = this.#byName.get(name);
    if (neighbour === undefined) return;
    this.down(name, []);
    this.#byName.delete(name);
    this.#byId[neighbour.id] = undefined;
    this.#numbers.giveBack(neighbour.id);
  }

  /** The session is up. @returns where its routes go */
  up(name: string, session: NeighbourSession): RouteSink {
    const neighbour = this.#named(name);
    if (neighbour.session !== undefined) this.down(name, session.kept);
    const { id, config } = neighbour;
    neighbour.session = session;
    neighbour.kind = session.kind;
    this.neighbours.set(id, session.kind, session.routerId, session.link ?? 0, session.address);
    for (const family of families) {
      const side = this.sides[family];
      if (!session.families.includes(family) || !session.kept.includes(family)) side.retention.drop(id);
      side.setImporter(id, side.programs.get(this.#scope("import", config, session.kind)), config);
      side.loc.tally.reset(id);
      if (session.families.includes(family)) this.#join(neighbour, session, side);
      side.prune();
    }
    neighbour.sink = new Sink({
      neighbour: id,
      from: session.kind === "external" ? "external" : "internal",
      attributes: this.attributes,
      inbox: this.#inbox,
      loc4: this.sides.ipv4.loc,
      loc6: this.sides.ipv6.loc,
      limits: config.prefixLimit,
      events: {
        endOfRib: (family) => this.parts.events.endOfRib(name, family),
        limitExceeded: (family, prefixes) => this.parts.events.prefixLimit(name, family, prefixes),
        full: (error) => this.parts.events.tableFull(name, error),
      },
    });
    return neighbour.sink;
  }

  /** Sessions go on, and are told routes in other words, or other routes: who reflects for whom changed, or our addresses. */
  reword(sessions: ReadonlyMap<string, SessionWords>): void {
    const reworded = Array.from(sessions, ([name, words]) => ({ neighbour: this.#named(name), words }));
    const isTurned = reworded.some(({ neighbour: { kind }, words }) => kind !== words.kind);
    for (const { neighbour, words } of reworded) {
      if (neighbour.session === undefined) bug(`${neighbour.config.name} has no session`);
      neighbour.session = { ...neighbour.session, ...words };
      neighbour.kind = words.kind;
      this.neighbours.turn(neighbour.id, words.kind);
    }
    for (const family of families) {
      const side = this.sides[family];
      side.groups.change(
        new Map(
          reworded.map(({ neighbour, words }) => {
            return [neighbour.id, this.#audience(neighbour, words, side)];
          }),
        ),
      );
      if (isTurned) side.groups.review(); // others may now be told their routes, or no longer
      side.prune();
    }
  }

  #join(neighbour: NeighbourState, session: NeighbourSession, side: FamilySide): void {
    side.groups.join(neighbour.id, session.out, this.#audience(neighbour, session, side));
  }

  #audience(neighbour: NeighbourState, { kind, encoding, encoder }: SessionWords, side: FamilySide): Audience {
    const { scope, key } = this.#exportsOf(neighbour, kind);
    return { kind: kindCodes[kind], encoding, policy: key, exporter: side.programs.get(scope, key), encoder };
  }

  /** The session is down: routes of `retained` stay, as stale ones; all others go. */
  down(name: string, retained: readonly Family[]): void {
    const neighbour = this.#named(name);
    neighbour.session = undefined;
    neighbour.sink?.close();
    neighbour.sink = undefined;
    for (const family of families) {
      const side = this.sides[family];
      side.groups.leave(neighbour.id);
      if (retained.includes(family)) {
        side.retention.retain(neighbour.id);
        continue;
      }
      side.forecast?.lost(neighbour.id);
      side.retention.drop(neighbour.id);
    }
  }

  /** What is still stale goes: after End-of-RIB, or when its time is over. */
  sweep(name: string, family: Family): void {
    this.#inbox.flush();
    this.sides[family].retention.sweep(this.#named(name).id);
  }

  /** All routes of `family` become stale: the neighbour begins to send them again (RFC 7313 §4). */
  markStale(name: string, family: Family): void {
    this.#inbox.flush();
    this.sides[family].retention.markStale(this.#named(name).id);
  }

  /** The neighbour wants everything again (RFC 2918), between BoRR and EoRR where `enhanced` (RFC 7313). */
  refresh(name: string, family: Family, enhanced: boolean): void {
    this.sides[family].groups.refresh(this.#named(name).id, enhanced);
  }

  /** The restart deferral of `family` is over: routes of neighbours are told too, then End-of-RIB. */
  release(family: Family): void {
    this.sides[family].groups.release();
  }

  /** What the node itself originates, all of it. */
  originate(prefixes: readonly OriginatedPrefix[]): void {
    this.#origination.set(prefixes);
  }

  /** Whose pod addresses are whose, by node name: paths that say otherwise are not selected. */
  setOwners(owners: ReadonlyMap<string, BlockOwner>): void {
    finish(this.setOwnersSteps(owners));
  }

  /** The same with pauses. */
  *setOwnersSteps(owners: ReadonlyMap<string, BlockOwner>): Steps<void> {
    for (const family of families) yield* this.sides[family].origins.setOwners(owners);
  }

  /** What the node originates under this prefix. */
  originated(prefix: Prefix): OriginatedPrefix | undefined {
    return this.#origination.get(prefix);
  }

  /** What the forwarding table is told from now on; what is there changes by that. */
  reconfigureForwarding(settings: ForwardingSettings): void {
    this.maxPaths = settings.maxPaths;
    for (const family of families) this.sides[family].forwarding?.reconfigure(settings);
  }

  /** The kernel's links, addresses or routes have changed: all next hops are resolved again. */
  nextHopsChanged(): void {
    this.#tracking.worldChanged();
  }

  /** Policies in force for a neighbour; undefined before its first session. */
  scope(direction: "import" | "export", neighbour: Neighbour): PolicyScope | undefined {
    const kind = this.#byId[neighbour.id]?.kind;
    return kind && this.#scope(direction, neighbour.config, kind);
  }

  #named(name: string): NeighbourState {
    return this.#byName.get(name) ?? bug(`no neighbour ${name}`);
  }

  /** @returns undefined where no such neighbour is known */
  neighbour(name: string): Neighbour | undefined {
    return this.#byName.get(name);
  }

  /** @returns undefined for a number that no neighbour has any more, and for the node itself */
  neighbourById(id: number): Neighbour | undefined {
    return this.#byId[id];
  }

  get allNeighbours(): Iterable<Neighbour> {
    return this.#byName.values();
  }

  /** Ends all work. */
  stop(): void {
    this.turns.stop();
  }
}
