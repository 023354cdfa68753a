import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { HopSetTable } from "#route/hop-set.ts";
import { Conflicts } from "./conflicts.ts";
import { Failures, heldReason, refusalReason } from "./failures.ts";
import { BATCH_MESSAGES, type Flight, Flights } from "./flights.ts";
import { GroupWriter } from "./group-writer.ts";
import type { Answer, Refusal } from "./netlink-port.ts";
import { plan } from "./plan.ts";
import { DOUBTED, FAILED, IN_FLIGHT, STALE } from "./route-flags.ts";
import { LEARNED, RouteStore } from "./route-store.ts";
import type { Batch, Sender, Source } from "./sender.ts";
import type { InstallerConfig, Surroundings } from "./surroundings.ts";
import { UNKNOWN, VIA_GROUP } from "./target.ts";
import { Templates } from "./templates.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "./wire/constants.ts";
import { MOST_ROUTE_WORDS, putRoute, type RouteFacts } from "./wire/route.ts";
import { type Wish, Wishes } from "./wishes.ts";

/** Failures are looked through this often. */
const RETRY_MS = 1_000;
/** Metric of the node's own blackholes: every other route to the same block wins. */
export const OWN_METRIC = 1_000_000;
const CREATE = NLM_F_CREATE | NLM_F_EXCL;
const REPLACE = NLM_F_CREATE | NLM_F_REPLACE;

/** The installer of one family: which route needs which message, and what answers and notifications mean for it. */
export class FamilyInstaller implements Source {
  readonly #store: RouteStore;
  readonly #groups: GroupWriter;
  readonly #failures: Failures;
  /** What the store has not been told yet; it is before anybody looks. */
  readonly #wishes = new Wishes();
  readonly #family: Family;
  #config: InstallerConfig;
  readonly #hopSets: HopSetTable;
  readonly #around: Surroundings;
  readonly #sender: Sender;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #conflicts: Conflicts;
  /** By layer. */
  readonly #templates: Templates[] = [];
  readonly #flights = new Flights();
  /** A route waits for its link. */
  #parked = false;
  #retry: Timer | undefined;
  #retryAllAtMs = 0;
  #full = false;

  constructor(
    family: Family,
    config: InstallerConfig,
    hopSets: HopSetTable,
    around: Surroundings,
    sender: Sender,
    clock: Clock,
    log: Log,
    seed: number,
  ) {
    this.#family = family;
    this.#config = config;
    this.#hopSets = hopSets;
    this.#around = around;
    this.#sender = sender;
    this.#clock = clock;
    this.#log = log;
    this.#store = new RouteStore(family, [config.metric, OWN_METRIC], seed);
    const usable = (hopSet: number): boolean => around.usable(hopSet);
    this.#groups = new GroupWriter(this.#store, hopSets, config, sender, clock, log, usable);
    this.#failures = new Failures(log);
    this.#conflicts = new Conflicts(log, clock);
  }

  get store(): RouteStore {
    this.#settleWishes();
    return this.#store;
  }

  get groups(): GroupWriter {
    this.#settleWishes();
    return this.#groups;
  }

  get failures(): Failures {
    this.#settleWishes();
    return this.#failures;
  }

  /** @param hopSet 0: no route */
  want(w0: number, w1: number, w2: number, w3: number, length: number, layer: number, hopSet: number): void {
    this.#wishes.add(w0, w1, w2, w3, length, layer, hopSet);
    if (this.#wishes.isFull) this.#settleWishes();
    this.#sender.schedule();
  }

  #settleWishes(): void {
    if (this.#wishes.count > 0) this.#wishes.take(this.#store.prefixes, this.#wish);
  }

  readonly #wish: Wish = (w0, w1, w2, w3, length, layer, hopSet) => {
    const { prefixes } = this.#store;
    if (hopSet === 0) {
      const id = prefixes.find(w0, w1, w2, w3, length, layer);
      if (id !== 0) this.#desire(id, 0);
      return;
    }
    const id = prefixes.add(w0, w1, w2, w3, length, layer);
    if (id !== 0) this.#desire(id, hopSet);
    else if (!this.#full) this.#log.error("the table of kernel routes is full: further routes are not installed");
    this.#full ||= id === 0;
  };

  #desire(id: number, hopSet: number): void {
    const store = this.#store;
    store.setDesired(id, hopSet);
    store.endStale(id);
    if (store.is(id, FAILED)) this.#recovered(id);
    this.#settle(id);
  }

