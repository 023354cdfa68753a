import { reserve } from "#lib/reserve.ts";
import type { Hop, HopSetTable } from "#route/hop-set.ts";
import type { LocRib } from "./loc-rib.ts";
import { LOCAL } from "./neighbours.ts";
import type { ForwardingTable } from "./ports.ts";
import { DirtyQueue } from "./table/dirty-queue.ts";
import type { NextHopTable } from "./table/next-hop-table.ts";
import type { Job, Turns } from "./turns.ts";
import type { InstallProgress } from "./wait-install.ts";

/**
 * Prefixes of one step, told without a pause: the kernel's side sees how many ask for a hop set before it sends the first,
 * and gives those that are worth it an object from the beginning.
 */
const BATCH = 1024;
/** Combinations of next hops that are remembered; more begin anew. */
const MAX_COMBINATIONS = 65_536;
/** Numbers of next hops stay below this, numbers of combinations begin here. */
const FIRST_COMBINATION = 2 ** 22;

/** What configuration says about the forwarding table. */
export interface ForwardingSettings {
  /** Tell it of routes; a reflector that forwards nothing does not. */
  readonly install: boolean;
  /** Most equal paths in one route; 1 turns multipath off. */
  readonly maxPaths: number;
}

export interface ForwardingParts {
  readonly loc: LocRib;
  readonly nextHops: NextHopTable;
  readonly hopSets: HopSetTable;
  readonly table: ForwardingTable;
  readonly turns: Turns;
  /** Highest prefix number. */
  readonly maxPrefixes: number;
  /** Most equal paths in one route; 1 turns multipath off. */
  readonly maxPaths: number;
}

/**
 * Tells the forwarding table what the Loc-RIB of one family wants: for each changed prefix the hop set of its best path,
 * or of all paths that are equal to it; only where that differs from what was told before.
 */
export class Forwarding implements Job, InstallProgress {
  readonly #parts: ForwardingParts;
  readonly #queue: DirtyQueue;
  /** Hop set by prefix, 0: no route. */
  readonly #installed: Uint32Array;
  /** Number of a combination of next hops, by the number of all but the last and the last; and the hop set of each. */
  readonly #combinations = new Map<number, number>();
  readonly #combined = new Map<number, number>();
  /** Of the next hops, in which combinations mean something. */
  #epoch = 0;
  readonly #seen = new Uint32Array(BATCH);
  installed = 0;
  #settings: ForwardingSettings;
  /** Prefixes from this number on are still to be looked at under new settings. */
  #review: number | undefined;
  /** Nothing is told any more, and nothing that was is left: changes do not concern us. */
  #rests = false;
  /** Positions of the queue: up to the first the table has tried all; up to the second somebody waits for that. */
  #tried = 0;
  #awaited = 0;
  #asks = false;

  constructor(parts: ForwardingParts) {
    this.#parts = parts;
    this.#settings = { install: true, maxPaths: parts.maxPaths };
    this.#queue = new DirtyQueue(parts.maxPrefixes);
    this.#installed = reserve(Uint32Array, parts.maxPrefixes + 1);
    parts.loc.attach(this.#queue, true);
    parts.turns.add(this);
  }

  /** Takes other settings over: every prefix is looked at again, and what changes by that is told. */
  reconfigure(settings: ForwardingSettings): void {
    const { install, maxPaths } = this.#settings;
    if (settings.install === install && settings.maxPaths === maxPaths) return;
    this.#settings = settings;
    this.#review = 1;
    if (this.#rests) this.#parts.loc.attach(this.#queue, true);
    this.#rests = false;
    this.#parts.turns.wake();
  }

  /** Hop set that was told for `prefix`; 0: no route. */
  hopSetOf(prefix: number): number {
    return this.#installed[prefix]!;
  }

  get backlog(): number {
    return this.#queue.length;
  }

  get mark(): number {
    return this.#queue.pushed;
  }

  hasTried(mark: number): boolean {
    if (mark > this.#tried && !this.#rests) {
      this.#awaited = Math.max(this.#awaited, mark);
      this.#ask();
    }
    return mark <= this.#tried || this.#rests;
  }

  /** Asks the table for what it was told, where that is more than what it is known to have tried, and awaited. */
  #ask(): void {
    const { taken } = this.#queue;
    if (this.#asks || this.#awaited <= this.#tried || taken === this.#tried) return;
    this.#asks = true;
    this.#parts.table.whenTried(() => {
      this.#asks = false;
      this.#tried = taken;
      this.#parts.turns.wake();
      this.#ask();
    });
  }

