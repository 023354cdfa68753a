import { IN_FLIGHT, QUEUED, STALE } from "./route-flags.ts";

/** Records looked at for the price of one route that is given its turn. */
const RECORDS = 8;

/** The routes that are walked over: a `RouteStore`. */
export interface WalkedRoutes {
  readonly prefixes: { readonly end: number; has(id: number): boolean };
  readonly groups: { bury(): void };
  desired(id: number): number;
  actual(id: number): number;
  content(id: number): number;
  is(id: number, flags: number): boolean;
  enqueue(id: number): void;
  endStale(id: number): void;
  /** Writes down what became of a route whose group is dead. */
  resolve(id: number): void;
  /** The answer about a route that is on its way will not tell what the kernel has. */
  doubt(id: number): void;
  /** What the kernel has is not known any more. */
  lose(id: number): void;
}

/**
 * Looks at every route of a store, a few thousand a turn: a million in one go would hold the main thread for tens of
 * milliseconds. What is asked for while a walk is under way joins it, and the walk goes once around from there.
 */
export class RouteWalk {
  readonly #store: WalkedRoutes;
  #at = 1;
  #left = 0;
  /** Targets whose routes are not as we know them. */
  readonly #forgotten = new Set<number>();
  #forgetsAll = false;
  /** Targets of which routes that are not as wanted are queued. */
  readonly #unequal = new Set<number>();
  #allUnequal = false;
  #sweeps = false;

  constructor(store: WalkedRoutes) {
    this.#store = store;
  }

  get isUnderWay(): boolean {
    return this.#left > 0;
  }

  /** Queues every route that is not as wanted and not on its way. @param only those of this target */
  unequal(only: number | undefined): void {
    if (only === undefined) this.#allUnequal = true;
    else this.#unequal.add(only);
    this.#begin();
  }

  /** What the kernel has of these routes is not known. */
  forget(targets: Iterable<number> | "all"): void {
    if (targets === "all") this.#forgetsAll = true;
    else for (const target of targets) this.#forgotten.add(target);
    this.#begin();
  }

  /** Routes that nobody asked for are not kept any longer. */
  sweep(): void {
    this.#sweeps = true;
    this.#begin();
  }

  /** What was said of the kernel's routes is out of date; sweeping goes on. */
  clear(): void {
    this.#forgotten.clear();
    this.#unequal.clear();
    this.#forgetsAll = false;
    this.#allUnequal = false;
  }

  #begin(): void {
    this.#left = this.#store.prefixes.end;
  }

  /** Goes on. @param budget in routes. @returns what it took */
  step(budget: number): number {
    const { prefixes } = this.#store;
    const records = Math.min(this.#left, budget * RECORDS);
    for (let count = 0; count < records; count++, this.#at++) {
      if (this.#at >= prefixes.end) this.#at = 1;
      if (prefixes.has(this.#at)) this.#visit(this.#at);
    }
    this.#left -= records;
    if (this.#left === 0 && records > 0) {
      this.clear();
      this.#sweeps = false;
      this.#store.groups.bury();
    }
    return Math.ceil(records / RECORDS);
  }

  #visit(id: number): void {
    const store = this.#store;
    store.resolve(id);
    if (this.#forgetsAll || this.#forgotten.size > 0) this.#forget(id);
    if (this.#sweeps && store.is(id, STALE)) {
      store.endStale(id);
      store.enqueue(id);
    }
    if (!this.#allUnequal && !this.#unequal.has(store.actual(id))) return;
    if (!store.is(id, QUEUED | IN_FLIGHT | STALE) && store.desired(id) !== store.content(id)) store.enqueue(id);
  }

  #forget(id: number): void {
    const store = this.#store;
    const actual = store.actual(id);
    if (store.is(id, IN_FLIGHT)) store.doubt(id);
    if (actual !== 0 && (this.#forgetsAll || this.#forgotten.has(actual))) store.lose(id);
  }
}
