import { type Address, sameAddress } from "#route/address.ts";
import type { AttributeFacts } from "#route/attribute-facts.ts";
import type { Hop, HopSetTable } from "#route/hop-set.ts";
import type { NextHopResolver, Resolution } from "../ports.ts";

/** In place of a metric: the next hop cannot be reached. */
export const UNREACHABLE = -1;
/** In place of a metric: it depends on the interface of the session, see `scoped`. */
export const SCOPED = -2;

/** Words of a record: family (4 or 6), interface, next hop, link-local next hop. */
const FAMILY = 0;
const VIA = 1;
const GLOBAL = 2;
const LINK_LOCAL = 6;
const WORDS = 10;

/** How a next hop is looked for where the kernel knows no way; answers from the Loc-RIB. */
export type Recursion = (address: Address) => Resolution | undefined;

/**
 * Next hops by number, equal ones once, and how each is reached: 0 stands for "none", which is always reachable (own
 * prefixes). Thousands at most where neighbours behave; counted and given back, so that it cannot be filled for good.
 * A next hop that means something only on the session's interface (link-local, RFC 2545 §3) is `SCOPED`: its paths ask
 * for the number of the pair of it and their interface.
 */
export class NextHopTable {
  /** By id: cost (RFC 4271 §9.1.2.2 (e)), `UNREACHABLE` or `SCOPED`. */
  metric: Float64Array = new Float64Array(64);
  size = 0;
  /** Changes with every number that goes and every way that changes: what was computed from numbers is good for one epoch. */
  epoch = 0;
  readonly #resolver: NextHopResolver;
  readonly #hopSets: HopSetTable;
  readonly #recursion: Recursion;
  #words = new Uint32Array(64 * WORDS);
  #refs = new Uint32Array(64);
  readonly #byKey = new Map<string, number>();
  readonly #resolutions: (Resolution | undefined)[] = [undefined];
  readonly #hopSetIds: number[] = [0];
  /** Scoped pairs by their unscoped next hop. */
  readonly #pairs = new Map<number, Map<number, number>>();
  readonly #free: number[] = [];
  /** Those that the kernel cannot reach: the Loc-RIB may, and its changes concern them. */
  readonly #indirect = new Set<number>();
  readonly #changed = new Set<number>();
  #last = 0;
  #end = 1;

  constructor(resolver: NextHopResolver, hopSets: HopSetTable, recursion: Recursion) {
    this.#resolver = resolver;
    this.#hopSets = hopSets;
    this.#recursion = recursion;
  }

  /** One past the highest number. */
  get end(): number {
    return this.#end;
  }

  /** Number of the next hop of `facts`, held once more; 0 where they name none. */
  hold(facts: AttributeFacts): number {
    if (facts.nextHopFamily === undefined) return 0;
    const id = this.#isLast(facts) ? this.#last : this.#intern(wordsOf(facts));
    this.#refs[id]!++;
    this.#last = id;
    return id;
  }

  /** One more hold on a number that is held. */
  holdAgain(id: number): void {
    if (id !== 0) this.#refs[id]!++;
  }

