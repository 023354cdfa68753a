import type { OriginatedPrefix } from "#config/node-config.ts";
import { type AttributeFacts, emptyFacts } from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import { type Prefix, prefixKey } from "#route/prefix.ts";
import { type Difference, difference } from "./difference.ts";
import type { LocRib } from "./loc-rib.ts";
import { LOCAL } from "./neighbours.ts";
import type { AttributeCodec } from "./ports.ts";
import { type AttributeTable, contextKey } from "./table/attribute-table.ts";
import type { Job, Turns } from "./turns.ts";

/** Changes that are made in one go: some hundred microseconds. */
const STEP = 128;

/** The node's own prefixes: paths of neighbour `LOCAL`, which stand before all others. Many changes take their turns. */
export class Origination implements Job {
  readonly #codec: AttributeCodec;
  readonly #attributes: AttributeTable;
  readonly #locs: Readonly<Record<Family, LocRib>>;
  readonly #facts: AttributeFacts = emptyFacts();
  readonly #turns: Turns;
  readonly #present = new Map<number | string, OriginatedPrefix>();
  readonly #all = new Set<OriginatedPrefix>();
  /** Prefixes that several entries name. */
  readonly #shared = new Set<number | string>();
  #list: readonly OriginatedPrefix[] = [];
  /** What left `#list`, and what came, as far as it was not looked at yet. */
  readonly #gone = new Set<OriginatedPrefix>();
  readonly #come = new Set<OriginatedPrefix>();
  /** Prefixes that several entries name may be somebody else's now. */
  #disputed = false;
  /** By prefix: what was announced last, and is not what shall be. */
  readonly #changed = new Map<number | string, OriginatedPrefix | undefined>();

  constructor(codec: AttributeCodec, attributes: AttributeTable, locs: Readonly<Record<Family, LocRib>>, turns: Turns) {
    this.#codec = codec;
    this.#attributes = attributes;
    this.#locs = locs;
    this.#turns = turns;
    turns.add(this);
  }

  /** What is originated under this prefix. */
  get(prefix: Prefix): OriginatedPrefix | undefined {
    return this.#present.get(prefixKey(prefix));
  }

  /**
   * @param wanted all that shall be originated from now on; of several entries for one prefix the first counts. Entries
   *   that did not change are the same values, and cost next to nothing
   */
  set(wanted: readonly OriginatedPrefix[]): void {
    if (wanted === this.#list) return;
    const { gone, come } = this.#compare(wanted);
    this.#list = wanted;
    for (const own of gone) {
      this.#all.delete(own);
      if (!this.#come.delete(own)) this.#gone.add(own);
    }
    for (const own of come) {
      this.#all.add(own);
      if (!this.#gone.delete(own)) this.#come.add(own);
    }
    this.#disputed = true; // their order may be another one
    if (this.step()) this.#turns.wake();
  }

  /** A list of many thousands of which some are others is compared by place: by value it would take milliseconds. */
  #compare(wanted: readonly OriginatedPrefix[]): Difference<OriginatedPrefix> {
    const all = this.#all;
    const found = all.size === this.#list.length ? difference(this.#list, wanted) : undefined;
    const isNew = (own: OriginatedPrefix): boolean => !all.has(own);
    if (found !== undefined && all.size - found.gone.size + found.come.size === wanted.length) {
      if ([...found.come].every(isNew)) return found;
    }
    const now = new Set(wanted); // one value stands there twice, or did
    return { gone: new Set([...all].filter((own) => !now.has(own))), come: new Set([...now].filter(isNew)) };
  }

  #take(own: OriginatedPrefix): void {
    const key = prefixKey(own.prefix);
    if (this.#present.get(key) !== own) return;
    this.#present.delete(key);
    this.#note(key, own);
  }

  #give(own: OriginatedPrefix): void {
    const key = prefixKey(own.prefix);
    if (this.#present.has(key) || this.#shared.has(key)) {
      this.#shared.add(key);
      return;
    }
    this.#present.set(key, own);
    this.#note(key, undefined);
  }

  /** Prefixes that several entries name: who comes first. */
  #settle(): void {
    this.#disputed = false;
    const disputed = new Set(this.#shared);
    if (disputed.size === 0) return;
    const first = new Map<number | string, OriginatedPrefix>();
    const count = new Map<number | string, number>();
    for (const own of this.#list) {
      const key = prefixKey(own.prefix);
      if (!disputed.has(key)) continue;
      if (!first.has(key)) first.set(key, own);
      count.set(key, (count.get(key) ?? 0) + 1);
    }
    for (const key of disputed) {
      const [before, own] = [this.#present.get(key), first.get(key)];
      if ((count.get(key) ?? 0) < 2) this.#shared.delete(key);
      if (own === before) continue;
      this.#note(key, before);
      if (own === undefined) this.#present.delete(key);
      else this.#present.set(key, own);
    }
  }

  /** What was announced before the first of several changes is what has to be undone. */
  #note(key: number | string, before: OriginatedPrefix | undefined): void {
    if (!this.#changed.has(key)) this.#changed.set(key, before);
  }

  /** Nothing is announced before all is known that shall be. */
  step(): boolean {
    let left = STEP;
    for (const own of this.#gone) {
      if (left-- === 0) return true;
      this.#gone.delete(own);
      this.#take(own);
    }
    for (const own of this.#come) {
      if (left-- === 0) return true;
      this.#come.delete(own);
      this.#give(own);
    }
    if (this.#disputed) this.#settle();
    for (const [key, before] of this.#changed) {
      if (left-- === 0) return true;
      this.#changed.delete(key);
      const own = this.#present.get(key);
      if (own !== undefined) this.#announce(own);
      else if (before !== undefined) this.#withdraw(before);
    }
    return false;
  }

  #announce(own: OriginatedPrefix): void {
    const loc = this.#locs[own.prefix.family];
    const octets = this.#codec.encode(attributesOf(own), this.#facts);
    const set = this.#attributes.add(contextKey(0, own.from, "received"), octets, 0, octets.length, this.#facts);
    loc.announce(loc.prefixes.add(own.prefix), LOCAL, set, 0);
    this.#attributes.release(set);
  }

  #withdraw(own: OriginatedPrefix): void {
    const loc = this.#locs[own.prefix.family];
    loc.withdraw(loc.prefixes.find(own.prefix), LOCAL);
  }
}

/** A route that begins here: ORIGIN IGP, an empty AS_PATH, and no next hop, which each session fills in. */
function attributesOf(own: OriginatedPrefix): Attributes {
  return {
    origin: 0,
    asPath: [],
    nextHop: undefined,
    linkLocalNextHop: undefined,
    med: undefined,
    localPref: own.localPref,
    atomicAggregate: false,
    aggregator: undefined,
    communities: own.communities,
    originatorId: undefined,
    clusterList: [],
    extendedCommunities: [],
    largeCommunities: own.largeCommunities,
    unknown: [],
  };
}
