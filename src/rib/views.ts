import type { BlockOwner, OriginatedPrefix } from "#config/node-config.ts";
import type { Address } from "#route/address.ts";
import { LOOPED as LOOPED_SET, NO_ADVERTISE, NO_EXPORT } from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";
import { bitsOf, type Family, families } from "#route/family.ts";
import type { Prefix } from "#route/prefix.ts";
import { type Changes, noChanges } from "./change-counts.ts";
import type { Step } from "./decision.ts";
import { isTold } from "./export.ts";
import type { FamilySide } from "./family-side.ts";
import { LOCAL } from "./neighbours.ts";
import { judge, type PolicyScope, type Reason } from "./policy.ts";
import type { Resolution } from "./ports.ts";
import type { Neighbour, Rib } from "./rib.ts";
import { RouteReader } from "./route-reader.ts";
import { UNREACHABLE } from "./table/next-hop-table.ts";
import { OrderedWalk } from "./table/ordered-walk.ts";
import { ageOf, FILTERED, LOOPED, secondOf } from "./table/path-table.ts";
import { prefixOf } from "./table/prefix-table.ts";

/** How a path stands in the decision process. */
export type Standing = "best" | "equal" | "lost" | "filtered" | "looped" | "unreachable";

/** One path of a prefix, for people to read. */
export interface PathView {
  /** Its number, good until the table changes. */
  readonly id: number;
  /** undefined: the node's own. */
  readonly neighbour: Neighbour | undefined;
  readonly own: OriginatedPrefix | undefined;
  readonly standing: Standing;
  /** The step of the decision process where it lost. */
  readonly lostAt: Step | undefined;
  /** Not told again since its neighbour's session ended or began to tell everything anew. */
  readonly isStale: boolean;
  /** When it came, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** As selected, after import policy. Decoded when called, while the path still stands. */
  attributes(): Attributes;
  /** As the neighbour sent them. */
  received(): Attributes;
  readonly nextHop: Address | undefined;
  /** Cost of the way to the next hop; undefined: it cannot be reached. */
  readonly metric: number | undefined;
  /** How the next hop is reached; undefined: it is not. */
  readonly resolution: Resolution | undefined;
}

/** Numbers of one neighbour in one family. */
export interface NeighbourCounts {
  /** Paths in its Adj-RIB-In, refused ones included. */
  readonly received: number;
  readonly accepted: number;
  /** Refused by policy, or looped. */
  readonly filtered: number;
  readonly stale: number;
  /** Prefixes it has the best path of. */
  readonly best: number;
  /** Prefixes told to it; 0 without a session. */
  readonly exported: number;
}

export interface TableCounts {
  readonly prefixes: number;
  /** Of the prefixes, those that have a path which is not refused. */
  readonly nets: number;
  readonly paths: number;
  /** Of these paths, those that policy refused or that loop. */
  readonly refused: number;
  readonly installed: number;
  readonly groups: number;
  /** Prefixes that wait to be told, in all groups, and to be installed. */
  readonly waiting: { readonly neighbours: number; readonly forwarding: number };
  readonly octets: { readonly prefixes: number; readonly paths: number };
}

/** Why a neighbour is told a prefix, or not. */
export type ExportView =
  | { readonly told: boolean; readonly kind: "policy"; readonly reason: Reason; readonly attributes: Attributes }
  | {
      readonly told: false;
      readonly kind: "no session" | "no best path" | "its own path" | "reflection" | "community";
    };

/** Reads the RIB for `show`, status and metrics; changes nothing. Objects are made only for what is asked. */
export class RibView {
  readonly #rib: Rib;
  readonly #beganMs: number;

  /** @param beganMs when the RIB began, in milliseconds since 1970 */
  constructor(rib: Rib, beganMs: number) {
    this.#rib = rib;
    this.#beganMs = beganMs;
  }

