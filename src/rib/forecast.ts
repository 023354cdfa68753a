import type { Hop, HopSet, HopSetTable } from "#route/hop-set.ts";
import type { Forwarding } from "./forwarding.ts";
import type { LocRib } from "./loc-rib.ts";
import { LOCAL } from "./neighbours.ts";
import type { ForwardingTable } from "./ports.ts";
import type { NextHopTable } from "./table/next-hop-table.ts";
import type { Job, Turns } from "./turns.ts";

/** Prefixes that a look at the table is content with, and those of one step. */
const SAMPLE = 4096;
const STEP = 128;
/** A table that changes all the time is looked at no more often than this. */
const PAUSE_MS = 500;
/** Differences of hop sets that are remembered; more begin anew. */
const MAX_DIFFERENCES = 65_536;

export interface ForecastParts {
  readonly loc: LocRib;
  readonly nextHops: NextHopTable;
  readonly hopSets: HopSetTable;
  readonly forwarding: Forwarding;
  readonly table: ForwardingTable;
  readonly turns: Turns;
}

/** Routes of the sample by the hop set that they would have next; 0: none. */
type Tally = Map<number, number>;

/**
 * Foresees where the routes of a hop set will mostly go when its link is lost, and when a neighbour is, so that the
 * forwarding table can have the first way at hand and take the second at once. What most routes of a hop set would do is
 * seen in some of them: no state per prefix, nothing to do when a route changes.
 */
export class Forecast implements Job {
  readonly #parts: ForecastParts;
  /** What the last look saw: best paths, paths, ways to next hops. */
  #seen: readonly [changes: number, paths: number, epoch: number] = [0, 0, 0];
  #lastMs = Number.NEGATIVE_INFINITY;
  #planned = false;
  /** The next prefix to look at, while a look is going on. */
  #at = 0;
  #stride = 1;
  /** Without the link, by hop set. */
  readonly #withoutLink = new Map<number, Tally>();
  /** Without a neighbour, by it and hop set. */
  readonly #withoutNeighbour = new Map<number, Map<number, Tally>>();
  /** Routes of the sample by hop set. */
  readonly #counts = new Map<number, number>();
  readonly #told = new Map<number, number>();
  /** By neighbour: hop sets whose routes it brings, nearly all of them, and where they would go. */
  #losses = new Map<number, readonly (readonly [hopSet: number, next: number])[]>();
  /** A hop set less the hops of another one, by both. */
  readonly #differences = new Map<string, number>();

  constructor(parts: ForecastParts) {
    this.#parts = parts;
    parts.turns.add(this);
  }