  release(id: number): void {
    if (id === 0 || --this.#refs[id]! > 0) return;
    for (const pair of this.#pairs.get(id)?.values() ?? []) this.#forget(pair);
    this.#pairs.delete(id);
    this.#forget(id);
  }

  /** The number of next hop `id`, which is `SCOPED`, on the interface `via` (0: not known). */
  scoped(id: number, via: number): number {
    let pairs = this.#pairs.get(id);
    if (pairs === undefined) {
      pairs = new Map();
      this.#pairs.set(id, pairs);
    }
    let pair = pairs.get(via);
    if (pair === undefined) {
      const words = [...this.#words.subarray(id * WORDS, (id + 1) * WORDS)];
      words[VIA] = via;
      pair = this.#take(words);
      this.#resolve(pair);
      pairs.set(via, pair);
    }
    return pair;
  }

  /** Number of the hop set that leads to `id`; 0 while it is unreachable. */
  hopSetOf(id: number): number {
    const known = this.#hopSetIds[id]!;
    if (known !== 0) return known;
    const resolution = this.#resolutions[id];
    if (resolution === undefined || resolution.hops.length === 0) return 0;
    const made = this.#hopSets.intern({ kind: "unicast", hops: resolution.hops });
    this.#hopSetIds[id] = made;
    return made;
  }

  resolutionOf(id: number): Resolution | undefined {
    return this.#resolutions[id];
  }

  /** The address itself; the link-local one where it is the only one that means anything. */
  addressOf(id: number): Address {
    const at = id * WORDS;
    if (this.#words[at + FAMILY] === 4) return { family: "ipv4", words: [this.#words[at + GLOBAL]!] };
    const from = at + (this.#globalMeansNothing(id) && this.#hasLinkLocal(id) ? LINK_LOCAL : GLOBAL);
    return { family: "ipv6", words: [...this.#words.subarray(from, from + 4)] };
  }

  /** Are there next hops whose way depends on the Loc-RIB? */
  get indirect(): number {
    return this.#indirect.size;
  }

  /** Does the way to `id` depend on the Loc-RIB? */
  isIndirect(id: number): boolean {
    return this.#indirect.has(id);
  }

  /** Is `address` what `id` stands for? */
  isAddress(id: number, address: Address): boolean {
    return sameAddress(this.addressOf(id), address);
  }

  /** Numbers that may have to be resolved again: all, or those that depend on the Loc-RIB. */
  *ids(indirectOnly: boolean): Generator<number> {
    if (indirectOnly) {
      yield* [...this.#indirect];
      return;
    }
    for (let id = 1; id < this.#end; id++) if (this.#inUse(id) && this.metric[id] !== SCOPED) yield id;
  }

  /** Resolves `id` again. @returns whether its way or its cost changed; then it is among `takeChanged` */
  again(id: number): boolean {
    if (!this.#inUse(id) || this.metric[id] === SCOPED) return false;
    const before = this.#resolutions[id];
    this.#resolve(id);
    if (sameResolution(before, this.#resolutions[id])) return false;
    this.#changed.add(id);
    this.epoch++;
    return true;
  }

  /** What changed since the last call, as one flag per id. undefined: nothing. */
  takeChanged(): Uint8Array | undefined {
    if (this.#changed.size === 0) return undefined;
    const flags = new Uint8Array(this.#end);
    for (const id of this.#changed) flags[id] = 1;
    this.#changed.clear();
    return flags;
  }

  #inUse(id: number): boolean {
    return this.#words[id * WORDS + FAMILY] !== 0;
  }

  #isLast(facts: AttributeFacts): boolean {
    const id = this.#last;
    if (id === 0 || !this.#inUse(id)) return false;
    const words = this.#words;
    const at = id * WORDS;
    return (
      words[at + VIA] === 0 &&
      words[at + FAMILY] === (facts.nextHopFamily === "ipv4" ? 4 : 6) &&
      words[at + GLOBAL] === facts.nextHop0 &&
      words[at + GLOBAL + 1] === facts.nextHop1 &&
      words[at + GLOBAL + 2] === facts.nextHop2 &&
      words[at + GLOBAL + 3] === facts.nextHop3 &&
      words[at + LINK_LOCAL] === facts.linkLocal0 &&
      words[at + LINK_LOCAL + 1] === facts.linkLocal1 &&
      words[at + LINK_LOCAL + 2] === facts.linkLocal2 &&
      words[at + LINK_LOCAL + 3] === facts.linkLocal3
    );
  }

  #intern(words: readonly number[]): number {
    const key = words.join();
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const id = this.#take(words);
    this.#byKey.set(key, id);
    if (this.#globalMeansNothing(id) || this.#hasLinkLocal(id)) this.metric[id] = SCOPED;
    else this.#resolve(id);
    return id;
  }

  #take(words: readonly number[]): number {
    const id = this.#free.pop() ?? this.#end++;
    if (id >= this.metric.length) this.#grow();
    this.#words.set(words, id * WORDS);
    this.#refs[id] = 0;
    this.#resolutions[id] = undefined;
    this.#hopSetIds[id] = 0;
    this.size++;
    return id;
  }

  #grow(): void {
    const metric = new Float64Array(this.metric.length * 2);
    metric.set(this.metric);
    this.metric = metric;
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    const refs = new Uint32Array(this.#refs.length * 2);
    refs.set(this.#refs);
    this.#refs = refs;
  }

  #forget(id: number): void {
    const at = id * WORDS;
    if (this.#words[at + VIA] === 0) this.#byKey.delete(this.#words.subarray(at, at + WORDS).join());
    this.#words.fill(0, at, at + WORDS);
    this.#resolutions[id] = undefined;
    this.#indirect.delete(id);
    this.#changed.delete(id);
    this.#free.push(id);
    this.size--;
    this.epoch++;
  }

  #hasLinkLocal(id: number): boolean {
    return this.#words[id * WORDS + LINK_LOCAL] !== 0;
  }

  /** A link-local address, or `::`, where the global one should be (seen from unnumbered neighbours). */
  #globalMeansNothing(id: number): boolean {
    const words = this.#words;
    const at = id * WORDS;
    if (words[at + FAMILY] !== 6) return false;
    if ((words[at + GLOBAL]! & 0xffc00000) >>> 0 === 0xfe800000) return true;
    return (
      words[at + GLOBAL] === 0 &&
      words[at + GLOBAL + 1] === 0 &&
      words[at + GLOBAL + 2] === 0 &&
      words[at + GLOBAL + 3] === 0
    );
  }

  /** The global address where it can be reached, else the link-local one on the session's interface, else by the Loc-RIB. */
  #resolve(id: number): void {
    const at = id * WORDS;
    const via = this.#words[at + VIA]!;
    let found: Resolution | undefined;
    this.#indirect.delete(id);
    if (!this.#globalMeansNothing(id)) found = this.#resolver.resolve(this.#address(id, GLOBAL), undefined);
    if (found === undefined && via !== 0) {
      const from = this.#hasLinkLocal(id) ? LINK_LOCAL : GLOBAL;
      if (from === LINK_LOCAL || this.#globalMeansNothing(id)) {
        found = this.#resolver.resolve(this.#address(id, from), via);
      }
    }
    if (found === undefined && !this.#globalMeansNothing(id)) {
      this.#indirect.add(id);
      found = this.#recursion(this.#address(id, GLOBAL));
    }
    this.#resolutions[id] = found;
    this.#hopSetIds[id] = 0;
    this.metric[id] = found === undefined ? UNREACHABLE : found.metric;
  }

  #address(id: number, from: number): Address {
    const at = id * WORDS;
    if (this.#words[at + FAMILY] === 4) return { family: "ipv4", words: [this.#words[at + GLOBAL]!] };
    return { family: "ipv6", words: [...this.#words.subarray(at + from, at + from + 4)] };
  }
}

function wordsOf(facts: AttributeFacts): number[] {
  return [
    facts.nextHopFamily === "ipv4" ? 4 : 6,
    0,
    facts.nextHop0,
    facts.nextHop1,
    facts.nextHop2,
    facts.nextHop3,
    facts.linkLocal0,
    facts.linkLocal1,
    facts.linkLocal2,
    facts.linkLocal3,
  ];
}

function sameResolution(a: Resolution | undefined, b: Resolution | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.metric !== b.metric || a.hops.length !== b.hops.length) return false;
  return a.hops.every((hop, index) => sameHop(hop, b.hops[index]!));
}

function sameHop(a: Hop, b: Hop): boolean {
  if (a.link !== b.link || a.weight !== b.weight || a.onlink !== b.onlink) return false;
  if (a.gateway === undefined || b.gateway === undefined) return a.gateway === b.gateway;
  return sameAddress(a.gateway, b.gateway);
}
