import type { Clock } from "#lib/clock.ts";
import { formatWords } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { KEEP } from "./group.ts";
import { Groups } from "./groups.ts";
import { PrefixTable } from "./prefix-table.ts";
import { ShuffledQueue } from "./queue.ts";
import { DOUBTED, IN_FLIGHT, QUEUED, STALE } from "./route-flags.ts";
import { RouteWalk } from "./route-walk.ts";
import { UNKNOWN, VIA_GROUP } from "./target.ts";

/** Layers of a store: what the RIB wants, and the node's own routes, which have a metric of their own. */
export const LEARNED = 0;
export const OWN = 1;

/** Records of one slice: some hundred microseconds. */
const SLICE_RECORDS = 32_768;

/** Fields of a route's record. */
const DESIRED = 0;
const ACTUAL = 1;

/** Met in the dump that is running. */
const SEEN = 1 << 15;

/**
 * What is wanted and what the kernel holds, per route of one family, by the prefix's number: `desired` a hop set or 0,
 * `actual` a target (`target.ts`), flags. 16 octets an IPv4 route and 28 an IPv6 route, and 6 to 12 to find it.
 */
export class RouteStore {
  readonly family: Family;
  readonly prefixes: PrefixTable;
  readonly groups: Groups;
  /** Metric of each layer. Beyond LEARNED and OWN: metrics of earlier configurations, met at start. */
  readonly metrics: number[];
  /** Routes of all layers that are wanted, and that the kernel holds. */
  wanted = 0;
  installed = 0;
  /** Routes that nobody asks for stay, because neighbours may still do so. */
  keepsStale = true;
  /** Routes that nobody asked for. */
  #stale = 0;
  readonly walk: RouteWalk;
  /** Learned routes that want a hop set, by its number. */
  #users: Uint32Array = new Uint32Array(64);
  readonly #queue: ShuffledQueue;
  #comparing = false;

  constructor(family: Family, metrics: readonly [learned: number, own: number], seed: number) {
    this.family = family;
    this.metrics = [...metrics];
    this.prefixes = new PrefixTable(family === "ipv4" ? 1 : 4, 2, seed);
    this.groups = new Groups(family);
    this.#queue = new ShuffledQueue(seed, (ids) => this.prefixes.fetch(ids));
    this.walk = new RouteWalk(this);
  }

  /** @returns the route's number; 0 where the table is full */
  add(w0: number, w1: number, w2: number, w3: number, length: number, layer: number): number {
    return this.prefixes.add(w0, w1, w2, w3, length, layer);
  }

  /** The hop set that is wanted; 0: none. */
  desired(id: number): number {
    return this.prefixes.field(id, DESIRED);
  }

  /** Where the kernel's route points. */
  actual(id: number): number {
    const target = this.prefixes.field(id, ACTUAL);
    return target >= VIA_GROUP ? this.groups.resolve(target) : target;
  }

  /** Writes down what became of a route whose group is dead, so that the group can be forgotten. */
  resolve(id: number): void {
    const target = this.prefixes.field(id, ACTUAL);
    if (target < VIA_GROUP) return;
    const actual = this.groups.resolve(target);
    if (actual === target) return;
    this.prefixes.setField(id, ACTUAL, actual);
    if (!this.is(id, IN_FLIGHT)) this.enqueue(id);
  }

  /** The answer about a route that is on its way will not tell what the kernel has. */
  doubt(id: number): void {
    this.mark(id, DOUBTED);
  }

  /** What the kernel has is not known any more. */
  lose(id: number): void {
    this.setActual(id, UNKNOWN);
    if (!this.is(id, IN_FLIGHT)) this.enqueue(id);
  }

  /** Is any of these flags set? */
  is(id: number, flags: number): boolean {
    return (this.prefixes.marks(id) & flags) !== 0;
  }

  mark(id: number, flags: number): void {
    this.prefixes.setMarks(id, this.prefixes.marks(id) | flags);
  }

  unmark(id: number, flags: number): void {
    this.prefixes.setMarks(id, this.prefixes.marks(id) & ~flags);
  }

