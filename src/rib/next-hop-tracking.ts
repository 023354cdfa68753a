import type { Address } from "#route/address.ts";
import { bitsOf, type Family } from "#route/family.ts";
import type { LocRib } from "./loc-rib.ts";
import { LOCAL } from "./neighbours.ts";
import type { Resolution } from "./ports.ts";
import type { NextHopTable } from "./table/next-hop-table.ts";
import type { Job, Turns } from "./turns.ts";

/** Next hops that one step resolves, and path records that one step looks at. */
const RESOLVE = 250;
const SCAN = 8192;
/** A Loc-RIB that changes all the time is asked again no more often than this. */
const PAUSE_MS = 20;
/** Routes that may stand on routes that stand on routes. */
const MAX_DEPTH = 4;

/**
 * The way to `address` through the Loc-RIB: the most specific route around it, and the way to that one's next hop, and so
 * on until one is reached that the kernel knows. Never a default route, never an own prefix, and never a route that one of
 * the next hops on the way is itself a candidate for: a route cannot be reached through itself (RFC 4271 §9.1.2.1).
 */
export function resolveThroughRib(
  address: Address,
  locs: Readonly<Record<Family, LocRib>>,
  nextHops: NextHopTable,
): Resolution | undefined {
  const passed: number[] = [];
  let at = address;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const loc = locs[at.family];
    const prefix = loc.prefixes.longestMatch(at.words, bitsOf(at.family), (id) =>
      isUsable(loc, id, at, nextHops, passed),
    );
    if (prefix === 0) return undefined;
    const nextHop = loc.decision.nextHopOf(loc.bestOf(prefix));
    if (!nextHops.isIndirect(nextHop)) return nextHops.resolutionOf(nextHop);
    passed.push(nextHop);
    at = nextHops.addressOf(nextHop);
  }
  return undefined;
}

function isUsable(
  loc: LocRib,
  prefix: number,
  address: Address,
  nextHops: NextHopTable,
  passed: readonly number[],
): boolean {
  const best = loc.bestOf(prefix);
  if (best === 0 || loc.prefixes.lengthOf(prefix) === 0 || loc.paths.neighbourOf(best) === LOCAL) return false;
  for (let path = loc.headOf(prefix); path !== 0; path = loc.paths.next(path)) {
    const nextHop = loc.decision.nextHopOf(path);
    if (nextHop !== 0 && (passed.includes(nextHop) || nextHops.isAddress(nextHop, address))) return false;
  }
  return true;
}

/**
 * Keeps next hops true: resolves them again when the kernel's world has changed (all), or the Loc-RIB (those that stand on
 * it), then looks through the paths for those whose next hop changed, and selects again for their prefixes.
 */
export class NextHopTracking implements Job {
  readonly #nextHops: NextHopTable;
  readonly #locs: readonly LocRib[];
  readonly #turns: Turns;
  #ids: Iterator<number> | undefined;
  #worldChanged = false;
  #changed: Uint8Array | undefined;
  #loc = 0;
  #path = 0;
  #seenChanges = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #planned = false;

  constructor(nextHops: NextHopTable, locs: readonly LocRib[], turns: Turns) {
    this.#nextHops = nextHops;
    this.#locs = locs;
    this.#turns = turns;
    turns.add(this);
  }

  /** The kernel's links, addresses or routes are not what they were. */
  worldChanged(): void {
    this.#worldChanged = true;
    this.#turns.wake();
  }

  step(): boolean {
    if (this.#changed !== undefined) return this.#scan();
    if (this.#ids === undefined && !this.#begin()) return false;
    return this.#resolve();
  }

  #begin(): boolean {
    if (this.#worldChanged) {
      this.#worldChanged = false;
      this.#ids = this.#nextHops.ids(false);
      return true;
    }
    const changes = this.#locs.reduce((sum, loc) => sum + loc.changes, 0);
    if (this.#nextHops.indirect === 0 || changes === this.#seenChanges) return false;
    const waitMs = this.#lastMs + PAUSE_MS - this.#turns.nowMs;
    if (waitMs > 0) {
      if (!this.#planned) this.#turns.wakeAfter(waitMs);
      this.#planned = true;
      return false;
    }
    this.#planned = false;
    this.#lastMs = this.#turns.nowMs;
    this.#seenChanges = changes;
    this.#ids = this.#nextHops.ids(true);
    return true;
  }

  #resolve(): boolean {
    for (let left = RESOLVE; left > 0; left--) {
      const { done, value } = this.#ids!.next();
      if (done === true) {
        this.#ids = undefined;
        this.#changed = this.#nextHops.takeChanged();
        if (this.#changed === undefined) return this.#worldChanged;
        this.#loc = 0;
        this.#path = 1;
        return true;
      }
      this.#nextHops.again(value);
    }
    return true;
  }

  #scan(): boolean {
    const loc = this.#locs[this.#loc];
    if (loc === undefined) {
      this.#changed = undefined;
      return true;
    }
    const { paths, attributes, decision } = loc;
    const changed = this.#changed!;
    const end = Math.min(this.#path + SCAN, paths.end);
    for (let path = this.#path; path < end; path++) {
      const prefix = paths.prefixOf(path);
      if (prefix === 0) continue;
      const nextHop = attributes.nextHopOf(paths.attributesOf(path));
      if (nextHop !== 0 && changed[decision.nextHopOf(path)] === 1) loc.reselect(prefix, false);
    }
    this.#path = end;
    if (end === paths.end) {
      this.#loc++;
      this.#path = 1;
    }
    return true;
  }
}
