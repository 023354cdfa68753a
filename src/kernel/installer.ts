import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { type Family, families } from "#route/family.ts";
import type { HopSet, HopSetTable } from "#route/hop-set.ts";
import { formatPrefix, type Prefix, parsePrefix } from "#route/prefix.ts";
import type { Failure } from "./failures.ts";
import { FamilyInstaller } from "./family-installer.ts";
import type { NetlinkPort } from "./netlink-port.ts";
import { LEARNED, OWN } from "./route-store.ts";
import { Sender } from "./sender.ts";
import type { InstallerConfig, Surroundings } from "./surroundings.ts";
import type { NextHopObject } from "./wire/nexthop.ts";
import type { RouteFacts } from "./wire/route.ts";

/** A route of the node itself: a blackhole against loops, or a host route. */
export interface OwnRoute {
  readonly prefix: Prefix;
  readonly set: HopSet;
}

/** How often routes were to be set, and to be removed. */
interface Asked {
  updates: number;
  withdraws: number;
}

const prefixesOf = (routes: readonly OwnRoute[]): Set<string> =>
  new Set(routes.map(({ prefix }) => formatPrefix(prefix)));

/** How far the kernel is from what is wanted. */
export interface InstallerCounts {
  readonly wanted: number;
  readonly installed: number;
  /** Waiting for their turn. */
  readonly pending: number;
  readonly failed: number;
  /** Why, with the number of routes. */
  readonly reasons: readonly { readonly reason: string; readonly routes: number }[];
  /** Nexthop objects that routes share. */
  readonly objects: number;
}

/**
 * Makes the kernel's table equal to what is wanted: `ForwardingTable` of the RIB's ports. Calls only note; what is noted
 * goes out at the end of the turn in batches, a few at a time on their way. A route that changes while it is on its way
 * is looked at again when the answer comes. Refusals are kept per route and tried again.
 */