  step(): boolean {
    const seen = this.#seen;
    let count = 0;
    for (; count < BATCH; count++) {
      const prefix = this.#queue.shift();
      if (prefix === 0) break;
      seen[count] = prefix;
      this.#tell(prefix, this.wanted(prefix));
    }
    this.#parts.loc.settleAll(seen, count);
    this.#ask();
    if (this.#reviewSome() || count === BATCH) return true;
    if (!this.#settings.install && !this.#rests) {
      this.#rests = true;
      this.#parts.loc.detach(this.#queue);
    }
    return false;
  }

  /** Queues the next prefixes that new settings may concern. @returns whether there may be more */
  #reviewSome(): boolean {
    if (this.#review === undefined) return false;
    const { prefixes } = this.#parts.loc;
    const end = Math.min(this.#review + BATCH, prefixes.end);
    for (let prefix = this.#review; prefix < end; prefix++) if (prefixes.has(prefix)) this.#queue.push(prefix);
    this.#review = end === prefixes.end ? undefined : end;
    return true;
  }

  #tell(prefix: number, hopSet: number): void {
    const before = this.#installed[prefix]!;
    if (before === hopSet) return;
    this.#installed[prefix] = hopSet;
    if (before === 0) this.installed++;
    if (hopSet === 0) this.installed--;
    const { table, loc } = this.#parts;
    const { prefixes } = loc;
    const length = prefixes.lengthOf(prefix);
    const w0 = prefixes.word(prefix, 0);
    if (loc.family === "ipv4") {
      if (hopSet === 0) table.clear4(w0, length);
      else table.set4(w0, length, hopSet);
      return;
    }
    const w1 = prefixes.word(prefix, 1);
    const w2 = prefixes.word(prefix, 2);
    const w3 = prefixes.word(prefix, 3);
    if (hopSet === 0) table.clear6(w0, w1, w2, w3, length);
    else table.set6(w0, w1, w2, w3, length, hopSet);
  }

  /** Hop set that the Loc-RIB wants for `prefix`; 0: no route. */
  wanted(prefix: number): number {
    const { loc, nextHops } = this.#parts;
    const best = loc.bestOf(prefix);
    if (best === 0) return 0;
    if (!this.#settings.install) return 0;
    if (loc.paths.neighbourOf(best) === LOCAL) return 0; // the node's own: the kernel holds them by other means
    const head = loc.headOf(prefix);
    const { maxPaths } = this.#settings;
    if (maxPaths > 1 && loc.paths.next(head) !== 0) {
      const count = loc.decision.equals(head, best, maxPaths);
      if (count > 1) return this.#several(count);
    }
    return nextHops.hopSetOf(loc.decision.nextHopOf(best));
  }

  /** Hop set of the first `count` paths that the decision process found equal. */
  #several(count: number): number {
    const { loc, nextHops } = this.#parts;
    const equal = loc.decision.multipath;
    let weighted = true;
    for (let index = 0; index < count && weighted; index++) {
      weighted = loc.attributes.bandwidthOf(loc.paths.attributesOf(equal[index]!)) > 0;
    }
    if (weighted) return this.#weighted([...equal.subarray(0, count)]);
    if (this.#epoch !== nextHops.epoch || this.#combinations.size > MAX_COMBINATIONS) {
      this.#epoch = nextHops.epoch;
      this.#combinations.clear();
      this.#combined.clear();
    }
    let combination = loc.decision.nextHopOf(equal[0]!);
    for (let index = 1; index < count; index++) {
      combination = this.#combine(combination, loc.decision.nextHopOf(equal[index]!));
    }
    let hopSet = this.#combined.get(combination);
    if (hopSet === undefined) {
      hopSet = this.#union([...equal.subarray(0, count)].map((path) => this.#hopsOf(path)));
      this.#combined.set(combination, hopSet);
    }
    return hopSet;
  }

  #combine(combination: number, nextHop: number): number {
    const key = combination * FIRST_COMBINATION + nextHop;
    let known = this.#combinations.get(key);
    if (known === undefined) {
      known = FIRST_COMBINATION + this.#combinations.size;
      this.#combinations.set(key, known);
    }
    return known;
  }

  #hopsOf(path: number): readonly Hop[] {
    const { loc, nextHops } = this.#parts;
    return nextHops.resolutionOf(loc.decision.nextHopOf(path))?.hops ?? [];
  }

  /**
   * Shares by link bandwidth, which all of them tell: the fastest gets 256, the others in proportion. Of paths that leave
   * by the same hop the fastest counts, which is the last one for a hop set.
   */
  #weighted(paths: readonly number[]): number {
    const { attributes, paths: table } = this.#parts.loc;
    const bandwidthOf = (path: number): number => attributes.bandwidthOf(table.attributesOf(path));
    const slowestFirst = [...paths].sort((a, b) => bandwidthOf(a) - bandwidthOf(b));
    const most = bandwidthOf(slowestFirst.at(-1)!);
    return this.#union(
      slowestFirst.map((path) => {
        const weight = Math.max(1, Math.round((bandwidthOf(path) * 256) / most));
        return this.#hopsOf(path).map((hop) => ({ ...hop, weight }));
      }),
    );
  }

  #union(lists: readonly (readonly Hop[])[]): number {
    const hops = lists.flat();
    return hops.length === 0 ? 0 : this.#parts.hopSets.intern({ kind: "unicast", hops });
  }
}