  setDesired(id: number, hopSet: number): void {
    const before = this.desired(id);
    if (before === hopSet) return;
    this.prefixes.setField(id, DESIRED, hopSet);
    this.wanted += (hopSet === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
    if (this.prefixes.layer(id) === LEARNED) this.#use(before, hopSet);
    const actual = this.actual(id);
    if (actual >= VIA_GROUP && !this.is(id, STALE)) this.groups.wantChanged(actual, before, hopSet);
  }

  /** What a route's group should know of it: a stale route wants to stay as it is. */
  #wish(id: number): number {
    return this.is(id, STALE) ? KEEP : this.desired(id);
  }

  /** The route is what is wanted of it from now on. */
  endStale(id: number): void {
    if (!this.is(id, STALE)) return;
    this.unmark(id, STALE);
    this.#stale--;
    const actual = this.actual(id);
    if (actual >= VIA_GROUP) this.groups.wantChanged(actual, KEEP, this.desired(id));
  }

  #makeStale(id: number): void {
    if (!this.is(id, STALE)) this.#stale++;
    this.mark(id, STALE);
  }

  setActual(id: number, target: number): void {
    const before = this.actual(id);
    if (before === target) return;
    this.prefixes.setField(id, ACTUAL, target);
    this.installed += (target === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
    if (before >= VIA_GROUP) this.groups.left(before, this.#wish(id));
    if (target >= VIA_GROUP) this.groups.joined(target, this.#wish(id));
  }

  /** The hop set that the kernel's route amounts to, 0 for none, or UNKNOWN. */
  content(id: number): number {
    const actual = this.actual(id);
    return actual >= VIA_GROUP ? this.groups.content(actual) : actual;
  }

  users(hopSet: number): number {
    return this.#users[hopSet] ?? 0;
  }

  /** Puts a route among those to look at; once. */
  enqueue(id: number): void {
    if (this.is(id, QUEUED)) return;
    this.mark(id, QUEUED);
    this.#queue.push(id);
  }

  /** Routes that wait for their turn, and a walk that may find more. */
  get pending(): number {
    return this.#queue.size + (this.walk.isUnderWay ? 1 : 0);
  }

  /** @returns whether all routes that wait now were taken, whenever it is asked */
  checkpoint(): () => boolean {
    return this.#queue.checkpoint();
  }

  /** The rest of a walk, where nothing else is to be done. @returns how much of the budget it took, in routes */
  walkOn(budget: number): number {
    return this.#queue.size === 0 && this.walk.isUnderWay ? this.walk.step(budget) : 0;
  }

  /** The next route to look at; 0: none. */
  take(): number {
    const id = this.#queue.pop();
    if (id === undefined) return 0;
    this.unmark(id, QUEUED);
    return id;
  }

  /** Forgets a route that is neither wanted, nor in the kernel, nor on its way; once or often. */
  releaseIfIdle(id: number): void {
    if (!this.prefixes.has(id)) return;
    if (this.desired(id) === 0 && this.actual(id) === 0 && this.prefixes.marks(id) === 0) this.prefixes.remove(id);
  }

  /**
   * The kernel does not hold routes of these targets as we know them.
   * @param become where they point to groups, which are dead now: what became of all their routes
   */
  forget(targets: ReadonlySet<number>, become: 0 | typeof UNKNOWN): void {
    const plain: number[] = [];
    for (const target of targets) {
      const group = target >= VIA_GROUP ? this.groups.get(target) : undefined;
      if (group === undefined) plain.push(target);
      else {
        if (become === 0) this.installed -= group.routes;
        this.groups.die(group, become);
      }
    }
    this.walk.forget(plain);
  }

  /** Begins a comparison with a dump, while nothing is on its way. @param then called when the dump may come */
  beginCompare(soon: Clock["soon"], then: () => void): void {
    this.#comparing = true;
    this.walk.clear();
    const visit = (id: number): void => {
      this.resolve(id);
      if (this.prefixes.field(id, ACTUAL) >= VIA_GROUP) this.setActual(id, UNKNOWN);
      this.unmark(id, SEEN);
    };
    this.#inSlices(soon, visit, () => {
      this.groups.reset();
      then();
    });
  }

  #inSlices(soon: Clock["soon"], visit: (id: number) => void, then: () => void): void {
    let at = 1;
    const slice = (): void => {
      const end = Math.min(at + SLICE_RECORDS, this.prefixes.end);
      for (; at < end; at++) if (this.prefixes.has(at)) visit(at);
      if (at < this.prefixes.end) soon(slice);
      else then();
    };
    slice();
  }

  /** The kernel holds a route with our mark. @returns its number, 0 where the table is full */
  found(w0: number, w1: number, w2: number, w3: number, length: number, metric: number, target: number): number {
    const layer = this.layerOf(metric) ?? this.metrics.push(metric) - 1;
    const id = layer < 256 ? this.add(w0, w1, w2, w3, length, layer) : 0;
    if (id === 0) return 0;
    if (this.#comparing) this.mark(id, SEEN);
    if (this.keepsStale && this.desired(id) === 0 && this.actual(id) === 0) this.#makeStale(id);
    this.setActual(id, target);
    return id;
  }

  /** The dump is over: what it did not show is not there. */
  endCompare(soon: Clock["soon"], then: () => void): void {
    const visit = (id: number): void => {
      const seen = this.is(id, SEEN);
      this.unmark(id, SEEN);
      if (!seen) {
        this.setActual(id, 0);
        this.endStale(id);
      }
      if (this.desired(id) === this.content(id)) this.releaseIfIdle(id);
      else if (!this.is(id, STALE)) this.enqueue(id);
    };
    this.#inSlices(soon, visit, () => {
      this.#comparing = false;
      then();
    });
  }

  /** Queues what was adopted and never asked for. @returns how many */
  sweep(): number {
    this.keepsStale = false;
    const swept = this.#stale;
    if (swept > 0) this.walk.sweep();
    return swept;
  }

  /**
   * Learned routes get another metric; nothing may be on its way. Those of the old metric become stale, so that they
   * forward until those of the new one are there.
   */
  changeMetric(metric: number): void {
    const old = this.metrics[LEARNED]!;
    const layer = this.layerOf(metric) ?? this.metrics.push(metric) - 1;
    this.metrics[LEARNED] = metric;
    this.metrics[layer] = old;
    const ids: number[] = [];
    const targets: number[] = [];
    const { prefixes: p } = this;
    for (let id = 1; id < p.end; id++) {
      if (this.actual(id) === 0 || (p.layer(id) !== LEARNED && p.layer(id) !== layer)) continue;
      ids.push(id);
      targets.push(this.actual(id));
      this.setActual(id, 0);
      this.endStale(id);
    }
    ids.forEach((id, index) => {
      const to = p.layer(id) === LEARNED ? layer : LEARNED;
      const other = this.add(p.word(id, 0), p.word(id, 1), p.word(id, 2), p.word(id, 3), p.length(id), to);
      if (this.desired(other) === 0) this.#makeStale(other);
      this.setActual(other, targets[index]!);
    });
    for (const id of ids) this.releaseIfIdle(id);
    this.walk.unequal(undefined);
  }

  /** Nothing is wanted any more. */
  clearDesired(): void {
    for (let id = 1; id < this.prefixes.end; id++) if (this.desired(id) !== 0) this.setDesired(id, 0);
  }

  /** Is any route of the layer in the kernel? */
  holds(layer: number): boolean {
    const { prefixes } = this;
    for (let id = 1; id < prefixes.end; id++) {
      if (this.actual(id) !== 0 && prefixes.has(id) && prefixes.layer(id) === layer) return true;
    }
    return false;
  }

  layerOf(metric: number): number | undefined {
    const layer = this.metrics.indexOf(metric);
    return layer < 0 ? undefined : layer;
  }

  /** `10.0.0.0/8`. */
  format(id: number): string {
    const { prefixes: p } = this;
    const address = formatWords(this.family, p.word(id, 0), p.word(id, 1), p.word(id, 2), p.word(id, 3));
    return `${address}/${p.length(id)}`;
  }

  #use(before: number, after: number): void {
    if (after >= this.#users.length) {
      const grown = new Uint32Array(Math.max(this.#users.length * 2, after + 1));
      grown.set(this.#users);
      this.#users = grown;
    }
    if (before !== 0 && --this.#users[before]! === 0) this.groups.unused(before);
    if (after !== 0) this.#users[after]!++;
  }
}