export class Installer {
  readonly #hopSets: HopSetTable;
  readonly #sender: Sender;
  readonly #links: { usable(link: number): boolean };
  readonly #sides: Readonly<Record<Family, FamilyInstaller>>;
  #config: InstallerConfig;
  /** By hop set: 0 not asked yet, 1 usable, 2 not. */
  #usable = new Uint8Array(64);
  #own: readonly OwnRoute[] = [];
  readonly #asked: Readonly<Record<Family, Asked>> = {
    ipv4: { updates: 0, withdraws: 0 },
    ipv6: { updates: 0, withdraws: 0 },
  };

  /** @param links can packets leave by this interface? */
  constructor(
    config: InstallerConfig,
    port: NetlinkPort,
    hopSets: HopSetTable,
    links: { usable(link: number): boolean },
    around: Omit<Surroundings, "usable">,
    clock: Clock,
    log: Log,
    seed: number,
  ) {
    this.#config = config;
    this.#hopSets = hopSets;
    this.#links = links;
    this.#sender = new Sender(port, clock, (code) => around.doubt(`an answer was lost (${code})`));
    const surroundings = { ...around, usable: (hopSet: number) => this.#isUsable(hopSet) };
    const side = (family: Family): FamilyInstaller =>
      new FamilyInstaller(family, config, hopSets, surroundings, this.#sender, clock, log.with({ family }), seed);
    this.#sides = { ipv4: side("ipv4"), ipv6: side("ipv6") };
    this.#sender.attach([this.#sides.ipv4, this.#sides.ipv6]);
  }

  set4(address: number, length: number, hopSet: number): void {
    this.#asked.ipv4.updates++;
    this.#sides.ipv4.want(address, 0, 0, 0, length, LEARNED, hopSet);
  }

  set6(w0: number, w1: number, w2: number, w3: number, length: number, hopSet: number): void {
    this.#asked.ipv6.updates++;
    this.#sides.ipv6.want(w0, w1, w2, w3, length, LEARNED, hopSet);
  }

  clear4(address: number, length: number): void {
    this.#asked.ipv4.withdraws++;
    this.#sides.ipv4.want(address, 0, 0, 0, length, LEARNED, 0);
  }

  clear6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.#asked.ipv6.withdraws++;
    this.#sides.ipv6.want(w0, w1, w2, w3, length, LEARNED, 0);
  }

  /**
   * When the link of a hop set is lost, its routes will mostly go to `backup` (0: nowhere): where they share a nexthop
   * object, the kernel turns to it by itself, before anybody else knows.
   */
  setBackup(family: Family, hopSet: number, backup: number): void {
    this.#sides[family].groups.setBackup(hopSet, backup);
  }

  /** Nearly all routes of `hopSet` are about to be told to go to `next`: where they share an object, they go there now. */
  foresee(family: Family, hopSet: number, next: number): void {
    this.#sides[family].groups.foresee(hopSet, next);
  }

  /** All routes of the node itself, at OWN_METRIC; those not named any more go. */
  setOwn(routes: readonly OwnRoute[]): void {
    const before = prefixesOf(this.#own);
    const wanted = prefixesOf(routes);
    for (const { prefix } of this.#own) {
      if (wanted.has(formatPrefix(prefix))) continue;
      this.#asked[prefix.family].withdraws++;
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
      this.#sides[prefix.family].want(w0, w1, w2, w3, prefix.length, OWN, 0);
    }
    for (const { prefix, set } of routes) {
      if (!before.has(formatPrefix(prefix))) this.#asked[prefix.family].updates++;
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
      this.#sides[prefix.family].want(w0, w1, w2, w3, prefix.length, OWN, this.#hopSets.intern(set));
    }
    this.#own = routes;
  }

  /** Stops sending. @param then called once the last answer is in */
  pause(then: () => void): void {
    this.#sender.pause(then);
  }

  resume(): void {
    this.#sender.resume();
  }

  /** @param then called, once, when the kernel has answered everything, nothing waits for its turn and nobody pauses */
  whenQuiet(then: () => void): void {
    this.#sender.whenQuiet(then);
  }

  /** @param then called, once, when the kernel has, or has refused, all that is wanted now, whatever else comes meanwhile */
  whenTried(then: () => void): void {
    this.#sender.whenTried(then);
  }

  /** Begins a comparison with a dump, while paused. @param then called when the dump may come */
  beginCompare(then: () => void): void {
    this.#sides.ipv4.beginCompare(() => this.#sides.ipv6.beginCompare(then));
  }

  /** All nexthop objects of the dump, before its routes. */
  foundObjects(objects: readonly NextHopObject[]): void {
    for (const family of families) this.#sides[family].groups.adopt(objects);
  }

  /** A route of the dump with our mark. @param hopSet what it amounts to by its own attributes, or UNKNOWN */
  found(route: RouteFacts, hopSet: number): void {
    this.#sides[route.family].found(route, hopSet);
  }

  /** The dump is over: what it did not show is not there. @param then called when all is compared */
  endCompare(then: () => void): void {
    this.#sides.ipv4.endCompare(() => this.#sides.ipv6.endCompare(then));
  }

  /** Does the kernel hold learned routes of ours? What the F bit says (RFC 4724 §3). */
  holdsRoutes(family: Family): boolean {
    return this.#sides[family].store.holds(LEARNED);
  }

  /** Convergence is over: adopted routes that nobody asked for go. @returns how many */
  sweep(family: Family): number {
    const swept = this.#sides[family].store.sweep();
    this.#sender.schedule();
    return swept;
  }

  /** Nothing is wanted any more: all routes and objects with our mark go. */
  clearAll(): void {
    this.#own = [];
    for (const family of families) {
      const { store } = this.#sides[family];
      store.clearDesired();
      store.sweep();
      store.walk.unequal(undefined);
    }
    this.#sender.schedule();
  }

  /**
   * Somebody else deleted or changed a route with our mark: it is put right at once, and less often when that goes on.
   * @param hopSet 0 deleted; else what it is now by its own attributes, or UNKNOWN
   */
  disturbed(route: RouteFacts, hopSet: number): void {
    this.#sides[route.family].disturbed(route, hopSet);
  }

  /** Another's route came to this prefix and metric in the table that we write to. */
  displaced(route: RouteFacts): void {
    this.#sides[route.family].displaced(route);
  }

  /** Somebody else deleted or changed a nexthop object. */
  objectDisturbed(id: number, deleted: boolean): void {
    for (const family of families) this.#sides[family].groups.disturbed(id, deleted);
    this.#sender.schedule();
  }

  /** Links or foreign routes changed: what waited for that, or was refused, is looked at again. */
  surroundingsChanged(): void {
    this.#usable.fill(0);
    for (const family of families) this.#sides[family].surroundingsChanged();
  }

  /** The kernel silently drops routes over a link that goes down. @param which families it drops */
  linkDown(link: number, which: readonly Family[] = families): void {
    this.#usable.fill(0);
    const over = new Set<number>();
    for (let number = 1; number <= this.#hopSets.size; number++) {
      const set = this.#hopSets.get(number);
      if (set.kind === "unicast" && set.hops.some((hop) => hop.link === link)) over.add(number);
    }
    if (over.size === 0) return;
    for (const family of which) this.#sides[family].dropped(over);
  }

  /** The kernel silently drops nexthop objects over a link that loses its carrier, and routes that name them. */
  carrierLost(link: number): void {
    this.#usable.fill(0);
    for (const family of families) this.#sides[family].carrierLost(link);
  }

  /** The kernel silently drops routes whose preferred source goes. */
  sourceGone(family: Family): void {
    this.#sides[family].dropped();
  }

  /** Takes another metric, preferred source or use of nexthop objects over: new routes first, then the old ones go. */
  reconfigure(config: InstallerConfig): void {
    const isMoved = config.metric !== this.#config.metric;
    this.#config = config;
    this.#sender.pause(() => {
      for (const family of families) this.#sides[family].reconfigure(config);
      this.#sender.resume();
      if (isMoved) this.#sender.whenQuiet(() => this.#sweepSwept());
    });
  }

  /** Sweeps again where the sweep was: what became stale later has no other end. */
  #sweepSwept(): void {
    for (const family of families) if (!this.#sides[family].store.keepsStale) this.sweep(family);
  }

  /** What was asked for since the start. */
  asked(family: Family): Readonly<Asked> {
    return { ...this.#asked[family] };
  }

  counts(family: Family): InstallerCounts {
    const { store, failures } = this.#sides[family];
    const { wanted, installed, pending } = store;
    const objects = store.groups.all().length;
    return { wanted, installed, pending, failed: failures.size, reasons: failures.reasons(), objects };
  }

  /** Is there a route that the kernel refused? */
  refusesAny(family: Family): boolean {
    return this.#sides[family].failures.size > 0;
  }

  /** Why the learned route to this prefix is not in the kernel. */
  failureOf(prefix: Prefix, whose: typeof LEARNED | typeof OWN = LEARNED): Failure | undefined {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
    const { store, failures } = this.#sides[prefix.family];
    return failures.get(store.prefixes.find(w0, w1, w2, w3, prefix.length, whose));
  }

  /** The first refused routes, at most `most`, for status. */
  failing(family: Family, most: number): { readonly prefix: Prefix; readonly error: string }[] {
    const { store, failures } = this.#sides[family];
    return [...failures.all()].slice(0, most).flatMap((id) => {
      const prefix = parsePrefix(store.format(id));
      const failure = failures.get(id);
      return prefix && failure ? [{ prefix, error: failure.reason }] : [];
    });
  }

  /** Does the kernel hold the learned route to this prefix as it is wanted? */
  isInstalled(prefix: Prefix, whose: typeof LEARNED | typeof OWN = LEARNED): boolean {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
    const { store } = this.#sides[prefix.family];
    const id = store.prefixes.find(w0, w1, w2, w3, prefix.length, whose);
    return id !== 0 && store.desired(id) !== 0 && store.desired(id) === store.content(id);
  }

  #isUsable(hopSet: number): boolean {
    if (hopSet >= this.#usable.length) this.#usable = grown(this.#usable, hopSet);
    if (this.#usable[hopSet] === 0) {
      const set = this.#hopSets.get(hopSet);
      const usable = set.kind === "blackhole" || set.hops.every(({ link }) => this.#links.usable(link));
      this.#usable[hopSet] = usable ? 1 : 2;
    }
    return this.#usable[hopSet] === 1;
  }
}

function grown(array: Uint8Array<ArrayBuffer>, index: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(array.length * 2, index + 1));
  larger.set(array);
  return larger;
}