  /** Gives a route its turn if it is not as wanted, forgets it if nothing is left of it. */
  #settle(id: number): void {
    const store = this.#store;
    // The answer of one on its way looks again, a refused one has its own times, a stale one is kept as it is.
    if (store.is(id, IN_FLIGHT | FAILED | STALE)) return;
    if (store.content(id) === store.desired(id)) store.releaseIfIdle(id);
    else store.enqueue(id);
  }

  #recovered(id: number): void {
    this.#store.unmark(id, FAILED);
    this.#failures.clear(id);
  }

  get pending(): number {
    return this.#store.pending + this.#wishes.count;
  }

  checkpoint(): () => boolean {
    return this.store.checkpoint();
  }

  prepare(): void {
    this.groups.decide();
  }

  fill(room: Uint32Array, budget: number): { looked: number; batch: Batch | undefined } {
    const flight = this.#flights.take();
    let looked = this.store.walkOn(budget);
    let words = 0;
    let last = 0;
    while (looked < budget && flight.count < BATCH_MESSAGES && words + MOST_ROUTE_WORDS <= room.length) {
      const id = this.store.take();
      if (id === 0) break;
      looked++;
      const past = this.#write(flight, room, words, id);
      if (past === words) continue;
      last = words;
      words = past;
    }
    if (flight.count === 0) {
      this.#flights.release(flight);
      return { looked, batch: undefined };
    }
    return { looked, batch: { words, last, answered: (answer) => this.#answered(flight, answer) } };
  }

  /** Writes what route `id` needs, if anything. @returns the word past it */
  #write(flight: Flight, room: Uint32Array, at: number, id: number): number {
    const store = this.#store;
    const { prefixes: p } = store;
    if (store.is(id, IN_FLIGHT)) return at;
    const desired = store.desired(id);
    const usable = desired === 0 || this.#around.usable(desired);
    const held = desired !== 0 && usable && this.#isHeld(id);
    const step = plan(desired, store.content(id), p.marks(id), usable, held);
    if (step === "wait") this.#parked = true;
    if (step === "nothing") store.releaseIfIdle(id);
    if (step === "nothing" || step === "wait" || step === "yield") return at;
    const layer = p.layer(id);
    const target = layer === LEARNED && desired !== 0 ? this.#groups.target(id, desired) : desired;
    if (target === undefined) return at;
    const group = target >= VIA_GROUP ? store.groups.get(target) : undefined;
    if (group !== undefined) group.flights++;
    store.mark(id, IN_FLIGHT);
    flight.ids[flight.count] = id;
    flight.sent[flight.count] = target;
    const template = this.#template(layer).get(target, group?.id ?? 0);
    const flags = step === "create" ? CREATE : step === "replace" ? REPLACE : 0;
    const w0 = p.word(id, 0);
    return putRoute(
      room,
      at,
      template,
      flags,
      flight.count++,
      w0,
      p.word(id, 1),
      p.word(id, 2),
      p.word(id, 3),
      p.length(id),
    );
  }

  #template(layer: number): Templates {
    const known = this.#templates[layer];
    if (known !== undefined) return known;
    const { table, protocol, preferredSource } = this.#config;
    const mark = { table, protocol, metric: this.#store.metrics[layer]! };
    const source = layer === LEARNED ? preferredSource[this.#family] : undefined;
    const made = new Templates(this.#family, mark, this.#hopSets, source);
    this.#templates[layer] = made;
    return made;
  }

  /** Does another's route stand where we would create one? Tells of conflicts by the other's name. */
  #isHeld(id: number): boolean {
    const store = this.#store;
    const { prefixes: p } = store;
    const actual = store.actual(id);
    if (actual !== 0 && actual !== UNKNOWN) return false;
    const w0 = p.word(id, 0);
    const others = this.#around.beside(this.#family, w0, p.word(id, 1), p.word(id, 2), p.word(id, 3), p.length(id));
    if (others.length === 0) return false;
    const metric = store.metrics[p.layer(id)]!;
    const holder = others.find((route) => route.metric === metric && route.tos === 0);
    if (holder !== undefined) {
      this.#conflicts.held(holder.protocol, store.format(id));
      this.#fail(id, "EEXIST", heldReason(holder.protocol));
      return true;
    }
    if (others[0]!.metric < metric) this.#conflicts.shadowed(others[0]!, store.format(id), metric);
    return false;
  }

  #answered(flight: Flight, answer: Answer): void {
    const store = this.#store;
    this.#fetch(flight);
    let next = 0;
    for (let index = 0; index < flight.count; index++) {
      const id = flight.ids[index]!;
      const sent = flight.sent[index]!;
      const refusal = answer.refusals[next]?.index === index ? answer.refusals[next++] : undefined;
      const alive = sent < VIA_GROUP || store.groups.landed(sent);
      const doubted = answer.lost !== undefined || !alive || store.is(id, DOUBTED);
      store.unmark(id, IN_FLIGHT | DOUBTED);
      if (doubted) store.setActual(id, UNKNOWN);
      else if (refusal === undefined) this.#done(id, sent);
      else this.#refused(id, sent, refusal);
      this.#settle(id);
    }
    this.#flights.release(flight);
  }

  /** Routes that were deleted are going to be forgotten. */
  #fetch({ ids, sent, count }: Flight): void {
    const { prefixes } = this.#store;
    let touched = 0;
    for (let index = 0; index < count; index++) if (sent[index] === 0) touched ^= prefixes.touch(ids[index]!);
    prefixes.touched = touched;
  }

  #done(id: number, sent: number): void {
    this.#store.setActual(id, sent);
    if (this.#store.is(id, FAILED)) this.#recovered(id);
  }

  #refused(id: number, sent: number, { code, text }: Refusal): void {
    const store = this.#store;
    if (sent === 0 && (code === "ESRCH" || code === "ENOENT")) {
      this.#done(id, 0); // already gone
      return;
    }
    // An IPv6 route is replaced hop by hop: a refusal half-way leaves neither the old nor the new one.
    if (store.actual(id) !== 0) store.setActual(id, UNKNOWN);
    const wanted = sent >= VIA_GROUP ? store.groups.content(sent) : sent;
    if (wanted !== store.desired(id)) return; // what is wanted now is tried at once
    this.#fail(id, code, refusalReason(code, text));
    if (code === "EEXIST") this.#around.doubt("a route is in the kernel's table that we did not know");
  }

  #fail(id: number, code: string, reason: string): void {
    this.#store.mark(id, FAILED);
    this.#failures.note(id, this.#store.format(id), code, reason, this.#clock.nowMs());
    this.#retry ??= this.#clock.after(RETRY_MS, () => this.#retryDue());
  }

  #retryDue(): void {
    this.#retry = undefined;
    for (const id of this.#failures.due(this.#clock.nowMs())) this.#store.enqueue(id);
    if (this.#failures.size > 0) this.#retry = this.#clock.after(RETRY_MS, () => this.#retryDue());
    this.#sender.schedule();
  }

  /** Begins a comparison with a dump, while nothing is on its way. @param then called when the dump may come */
  beginCompare(then: () => void): void {
    this.store.beginCompare((slice) => this.#clock.soon(slice), then);
  }

  /** A route of the dump with our mark. @param hopSet what it amounts to by its own attributes, or UNKNOWN */
  found({ w0, w1, w2, w3, length, metric, object }: RouteFacts, hopSet: number): void {
    this.store.found(w0, w1, w2, w3, length, metric, this.#target(hopSet, object));
  }

  endCompare(then: () => void): void {
    const soon = (slice: () => void): void => this.#clock.soon(slice);
    this.store.endCompare(soon, () => {
      for (const id of [...this.failures.all()]) {
        if (this.store.content(id) === this.store.desired(id)) this.#recovered(id);
      }
      then();
    });
  }

  #target(hopSet: number, object: number): number {
    return object === 0 || hopSet === 0 ? hopSet : (this.#store.groups.byId(object)?.target ?? UNKNOWN);
  }

  /** Somebody else deleted or changed a route with our mark. @param hopSet 0 deleted; else as in `found` */
  disturbed({ w0, w1, w2, w3, length, metric, object }: RouteFacts, hopSet: number): void {
    const { store } = this;
    const layer = store.layerOf(metric);
    const target = this.#target(hopSet, object);
    let id = layer === undefined ? 0 : store.prefixes.find(w0, w1, w2, w3, length, layer);
    if (id === 0 && target !== 0) id = store.found(w0, w1, w2, w3, length, metric, target);
    else if (id !== 0 && (store.is(id, IN_FLIGHT) || store.actual(id) !== target)) this.#doubt(id, target);
    if (id === 0) return;
    this.#settle(id);
    this.#sender.schedule();
  }

  /** Another's route came to a place: if ours was there it is pushed aside, or joined (IPv6). */
  displaced({ w0, w1, w2, w3, length, metric }: RouteFacts): void {
    const { store } = this;
    const layer = store.layerOf(metric);
    const id = layer === undefined ? 0 : store.prefixes.find(w0, w1, w2, w3, length, layer);
    if (id === 0) return;
    if (store.is(id, IN_FLIGHT)) store.mark(id, DOUBTED);
    else if (store.actual(id) === 0) return;
    store.setActual(id, UNKNOWN);
    this.#settle(id);
    this.#sender.schedule();
  }

  #doubt(id: number, target: number): void {
    const store = this.#store;
    if (store.is(id, IN_FLIGHT)) store.mark(id, DOUBTED);
    // Not 0 for a deletion: it may be an old one, told after we have put the route there anew.
    store.setActual(id, target === 0 ? UNKNOWN : target);
    const desired = store.desired(id);
    if (desired === 0 || !this.#around.usable(desired) || !this.#conflicts.disturbed(store.format(id))) return;
    this.#fail(id, "EAGAIN", "another program changes or deletes it again and again");
  }

  /** Links or foreign routes changed: what waited for that, or was refused, is looked at again. */
  surroundingsChanged(): void {
    this.groups.guardAll();
    const now = this.#clock.nowMs();
    if (!this.#parked && (this.failures.size === 0 || now < this.#retryAllAtMs)) return;
    this.#parked = false;
    this.#retryAllAtMs = now + RETRY_MS;
    this.groups.linksChanged();
    this.store.walk.unequal(undefined);
    this.#sender.schedule();
  }

  /** Another metric, preferred source or use of objects. Nothing may be on its way. */
  reconfigure(config: InstallerConfig): void {
    const { metric, preferredSource, nextHopObjects } = this.#config;
    this.#config = config;
    this.#templates.length = 0;
    if (config.nextHopObjects !== nextHopObjects) this.groups.setMode(config.nextHopObjects);
    if (config.metric !== metric) this.store.changeMetric(config.metric);
    const source = (address: Address | undefined): string => `${address?.words}`;
    if (source(config.preferredSource[this.#family]) !== source(preferredSource[this.#family])) this.dropped();
  }

  /** The kernel silently dropped routes that go by these hop sets, or by any. */
  dropped(hopSets?: ReadonlySet<number>): void {
    if (hopSets === undefined) this.store.walk.forget("all");
    else this.store.forget(hopSets, UNKNOWN);
    this.#parked = true;
    this.#sender.schedule();
  }

  /** The kernel silently dropped nexthop objects over a link, and routes that name them. */
  carrierLost(link: number): void {
    this.groups.linkLost(link);
    this.#parked = true;
    this.#sender.schedule();
  }
}
