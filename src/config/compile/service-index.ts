import { type Steps, sortSteps } from "#lib/steps.ts";
import { VersionedMap } from "#lib/versioned-map.ts";
import type { OriginatedPrefix } from "../node-config.ts";
import type { ConfigObject } from "../objects.ts";
import { share } from "./share.ts";

type Services = VersionedMap<ConfigObject<"Service">>;
type Slices = VersionedMap<ConfigObject<"EndpointSlice">>;

/** What one Service makes us originate, and by which of the advertisements. */
export interface Offer {
  /** Text of the prefix. */
  readonly key: string;
  readonly rank: number;
  readonly originated: OriginatedPrefix;
}

/** Where a Service has ready endpoints, as bits; `service` is empty where the slice says nothing. */
export interface Readiness {
  readonly service: string;
  readonly bits: number;
}

/** The rules: pure, and the same for the life of an index. */
export interface ServiceRules {
  ready(slice: ConfigObject<"EndpointSlice">): Readiness;
  offers(service: ConfigObject<"Service">, bits: number): readonly Offer[];
}

/** `OriginatedPrefix.source` of what a Service makes us originate; in the order of names. */
export const sourceOf = (service: string): string => `service/${service}`;

/** Items between two pauses. */
const ITEMS = 64;

/**
 * What Services make us originate, worked out anew only for those that changed. Of two with one prefix the better
 * advertisement stays, then the first by name. The result follows from what it is given, whatever came before.
 */
export class ServiceIndex {
  readonly #rules: ServiceRules;
  #services: Services = VersionedMap.of([]);
  #slices: Slices = VersionedMap.of([]);
  readonly #readiness = new Map<string, Readiness>();
  readonly #slicesOf = new Map<string, readonly string[]>();
  readonly #offers = new Map<string, readonly Offer[]>();
  /** By prefix: the Service whose offer stays. */
  readonly #best = new Map<string, string>();
  /** The others that offer it, where there are any. */
  readonly #rivals = new Map<string, Set<string>>();
  /** What comes before all that Services offer. */
  #others: readonly OriginatedPrefix[] = [];
  /** Those, and what stays of the Services, by name. */
  #result: readonly OriginatedPrefix[] = [];
  /** What other rules made of the Services: what they agree on stays the same values. */
  readonly #earlier: ReadonlyMap<string, readonly Offer[]>;

  /** @param before an index that this one takes the place of */
  constructor(rules: ServiceRules, before?: ServiceIndex) {
    this.#rules = rules;
    this.#earlier = before === undefined ? new Map() : before.#offers;
  }

