import { type Steps, sortSteps } from "#lib/steps.ts";
import type { OriginatedPrefix } from "../node-config.ts";
import type { ConfigObject } from "../objects.ts";
import { share } from "./share.ts";

type Services = ReadonlyMap<string, ConfigObject<"Service">>;
type Slices = ReadonlyMap<string, ConfigObject<"EndpointSlice">>;

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

/** Items between two pauses of a loop that only looks. */
const ITEMS = 512;

/**
 * What Services make us originate, worked out anew only for those that changed. Of two with one prefix the better
 * advertisement stays, then the first by name. The result follows from what it is given, whatever came before.
 */
export class ServiceIndex {
  readonly #rules: ServiceRules;
  #services: Services = new Map();
  #slices: Slices = new Map();
  readonly #readiness = new Map<string, Readiness>();
  readonly #slicesOf = new Map<string, Set<string>>();
  readonly #offers = new Map<string, readonly Offer[]>();
  /** By prefix: names of the Services that offer it. */
  readonly #offering = new Map<string, readonly string[]>();
  /** Of all Services, in order. */
  #names: readonly string[] = [];
  #result: readonly OriginatedPrefix[] = [];
  /** What other rules made of the Services: what they agree on stays the same values. */
  readonly #earlier: ReadonlyMap<string, readonly Offer[]>;

  /** @param before an index that this one takes the place of */
  constructor(rules: ServiceRules, before?: ServiceIndex) {
    this.#rules = rules;
    this.#earlier = before === undefined ? new Map() : before.#offers;
  }

  *update(services: Services, slices: Slices): Steps<readonly OriginatedPrefix[]> {
    const touched = new Set<string>();
    for (const key of yield* changedKeys(this.#slices, slices)) this.#readAgain(key, slices, touched);
    for (const name of yield* changedKeys(this.#services, services)) touched.add(name);
    const sameNames = services.size === this.#services.size && [...touched].every((name) => this.#services.has(name));
    this.#slices = slices;
    this.#services = services;
    if (!sameNames) this.#names = yield* sortSteps([...services.keys()], (a, b) => (a < b ? -1 : 1));
    let [changed, looked] = [false, 0];
    for (const name of touched) {
      if (++looked % 32 === 0) yield;
      if (this.#offerAgain(name)) changed = true;
    }
    if (changed) this.#result = yield* this.#collect();
    return this.#result;
  }

  #readAgain(key: string, slices: Slices, touched: Set<string>): void {
    const before = this.#readiness.get(key);
    if (before !== undefined) {
      this.#readiness.delete(key);
      this.#slicesOf.get(before.service)?.delete(key);
      touched.add(before.service);
    }
    const slice = slices.get(key);
    const now = slice && this.#rules.ready(slice);
    if (now === undefined || now.service === "") return;
    this.#readiness.set(key, now);
    const keys = this.#slicesOf.get(now.service) ?? new Set();
    this.#slicesOf.set(now.service, keys.add(key));
    touched.add(now.service);
  }

  /** @returns whether the Service offers something else than before */
  #offerAgain(name: string): boolean {
    const before = this.#offers.get(name) ?? [];
    const earlier = before.length > 0 ? before : (this.#earlier.get(name) ?? []);
    let bits = 0;
    const keys = this.#slicesOf.get(name);
    if (keys?.size === 0) this.#slicesOf.delete(name);
    for (const key of keys ?? []) bits |= this.#readiness.get(key)?.bits ?? 0;
    const service = this.#services.get(name);
    const now = service === undefined || bits === 0 ? [] : share(earlier, this.#rules.offers(service, bits));
    if (now.length === 0) this.#offers.delete(name);
    else this.#offers.set(name, now);
    for (const { key } of before) this.#list(key, name, false);
    for (const { key } of now) this.#list(key, name, true);
    return before.length + now.length > 0;
  }

  #list(key: string, name: string, offers: boolean): void {
    const others = (this.#offering.get(key) ?? []).filter((other) => other !== name);
    if (offers) this.#offering.set(key, [...others, name]);
    else if (others.length === 0) this.#offering.delete(key);
    else this.#offering.set(key, others);
  }

  *#collect(): Steps<readonly OriginatedPrefix[]> {
    const result: OriginatedPrefix[] = [];
    let looked = 0;
    for (const name of this.#names) {
      if (++looked % ITEMS === 0) yield;
      const offers = this.#offers.get(name);
      if (offers === undefined) continue;
      for (const offer of offers) if (this.#stays(offer, name, offers)) result.push(offer.originated);
    }
    return result;
  }

  #stays(offer: Offer, name: string, offers: readonly Offer[]): boolean {
    const rivals = this.#offering.get(offer.key) ?? [];
    if (rivals.length === 1 && offers.length === 1) return true;
    for (const other of offers) {
      if (other === offer) break; // an earlier advertisement's, or the same address named twice
      if (other.key === offer.key) return false;
    }
    return rivals.every((rival) => rival === name || !this.#isBetter(rival, offer, name));
  }

  #isBetter(rival: string, { key, rank }: Offer, name: string): boolean {
    const its = this.#offers.get(rival)?.find((each) => each.key === key)?.rank ?? Number.POSITIVE_INFINITY;
    return its < rank || (its === rank && rival < name);
  }
}

/** Keys whose value came, went or is another one. */
function* changedKeys<V>(before: ReadonlyMap<string, V>, now: ReadonlyMap<string, V>): Steps<string[]> {
  if (before === now) return [];
  const changed: string[] = [];
  let [looked, added] = [0, 0];
  for (const [key, value] of now) {
    if (++looked % ITEMS === 0) yield;
    const known = before.get(key);
    if (known === value) continue;
    if (known === undefined) added++;
    changed.push(key);
  }
  if (before.size + added === now.size) return changed;
  for (const key of before.keys()) {
    if (++looked % ITEMS === 0) yield;
    if (!now.has(key)) changed.push(key);
  }
  return changed;
}
