import type { KernelConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { type Family, families } from "#route/family.ts";
import type { HopSet, HopSetTable } from "#route/hop-set.ts";
import { type Prefix, samePrefix } from "#route/prefix.ts";
import { type Failure, Failures, heldReason, refusalReason } from "./failures.ts";
import type { Answer, NetlinkPort, Refusal } from "./netlink-port.ts";
import { plan } from "./plan.ts";
import { FAILED, IN_FLIGHT, LEARNED, OWN, RouteStore, SEEN, STALE, UNKNOWN } from "./route-store.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "./wire/constants.ts";
import { askAcknowledgement, deleteTemplate, putRoute, type RouteTemplate, routeTemplate } from "./wire/route.ts";

/** Messages a batch: beyond 50 nothing is gained, and 200 hold the kernel's lock for less than a millisecond. */
const BATCH_MESSAGES = 200;
/** Words that one message may need: a route of 256 IPv6 hops. */
const MESSAGE_WORDS = 2048;
/** Routes that one turn looks at, so that routes which need nothing do not hold the turn. */
const TURN_ROUTES = 4096;
/** Metric of the node's own blackholes: every other route to the same block wins. */
export const OWN_METRIC = 1_000_000;
const CREATE = NLM_F_CREATE | NLM_F_EXCL;
const REPLACE = NLM_F_CREATE | NLM_F_REPLACE;

export type InstallerConfig = Pick<
  KernelConfig,
  "table" | "metric" | "protocol" | "nextHopObjects" | "preferredSource"
>;

/** What the installer asks others. */
export interface Surroundings {
  /** Can packets leave by this interface? */
  usable(link: number): boolean;
  /** Protocol of a foreign route at this place of our table, undefined where there is none. */
  heldBy(
    family: Family,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    metric: number,
  ): number | undefined;
  /** What we believe of the kernel is wrong or incomplete: dump and compare. */
  doubt(why: string): void;
}

/** A route of the node itself: a blackhole against loops, or a host route. */
export interface OwnRoute {
  readonly prefix: Prefix;
  readonly set: HopSet;
}

interface Batch {
  readonly store: RouteStore;
  readonly ids: Uint32Array;
  /** What each route's `actual` is once it is done. */
  readonly sent: Uint32Array;
  count: number;
}

/** What is not yet as wanted, and why. */
export interface InstallerCounts {
  readonly wanted: number;
  readonly installed: number;
  /** Waiting for their turn or for the kernel's answer. */
  readonly pending: number;
  readonly failed: number;
}

/**
 * Makes the kernel's table equal to what is wanted: `ForwardingTable` of the RIB's ports. Calls only note; what is noted
 * goes out at the end of the turn in batches, a few at a time on their way. A route that changes while it is on its way
 * is looked at again when the answer comes. Refusals are kept per route and tried again.
 */
export class Installer {
  readonly #port: NetlinkPort;
  readonly #hopSets: HopSetTable;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #around: Surroundings;
  readonly #config: InstallerConfig;
  readonly #stores: Readonly<Record<Family, RouteStore>>;
  readonly #failures: Readonly<Record<Family, Failures>>;
  readonly #templates: Readonly<Record<Family, (RouteTemplate | undefined)[][]>>;
  /** By hop set: 0 not asked yet, 1 usable, 2 not. */
  #usable = new Uint8Array(64);
  #own: readonly OwnRoute[] = [];
  #swept: Record<Family, boolean> = { ipv4: false, ipv6: false };
  #paused = true;
  #scheduled = false;
  #inFlight = 0;
  #turn = 0;
  #retry: Timer | undefined;
  #whenQuiet: (() => void)[] = [];
  #full = false;

  constructor(
    config: InstallerConfig,
    port: NetlinkPort,
    hopSets: HopSetTable,
    around: Surroundings,
    clock: Clock,
    log: Log,
    seed: number,
  ) {
    this.#config = config;
    this.#port = port;
    this.#hopSets = hopSets;
    this.#around = around;
    this.#clock = clock;
    this.#log = log;
    this.#stores = { ipv4: new RouteStore("ipv4", seed), ipv6: new RouteStore("ipv6", seed) };
    this.#failures = { ipv4: new Failures("ipv4", log), ipv6: new Failures("ipv6", log) };
    this.#templates = { ipv4: [[], []], ipv6: [[], []] };
  }

  set4(address: number, length: number, hopSet: number): void {
    this.#set(this.#stores.ipv4, address, 0, 0, 0, length, LEARNED, hopSet);
  }

  set6(w0: number, w1: number, w2: number, w3: number, length: number, hopSet: number): void {
    this.#set(this.#stores.ipv6, w0, w1, w2, w3, length, LEARNED, hopSet);
  }

  clear4(address: number, length: number): void {
    this.#clear(this.#stores.ipv4, address, 0, 0, 0, length, LEARNED);
  }

  clear6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.#clear(this.#stores.ipv6, w0, w1, w2, w3, length, LEARNED);
  }

  /** All routes of the node itself, at OWN_METRIC; those not named any more go. */
  setOwn(routes: readonly OwnRoute[]): void {
    for (const { prefix } of this.#own) {
      if (routes.some((route) => samePrefix(route.prefix, prefix))) continue;
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
      this.#clear(this.#stores[prefix.family], w0, w1, w2, w3, prefix.length, OWN);
    }
    for (const { prefix, set } of routes) {
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
      this.#set(this.#stores[prefix.family], w0, w1, w2, w3, prefix.length, OWN, this.#hopSets.intern(set));
    }
    this.#own = routes;
  }

  #set(
    store: RouteStore,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    layer: number,
    hopSet: number,
  ): void {
    const id = store.add(w0, w1, w2, w3, length, layer);
    if (id === 0) {
      if (!this.#full) this.#log.error("the table of kernel routes is full: further routes are not installed");
      this.#full = true;
      return;
    }
    store.setDesired(id, hopSet);
    this.#changed(store, id);
  }

  #clear(store: RouteStore, w0: number, w1: number, w2: number, w3: number, length: number, layer: number): void {
    const id = store.prefixes.find(w0, w1, w2, w3, length, layer);
    if (id === 0) return;
    store.setDesired(id, 0);
    this.#changed(store, id);
  }

  #changed(store: RouteStore, id: number): void {
    const flags = store.flags[id]!;
    if ((flags & (STALE | FAILED)) !== 0) {
      store.flags[id] = flags & ~(STALE | FAILED);
      if ((flags & FAILED) !== 0) this.#failures[store.family].clear(id);
    }
    if ((flags & IN_FLIGHT) === 0 && store.actual[id] === store.desired[id]) store.releaseIfIdle(id);
    else this.#look(store, id);
  }

  #look(store: RouteStore, id: number): void {
    if ((store.flags[id]! & IN_FLIGHT) !== 0) return; // its answer looks again
    store.enqueue(id);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    let budget = TURN_ROUTES;
    while (!this.#paused && budget > 0 && this.#pending > 0) {
      const room = this.#port.room();
      if (room === undefined) return; // an answer comes, and with it the next turn
      const store = this.#nextStore();
      const batch = { store, ids: new Uint32Array(BATCH_MESSAGES), sent: new Uint32Array(BATCH_MESSAGES), count: 0 };
      budget = this.#fill(batch, room, budget);
    }
    if (this.#pending > 0) this.#schedule();
    else this.#quiet();
  }

  get #pending(): number {
    return this.#stores.ipv4.pending + this.#stores.ipv6.pending;
  }

  /** The families in turn, while both have something. */
  #nextStore(): RouteStore {
    const { ipv4, ipv6 } = this.#stores;
    if (ipv4.pending === 0) return ipv6;
    if (ipv6.pending === 0) return ipv4;
    return this.#turn++ % 2 === 0 ? ipv4 : ipv6;
  }

  /** Writes and submits one batch. @returns what is left of `budget` */
  #fill(batch: Batch, room: Uint32Array, budget: number): number {
    const { store } = batch;
    let looked = 0;
    let words = 0;
    let last = 0;
    while (looked < budget && batch.count < BATCH_MESSAGES && words + MESSAGE_WORDS <= room.length) {
      const id = store.take();
      if (id === 0) break;
      looked++;
      const past = this.#write(batch, room, words, id);
      if (past === words) continue;
      last = words;
      words = past;
    }
    if (batch.count === 0) {
      this.#port.release(room);
      return budget - looked;
    }
    askAcknowledgement(room, last);
    this.#inFlight++;
    this.#port.submit(room, words, (answer) => this.#answered(batch, answer));
    return budget - looked;
  }

  /** Writes what route `id` needs, if anything. @returns the word past it */
  #write(batch: Batch, room: Uint32Array, at: number, id: number): number {
    const { store } = batch;
    const { prefixes: p } = store;
    const flags = store.flags[id]!;
    if ((flags & IN_FLIGHT) !== 0) return at;
    const desired = store.desired[id]!;
    const actual = store.actual[id]!;
    const w0 = p.word(id, 0);
    const w1 = p.word(id, 1);
    const w2 = p.word(id, 2);
    const w3 = p.word(id, 3);
    const length = p.length(id);
    const layer = p.layer(id);
    const holder =
      desired !== 0 && (actual === 0 || actual === UNKNOWN)
        ? this.#around.heldBy(store.family, w0, w1, w2, w3, length, this.#metric(layer))
        : undefined;
    const step = plan(desired, actual, flags, desired === 0 || this.#isUsable(desired), holder !== undefined);
    if (step === "yield") this.#fail(store, id, "EEXIST", heldReason(holder!));
    if (step === "nothing") store.releaseIfIdle(id);
    if (step === "nothing" || step === "wait" || step === "yield") return at;
    store.flags[id] = flags | IN_FLIGHT;
    batch.ids[batch.count] = id;
    batch.sent[batch.count] = desired;
    const template = this.#template(store.family, layer, desired);
    const messageFlags = step === "create" ? CREATE : step === "replace" ? REPLACE : 0;
    return putRoute(room, at, template, messageFlags, batch.count++, w0, w1, w2, w3, length);
  }

  #answered(batch: Batch, answer: Answer): void {
    this.#inFlight--;
    const { store } = batch;
    let next = 0;
    for (let index = 0; index < batch.count; index++) {
      const id = batch.ids[index]!;
      const refusal = answer.refusals[next]?.index === index ? answer.refusals[next++] : undefined;
      store.flags[id]! &= ~IN_FLIGHT;
      if (answer.lost !== undefined) store.setActual(id, UNKNOWN);
      else if (refusal !== undefined) this.#refused(store, id, batch.sent[index]!, refusal);
      else this.#done(store, id, batch.sent[index]!);
      if ((store.flags[id]! & FAILED) === 0) this.#settle(store, id);
    }
    if (answer.lost !== undefined) this.#around.doubt(`the kernel's answer to a batch was lost (${answer.lost})`);
    if (this.#pending > 0) this.#schedule();
    else this.#quiet();
  }

  #done(store: RouteStore, id: number, sent: number): void {
    // A link that went down meanwhile took its routes along, whatever the answer says.
    store.setActual(id, sent === 0 || this.#isUsable(sent) ? sent : UNKNOWN);
    if ((store.flags[id]! & FAILED) === 0) return;
    store.flags[id]! &= ~FAILED;
    this.#failures[store.family].clear(id);
  }

  #refused(store: RouteStore, id: number, sent: number, { code, text }: Refusal): void {
    if (sent === 0 && (code === "ESRCH" || code === "ENOENT")) {
      this.#done(store, id, 0); // already gone
      return;
    }
    // An IPv6 route is replaced hop by hop: a refusal half-way leaves neither the old nor the new one.
    if (store.actual[id] !== 0) store.setActual(id, UNKNOWN);
    if (sent !== store.desired[id]) return; // not wanted any more: what is wanted now is tried at once
    this.#fail(store, id, code, refusalReason(code, text));
    if (code === "EEXIST") this.#around.doubt("a route is in the kernel's table that we did not know");
  }

  #fail(store: RouteStore, id: number, code: string, reason: string): void {
    store.flags[id]! |= FAILED;
    this.#failures[store.family].note(id, store.format(id), code, reason, this.#clock.nowMs());
    this.#retry ??= this.#clock.after(1_000, () => this.#retryDue());
  }

  #retryDue(): void {
    this.#retry = undefined;
    for (const family of families) {
      for (const id of this.#failures[family].due(this.#clock.nowMs())) this.#look(this.#stores[family], id);
    }
    if (this.#failures.ipv4.size + this.#failures.ipv6.size === 0) return;
    this.#retry = this.#clock.after(1_000, () => this.#retryDue());
  }

  /** After an answer: look again if it is not as wanted, forget it if there is nothing left of it. */
  #settle(store: RouteStore, id: number): void {
    if (store.actual[id] === store.desired[id]) store.releaseIfIdle(id);
    else store.enqueue(id);
  }

  #isUsable(hopSet: number): boolean {
    if (hopSet >= this.#usable.length) this.#usable = grown(this.#usable, hopSet);
    if (this.#usable[hopSet] === 0) {
      const set = this.#hopSets.get(hopSet);
      const usable = set.kind === "blackhole" || set.hops.every(({ link }) => this.#around.usable(link));
      this.#usable[hopSet] = usable ? 1 : 2;
    }
    return this.#usable[hopSet] === 1;
  }

  #metric(layer: number): number {
    return layer === LEARNED ? this.#config.metric : OWN_METRIC;
  }

  #template(family: Family, layer: number, target: number): RouteTemplate {
    const templates = this.#templates[family][layer]!;
    const known = templates[target];
    if (known !== undefined) return known;
    const { table, protocol, preferredSource } = this.#config;
    const mark = { table, protocol, metric: this.#metric(layer) };
    const source = layer === LEARNED ? preferredSource[family] : undefined;
    const made =
      target === 0 ? deleteTemplate(family, mark) : routeTemplate(family, mark, this.#hopSets.get(target), source);
    templates[target] = made;
    return made;
  }

  /** Stops sending. @param then called once the last answer is in */
  pause(then: () => void): void {
    this.#paused = true;
    this.#whenQuiet.push(then);
    this.#quiet();
  }

  resume(): void {
    this.#paused = false;
    if (this.#pending > 0) this.#schedule();
  }

  #quiet(): void {
    if (this.#inFlight > 0) return;
    if (!this.#paused && this.#pending > 0) return;
    for (const then of this.#whenQuiet.splice(0)) then();
  }

  /** Begins a comparison with a dump of `family`; nothing may be on its way. */
  beginCompare(family: Family): void {
    const { flags } = this.#stores[family];
    for (let id = 0; id < flags.length; id++) flags[id]! &= ~SEEN;
  }

  /**
   * A route with our mark that the kernel holds. @param metric one of ours, or `undefined` is returned
   * @param target hop set, or UNKNOWN
   * @returns false where no route of ours can be at such a place (another metric or TOS): it is an orphan
   */
  found(
    family: Family,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    metric: number,
    target: number,
  ): boolean {
    const layer = this.#layer(metric);
    if (layer === undefined) return false;
    const store = this.#stores[family];
    const id = store.add(w0, w1, w2, w3, length, layer);
    if (id === 0) return true;
    store.flags[id]! |= SEEN;
    if (store.desired[id] === 0 && store.actual[id] === 0 && !this.#swept[family]) store.flags[id]! |= STALE;
    store.setActual(id, target);
    return true;
  }

  /** The dump is over: what it did not show is not there. */
  endCompare(family: Family): void {
    const store = this.#stores[family];
    for (let id = 1; id < store.prefixes.end; id++) {
      if (!store.prefixes.has(id)) continue;
      const seen = (store.flags[id]! & SEEN) !== 0;
      store.flags[id]! &= ~SEEN;
      if (!seen) {
        store.setActual(id, 0);
        store.flags[id]! &= ~STALE;
      }
      if (store.actual[id] === store.desired[id]) store.releaseIfIdle(id);
      else store.enqueue(id);
    }
    this.#schedule();
  }

  #layer(metric: number): number | undefined {
    if (metric === this.#config.metric) return LEARNED;
    return metric === OWN_METRIC ? OWN : undefined;
  }

  /** Does the kernel hold learned routes of ours? What the F bit says (RFC 4724 §3). */
  holdsRoutes(family: Family): boolean {
    const { prefixes, actual } = this.#stores[family];
    for (let id = 1; id < prefixes.end; id++) {
      if (prefixes.has(id) && prefixes.layer(id) === LEARNED && actual[id] !== 0) return true;
    }
    return false;
  }

  /** Convergence is over: adopted routes that nobody asked for go. @returns how many */
  sweep(family: Family): number {
    this.#swept[family] = true;
    const store = this.#stores[family];
    let swept = 0;
    for (let id = 1; id < store.prefixes.end; id++) {
      if (!store.prefixes.has(id) || (store.flags[id]! & STALE) === 0) continue;
      store.flags[id]! &= ~STALE;
      swept++;
      this.#look(store, id);
    }
    return swept;
  }

  /** The kernel told that a route of ours was deleted or changed by somebody else. @param target as in `found` */
  disturbed(
    family: Family,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    metric: number,
    target: number,
  ): boolean {
    const layer = this.#layer(metric);
    if (layer === undefined) return false;
    const store = this.#stores[family];
    const id = store.prefixes.find(w0, w1, w2, w3, length, layer);
    if (id === 0) return false;
    if (store.desired[id] !== 0 && store.actual[id] === target) return false;
    store.setActual(id, target);
    this.#look(store, id);
    return true;
  }

  /** Links or addresses changed: what waited for a link is looked at again. */
  linksChanged(): void {
    this.#usable.fill(0);
    for (const family of families) {
      const store = this.#stores[family];
      for (let id = 1; id < store.prefixes.end; id++) {
        if (!store.prefixes.has(id) || store.actual[id] === store.desired[id]) continue;
        if ((store.flags[id]! & STALE) === 0) this.#look(store, id);
      }
    }
  }

  /** The kernel drops the routes over a link that goes down, without a word about IPv4 ones. */
  linkDown(link: number): void {
    this.#usable.fill(0);
    const over = new Set<number>();
    for (let set = 1; set <= this.#hopSets.size; set++) {
      const hopSet = this.#hopSets.get(set);
      if (hopSet.kind === "unicast" && hopSet.hops.some((hop) => hop.link === link)) over.add(set);
    }
    if (over.size === 0) return;
    for (const family of families) {
      const store = this.#stores[family];
      for (let id = 1; id < store.prefixes.end; id++) {
        if (store.prefixes.has(id) && over.has(store.actual[id]!)) store.setActual(id, UNKNOWN);
      }
    }
  }

  counts(family: Family): InstallerCounts {
    const store = this.#stores[family];
    const { wanted, installed } = store;
    return { wanted, installed, pending: store.pending, failed: this.#failures[family].size };
  }

  /** Why the learned route to this prefix is not in the kernel. */
  failureOf(prefix: Prefix): Failure | undefined {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
    const id = this.#stores[prefix.family].prefixes.find(w0, w1, w2, w3, prefix.length, LEARNED);
    return this.#failures[prefix.family].get(id);
  }
}

function grown(array: Uint8Array<ArrayBuffer>, index: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(array.length * 2, index + 1));
  larger.set(array);
  return larger;
}