  /** @param others come first in the result */
  *update(services: Services, slices: Slices, others: readonly OriginatedPrefix[]): Steps<readonly OriginatedPrefix[]> {
    const touched = new Set<string>();
    for (const [index, key] of (yield* slices.changedSince(this.#slices)).entries()) {
      if (index % ITEMS === ITEMS - 1) yield;
      this.#readAgain(key, slices, touched);
    }
    for (const name of yield* services.changedSince(this.#services)) touched.add(name);
    this.#slices = slices;
    this.#services = services;
    const moved = new Set<string>();
    let looked = 0;
    for (const name of touched) {
      if (++looked % ITEMS === 0) yield;
      this.#offerAgain(name, moved);
    }
    if (moved.size > 0 || others !== this.#others) {
      yield* this.#collect(others, yield* sortSteps([...moved], (a, b) => (a < b ? -1 : 1)));
    }
    return this.#result;
  }

  #readAgain(key: string, slices: Slices, touched: Set<string>): void {
    const before = this.#readiness.get(key);
    const slice = slices.get(key);
    const now = slice && this.#rules.ready(slice);
    if (before !== undefined) {
      this.#readiness.delete(key);
      this.#listSlice(before.service, key, false);
      touched.add(before.service);
    }
    if (now === undefined || now.service === "") return;
    this.#readiness.set(key, now);
    this.#listSlice(now.service, key, true);
    touched.add(now.service);
  }

  #listSlice(service: string, key: string, isThere: boolean): void {
    const others = (this.#slicesOf.get(service) ?? []).filter((other) => other !== key);
    if (isThere) this.#slicesOf.set(service, [...others, key]);
    else if (others.length > 0) this.#slicesOf.set(service, others);
    else this.#slicesOf.delete(service);
  }

  /** @param moved gets the Services of which something else may stay now */
  #offerAgain(name: string, moved: Set<string>): void {
    const before = this.#offers.get(name) ?? [];
    const earlier = before.length > 0 ? before : (this.#earlier.get(name) ?? []);
    let bits = 0;
    for (const key of this.#slicesOf.get(name) ?? []) bits |= this.#readiness.get(key)?.bits ?? 0;
    const service = this.#services.get(name);
    const now = service === undefined || bits === 0 ? [] : share(earlier, this.#rules.offers(service, bits));
    if (now === before || before.length + now.length === 0) return;
    moved.add(name);
    for (const { key } of before) this.#withdraw(key, name, moved);
    if (now.length === 0) this.#offers.delete(name);
    else this.#offers.set(name, now);
    for (const { key } of now) this.#offer(key, name, moved);
  }

  #withdraw(key: string, name: string, moved: Set<string>): void {
    const rivals = this.#rivals.get(key);
    if (this.#best.get(key) !== name) {
      rivals?.delete(name);
      if (rivals?.size === 0) this.#rivals.delete(key);
      return;
    }
    this.#best.delete(key);
    if (rivals === undefined) return;
    const [first = name, ...rest] = rivals;
    const next = rest.reduce((best, rival) => (this.#isBetter(rival, best, key) ? rival : best), first);
    moved.add(next);
    this.#best.set(key, next);
    rivals.delete(next);
    if (rivals.size === 0) this.#rivals.delete(key);
  }

  #offer(key: string, name: string, moved: Set<string>): void {
    const best = this.#best.get(key);
    if (best === name) return; // it names the address twice
    const isFirst = best === undefined || this.#isBetter(name, best, key);
    if (isFirst) this.#best.set(key, name);
    if (best === undefined) return;
    if (isFirst) moved.add(best);
    const rivals = this.#rivals.get(key) ?? new Set();
    this.#rivals.set(key, rivals.add(isFirst ? best : name));
  }

  #isBetter(name: string, other: string, key: string): boolean {
    const [rank, its] = [this.#rankOf(name, key), this.#rankOf(other, key)];
    return rank < its || (rank === its && name < other);
  }

  #rankOf(name: string, key: string): number {
    return this.#offers.get(name)?.find((offer) => offer.key === key)?.rank ?? Number.POSITIVE_INFINITY;
  }

  /** Puts what stays of `moved` in the place of what stayed of them. @param moved in order */
  *#collect(others: readonly OriginatedPrefix[], moved: readonly string[]): Steps<void> {
    const before = this.#result;
    const first = this.#others.length;
    const result: OriginatedPrefix[] = new Array(before.length);
    for (const [index, other] of others.entries()) result[index] = other;
    let [at, end] = [first, others.length];
    const copyTo = (place: number): void => {
      while (at < place) result[end++] = before[at++] as OriginatedPrefix;
    };
    for (const [index, name] of moved.entries()) {
      if (index % ITEMS === ITEMS - 1) yield;
      const source = sourceOf(name);
      copyTo(placeOf(source, before, first));
      while (before[at]?.source === source) at++;
      for (const originated of this.#staying(name)) result[end++] = originated;
    }
    copyTo(before.length);
    result.length = end;
    this.#others = others;
    this.#result = result;
  }

  #staying(name: string): OriginatedPrefix[] {
    const offers = this.#offers.get(name) ?? [];
    const stays = ({ key }: Offer, index: number): boolean =>
      this.#best.get(key) === name && offers.findIndex((each) => each.key === key) === index;
    return offers.filter(stays).map(({ originated }) => originated);
  }
}

/** Where those of `source` stand, or would, among those from `first` on. */
function placeOf(source: string, prefixes: readonly OriginatedPrefix[], first: number): number {
  let [low, high] = [first, prefixes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((prefixes[middle] as OriginatedPrefix).source < source) low = middle + 1;
    else high = middle;
  }
  return low;
}