  /** All that `neighbour` told is going to be withdrawn. */
  lost(neighbour: number): void {
    const { loc, table } = this.#parts;
    for (const [hopSet, next] of this.#losses.get(neighbour) ?? []) table.foresee(loc.family, hopSet, next);
    this.#losses.delete(neighbour);
  }

  step(): boolean {
    if (this.#at === 0 && !this.#begin()) return false;
    const { prefixes } = this.#parts.loc;
    for (let left = STEP; left > 0 && this.#at < prefixes.end; left--, this.#at += this.#stride) {
      if (prefixes.has(this.#at)) this.#look(this.#at);
    }
    if (this.#at >= prefixes.end) this.#end();
    return this.#at !== 0;
  }

  #begin(): boolean {
    const { loc, nextHops, turns } = this.#parts;
    const [changes, paths, epoch] = this.#seen;
    if (loc.changes === changes && loc.paths.size === paths && nextHops.epoch === epoch) return false;
    const waitMs = this.#lastMs + PAUSE_MS - turns.nowMs;
    if (waitMs > 0) {
      if (!this.#planned) turns.wakeAfter(waitMs);
      this.#planned = true;
      return false;
    }
    if (this.#differences.size > MAX_DIFFERENCES) this.#differences.clear();
    this.#planned = false;
    this.#lastMs = turns.nowMs;
    this.#seen = [loc.changes, loc.paths.size, nextHops.epoch];
    this.#at = 1;
    this.#stride = Math.max(1, Math.floor((loc.prefixes.end - 1) / SAMPLE));
    return true;
  }

  #look(prefix: number): void {
    const { forwarding, hopSets, loc } = this.#parts;
    const hopSet = forwarding.hopSetOf(prefix);
    const best = loc.bestOf(prefix);
    const set = hopSet === 0 || best === 0 ? undefined : hopSets.get(hopSet);
    if (set?.kind !== "unicast") return;
    this.#counts.set(hopSet, (this.#counts.get(hopSet) ?? 0) + 1);
    if (set.hops.length > 1) {
      this.#lookAtShares(prefix, hopSet, set.hops); // when a link is lost, they stand by for each other anyway
      return;
    }
    const { link } = set.hops[0]!;
    const owner = loc.paths.neighbourOf(best);
    count(
      mapOf(this.#withoutLink, hopSet),
      this.#next(prefix, (_, next) => next.hops.some((hop) => hop.link === link)),
    );
    count(
      mapOf(mapOf(this.#withoutNeighbour, owner), hopSet),
      this.#next(prefix, (path) => path === best),
    );
  }

  /** Hop set of the path that is best by rank among the others; 0 where there is none. */
  #next(prefix: number, isLost: (path: number, set: HopSet & { kind: "unicast" }) => boolean): number {
    const { loc, nextHops, hopSets } = this.#parts;
    const { paths, attributes, decision } = loc;
    let found = 0;
    let rank = Number.POSITIVE_INFINITY;
    for (let path = loc.headOf(prefix); path !== 0; path = paths.next(path)) {
      const its = attributes.rankOf(paths.attributesOf(path));
      if (its >= rank || !decision.stands(path) || paths.neighbourOf(path) === LOCAL) continue;
      const hopSet = nextHops.hopSetOf(decision.nextHopOf(path));
      const set = hopSet === 0 ? undefined : hopSets.get(hopSet);
      if (set?.kind !== "unicast" || isLost(path, set)) continue;
      found = hopSet;
      rank = its;
    }
    return found;
  }

  /** The hops of a route that shares its load, less those of one neighbour. */
  #lookAtShares(prefix: number, hopSet: number, hops: readonly Hop[]): void {
    const { loc, nextHops } = this.#parts;
    const { paths, decision } = loc;
    for (let path = loc.headOf(prefix); path !== 0; path = paths.next(path)) {
      if (!decision.stands(path)) continue;
      const next = this.#less(hopSet, hops, nextHops.hopSetOf(decision.nextHopOf(path)));
      if (next !== hopSet) count(mapOf(mapOf(this.#withoutNeighbour, paths.neighbourOf(path)), hopSet), next);
    }
  }

  #less(hopSet: number, hops: readonly Hop[], other: number): number {
    const key = `${hopSet} ${other}`;
    const known = this.#differences.get(key);
    if (known !== undefined) return known;
    const { hopSets } = this.#parts;
    const set = other === 0 ? undefined : hopSets.get(other);
    const gone = new Set(set?.kind === "unicast" ? set.hops.map(keyOf) : []);
    const left = hops.filter((hop) => !gone.has(keyOf(hop)));
    const next = left.length === 0 ? 0 : hopSets.intern({ kind: "unicast", hops: left });
    this.#differences.set(key, next);
    return next;
  }

  #end(): void {
    this.#tellBackups();
    this.#losses = new Map();
    for (const [neighbour, tallies] of this.#withoutNeighbour) {
      const moves = [...tallies].flatMap(([hopSet, tally]) => {
        const all = this.#counts.get(hopSet)!;
        const [next] = [...tally].find(([to, routes]) => to !== hopSet && to !== 0 && routes * 8 > all * 7) ?? [0];
        return next === 0 ? [] : [[hopSet, next] as const];
      });
      if (moves.length > 0) this.#losses.set(neighbour, moves);
    }
    for (const map of [this.#withoutLink, this.#withoutNeighbour, this.#counts]) map.clear();
    this.#at = 0;
  }

  /** Tells what more than half of a hop set's routes have in common. */
  #tellBackups(): void {
    const { loc, table } = this.#parts;
    for (const [hopSet, tally] of this.#withoutLink) {
      const all = this.#counts.get(hopSet)!;
      const [backup] = [...tally].find(([, routes]) => routes * 2 > all) ?? [0];
      if (backup === this.#told.get(hopSet)) continue;
      this.#told.set(hopSet, backup);
      table.setBackup(loc.family, hopSet, backup);
    }
  }
}

const keyOf = (hop: Hop): string => `${hop.gateway?.words}%${hop.link}`;

function count(tally: Tally, hopSet: number): void {
  tally.set(hopSet, (tally.get(hopSet) ?? 0) + 1);
}

function mapOf<Value>(maps: Map<number, Map<number, Value>>, key: number): Map<number, Value> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const made = new Map<number, Value>();
  maps.set(key, made);
  return made;
}