  #side(family: Family): FamilySide {
    return this.#rib.sides[family];
  }

  /** The prefixes of a family in order, or those within a block, as numbers. */
  walk(family: Family, within?: Prefix): OrderedWalk {
    return new OrderedWalk(this.#side(family).loc.prefixes, within);
  }

  /** @returns undefined where the number is not in use any more */
  prefix(family: Family, id: number): Prefix | undefined {
    const { prefixes } = this.#side(family).loc;
    return prefixes.has(id) ? prefixOf(prefixes, id) : undefined;
  }

  /** Number of exactly this prefix, 0 where nobody tells it. */
  find(prefix: Prefix): number {
    return this.#side(prefix.family).loc.prefixes.find(prefix);
  }

  /** Number of the most specific prefix with a best path around an address, 0 where there is none. */
  lookUp({ family, words }: Address, longest: number = bitsOf(family)): number {
    const { loc } = this.#side(family);
    return loc.prefixes.longestMatch(words, longest, (id) => loc.bestOf(id) !== 0);
  }

  /** Reads paths as numbers, for listings. */
  reader(family: Family): RouteReader {
    return new RouteReader(this.#rib, this.#side(family), this.#beganMs);
  }

  /** The paths of a prefix, the best one first, then in the order they came. */
  paths(family: Family, id: number): PathView[] {
    const { loc } = this.#side(family);
    if (!loc.prefixes.has(id)) return [];
    const best = loc.bestOf(id);
    const equal = new Set<number>();
    if (best !== 0 && loc.paths.neighbourOf(best) !== LOCAL) {
      const count = loc.decision.equals(loc.headOf(id), best, this.#rib.maxPaths);
      for (const path of loc.decision.multipath.subarray(0, count)) equal.add(path);
    }
    const ids: number[] = [];
    for (let path = loc.headOf(id); path !== 0; path = loc.paths.next(path)) if (path !== best) ids.unshift(path);
    if (best !== 0) ids.unshift(best);
    return ids.map((path) => this.#path(family, id, path, best, equal));
  }

  #path(family: Family, prefix: number, path: number, best: number, equal: ReadonlySet<number>): PathView {
    const { loc } = this.#side(family);
    const state = loc.paths.stateOf(path);
    const neighbour = loc.paths.neighbourOf(path);
    const nextHop = loc.decision.nextHopOf(path);
    const metric = loc.decision.metricOf(path);
    const standing = this.#standing(family, path, best, equal);
    const isOwn = neighbour === LOCAL;
    return {
      id: path,
      neighbour: this.#rib.neighbourById(neighbour),
      own: isOwn ? this.#rib.originated(prefixOf(loc.prefixes, prefix)) : undefined,
      standing,
      lostAt:
        standing === "lost" || standing === "equal" ? loc.decision.lostAt(loc.headOf(prefix), path, best) : undefined,
      isStale: ageOf(state, loc.generations[neighbour]!) !== 0,
      sinceMs: this.#beganMs + secondOf(state) * 1000,
      attributes: () => this.#decode(loc.paths.attributesOf(path)),
      received: () => this.#decode(loc.receivedOf(path)),
      nextHop: nextHop === 0 ? undefined : this.#rib.nextHops.addressOf(nextHop),
      metric: metric === UNREACHABLE ? undefined : metric,
      resolution: this.#rib.nextHops.resolutionOf(nextHop),
    };
  }

  #standing(family: Family, path: number, best: number, equal: ReadonlySet<number>): Standing {
    const { loc } = this.#side(family);
    const state = loc.paths.stateOf(path);
    if (path === best) return "best";
    if ((state & LOOPED) !== 0) return "looped";
    if ((state & FILTERED) !== 0) return "filtered";
    if (!loc.decision.stands(path)) return "unreachable";
    return equal.has(path) ? "equal" : "lost";
  }

  #decode(set: number): Attributes {
    const { attributes, parts } = this.#rib;
    const start = attributes.startOf(set);
    return parts.codec.decode(attributes.arena.bytes, start, start + attributes.lengthOf(set));
  }

  /** Hop set number that the forwarding table was told for a prefix, 0 where it has no route. */
  installed(family: Family, id: number): number {
    return this.#side(family).forwarding?.hopSetOf(id) ?? 0;
  }

  /** Was the prefix told to the neighbour? */
  isTold(neighbour: Neighbour, family: Family, id: number): boolean {
    return this.#side(family).groups.of(neighbour.id)?.told.has(id, neighbour.id) ?? false;
  }

  /** What import policy says about the path of a neighbour. @returns undefined where it tells no such prefix */
  explainImport(
    neighbour: Neighbour,
    prefix: Prefix,
  ): { accepted: boolean; reason: Reason | "looped" | "default route" | BlockOwner } | undefined {
    const { loc } = this.#side(prefix.family);
    const id = loc.prefixes.find(prefix);
    const path = id === 0 ? 0 : loc.pathOf(id, neighbour.id);
    if (path === 0) return undefined;
    const set = loc.receivedOf(path);
    if ((this.#rib.attributes.flagsOf(set) & LOOPED_SET) !== 0) return { accepted: false, reason: "looped" };
    if (prefix.length === 0 && neighbour.config.refuseDefault) return { accepted: false, reason: "default route" };
    const owner = this.#side(prefix.family).origins.ownerRefusing(id, neighbour.id, set);
    if (owner !== undefined) return { accepted: false, reason: owner };
    const scope = this.#rib.scope("import", neighbour);
    if (scope === undefined) return undefined;
    const { accepted, reason } = judge(scope, this.#decode(set), this.#rib.attributes.classOf(set), prefix);
    return { accepted, reason };
  }

  /** Paths to pod addresses that are refused, since those belong to another node; at most some hundreds are known. */
  foreign(): { readonly neighbour: string; readonly prefix: Prefix; readonly owner: BlockOwner }[] {
    return families.flatMap((family) => {
      const paths = this.#side(family).origins.foreign();
      return paths.map(({ neighbour, prefix, owner }) => {
        return { neighbour: this.#rib.neighbourById(neighbour)?.config.name ?? "", prefix, owner };
      });
    });
  }

  /** Why a neighbour is told a prefix, or not. */
  explainExport(neighbour: Neighbour, prefix: Prefix): ExportView {
    const { loc } = this.#side(prefix.family);
    const scope = this.#rib.scope("export", neighbour);
    if (scope === undefined || neighbour.session === undefined) return { told: false, kind: "no session" };
    const id = loc.prefixes.find(prefix);
    const best = id === 0 ? 0 : loc.bestOf(id);
    if (best === 0) return { told: false, kind: "no best path" };
    const origin = loc.paths.neighbourOf(best);
    if (origin === neighbour.id) return { told: false, kind: "its own path" };
    const { kinds } = this.#rib.neighbours;
    if (!isTold(kinds[origin]!, kinds[neighbour.id]!)) return { told: false, kind: "reflection" };
    return this.#explainPolicy(scope, loc.paths.attributesOf(best), prefix);
  }

  #explainPolicy(scope: PolicyScope, set: number, prefix: Prefix): ExportView {
    const { attributes } = this.#rib;
    const forbidden = scope.external ? NO_EXPORT | NO_ADVERTISE : NO_ADVERTISE;
    if ((attributes.flagsOf(set) & forbidden) !== 0) return { told: false, kind: "community" };
    const verdict = judge(scope, this.#decode(set), attributes.classOf(set), prefix);
    return { told: verdict.accepted, kind: "policy", reason: verdict.reason, attributes: verdict.attributes };
  }

  counts(neighbour: Neighbour, family: Family): NeighbourCounts {
    const { loc, groups } = this.#side(family);
    const { id } = neighbour;
    const received = loc.paths.countOf(id);
    const filtered = loc.refused[id]!;
    return {
      received,
      accepted: received - filtered,
      filtered,
      stale: loc.staleOf(id),
      best: loc.bests[id]!,
      exported: groups.of(id)?.toldTo(id) ?? 0,
    };
  }

  /** Route changes since the neighbour's session came up. @param neighbour undefined: the node itself */
  changes(neighbour: Neighbour | undefined, family: Family): Changes {
    const { loc, groups } = this.#side(family);
    const id = neighbour?.id ?? LOCAL;
    return { ...noChanges, ...loc.tally.of(id), ...groups.changesOf(id) };
  }

  tables(family: Family): TableCounts {
    const { loc, groups, forwarding } = this.#side(family);
    let neighbours = 0;
    for (const group of groups) neighbours += group.queue.length;
    return {
      prefixes: loc.prefixes.size,
      nets: loc.nets,
      paths: loc.paths.size,
      refused: loc.refusedPaths,
      installed: forwarding?.installed ?? 0,
      groups: groups.size,
      waiting: { neighbours, forwarding: forwarding?.backlog ?? 0 },
      octets: { prefixes: loc.prefixes.octets, paths: loc.paths.octets },
    };
  }

  /** What both families share: attribute sets, next hops, slabs. */
  shared(): { sets: number; setOctets: number; nextHops: number; slabOctets: number } {
    const { attributes, nextHops, pool } = this.#rib;
    return { sets: attributes.size, setOctets: attributes.octets, nextHops: nextHops.size, slabOctets: pool.octets };
  }

  /** Is everything told and installed? */
  get isSettled(): boolean {
    return families.every((family) => {
      const { waiting } = this.tables(family);
      return waiting.neighbours + waiting.forwarding === 0;
    });
  }
}
