import type { HopSetTable } from "#route/hop-set.ts";
import type { Forwarding } from "./forwarding.ts";
import type { LocRib } from "./loc-rib.ts";
import type { ForwardingTable } from "./ports.ts";
import type { NextHopTable } from "./table/next-hop-table.ts";
import type { Job, Turns } from "./turns.ts";

/** Prefixes that a look at the table is content with, and those of one step. */
const SAMPLE = 4096;
const STEP = 256;
/** A table that changes all the time is looked at no more often than this. */
const PAUSE_MS = 500;

export interface BackupParts {
  readonly loc: LocRib;
  readonly nextHops: NextHopTable;
  readonly hopSets: HopSetTable;
  readonly forwarding: Forwarding;
  readonly table: ForwardingTable;
  readonly turns: Turns;
}

/**
 * Foresees where the routes of a hop set will mostly go when its link is lost, so that the forwarding table can have that
 * way at hand. What most routes of a hop set would do is seen in some of them: no state per prefix, nothing to do when a
 * route changes.
 */
export class Backups implements Job {
  readonly #parts: BackupParts;
  /** What the last look saw: best paths, paths, ways to next hops. */
  #seen: readonly [changes: number, paths: number, epoch: number] = [0, 0, 0];
  #lastMs = Number.NEGATIVE_INFINITY;
  #planned = false;
  /** The next prefix to look at, while a look is going on. */
  #at = 0;
  #stride = 1;
  /** Routes of the sample, by their hop set and the one that they would have next (0: none). */
  readonly #tally = new Map<number, Map<number, number>>();
  readonly #told = new Map<number, number>();

  constructor(parts: BackupParts) {
    this.#parts = parts;
    parts.turns.add(this);
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
    this.#planned = false;
    this.#lastMs = turns.nowMs;
    this.#seen = [loc.changes, loc.paths.size, nextHops.epoch];
    this.#at = 1;
    this.#stride = Math.max(1, Math.floor((loc.prefixes.end - 1) / SAMPLE));
    return true;
  }

  #look(prefix: number): void {
    const { forwarding, hopSets } = this.#parts;
    const hopSet = forwarding.hopSetOf(prefix);
    if (hopSet === 0) return;
    const set = hopSets.get(hopSet);
    // Several hops stand by for each other anyway.
    if (set.kind !== "unicast" || set.hops.length > 1) return;
    const next = this.#without(prefix, set.hops[0]!.link);
    const counts = this.#tally.get(hopSet) ?? new Map<number, number>();
    counts.set(next, (counts.get(next) ?? 0) + 1);
    this.#tally.set(hopSet, counts);
  }

  /** Hop set of the path that is best by rank among those that do not leave by `link`; 0 where there is none. */
  #without(prefix: number, link: number): number {
    const { loc, nextHops, hopSets } = this.#parts;
    const { paths, attributes, decision } = loc;
    let best = 0;
    let bestRank = Number.POSITIVE_INFINITY;
    for (let path = loc.headOf(prefix); path !== 0; path = paths.next(path)) {
      const rank = attributes.rankOf(paths.attributesOf(path));
      if (rank >= bestRank || !decision.stands(path)) continue;
      const hopSet = nextHops.hopSetOf(decision.nextHopOf(path));
      const set = hopSet === 0 ? undefined : hopSets.get(hopSet);
      if (set?.kind !== "unicast" || set.hops.some((hop) => hop.link === link)) continue;
      best = hopSet;
      bestRank = rank;
    }
    return best;
  }

  /** Tells what more than half of a hop set's routes have in common. */
  #end(): void {
    const { loc, table } = this.#parts;
    for (const [hopSet, counts] of this.#tally) {
      const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
      const [backup] = [...counts].find(([, count]) => count * 2 > all) ?? [0];
      if (backup === (this.#told.get(hopSet) ?? 0)) continue;
      this.#told.set(hopSet, backup);
      table.setBackup(loc.family, hopSet, backup);
    }
    this.#tally.clear();
    this.#at = 0;
  }
}
