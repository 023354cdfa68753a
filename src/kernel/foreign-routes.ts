import type { Address } from "#route/address.ts";
import { bitsOf, type Family } from "#route/family.ts";
import type { HopSet } from "#route/hop-set.ts";
import { maskWord } from "#route/prefix.ts";
import { PrefixTable } from "./prefix-table.ts";
import type { RouteFacts } from "./wire/route.ts";

/** Another's route. Equal ones are one object, so that a large table of another daemon costs little. */
export interface ForeignRoute {
  readonly protocol: number;
  readonly metric: number;
  readonly tos: number;
  /** undefined: unreachable, prohibit, and whatever else leads nowhere. */
  readonly set: HopSet | undefined;
}

/** The routes of one family and one kernel table that are not ours. */
export class ForeignRoutes {
  readonly family: Family;
  readonly #prefixes: PrefixTable;
  #routes: (readonly ForeignRoute[])[] = [];
  /** Prefixes per length: longest-prefix match looks only at lengths that occur. */
  #lengths: Uint32Array;
  #known = new Map<string, readonly [ForeignRoute]>();

  constructor(family: Family, seed: number) {
    this.family = family;
    this.#prefixes = new PrefixTable(family === "ipv4" ? 1 : 4, 0, seed);
    this.#lengths = new Uint32Array(bitsOf(family) + 1);
  }

  get size(): number {
    return this.#prefixes.size;
  }

  /** Routes that are kept, equal ones counted once. */
  get distinct(): number {
    return this.#known.size;
  }

  /** The kernel told of a new or changed route. */
  put(facts: RouteFacts, set: HopSet | undefined): void {
    const id = this.#prefixes.add(facts.w0, facts.w1, facts.w2, facts.w3, facts.length, 0);
    if (id === 0) return; // full: millions of prefixes of others
    const alone = this.#intern(facts, set);
    const before = this.#routes[id] ?? [];
    if (before.length === 0) this.#lengths[facts.length]!++;
    const others = before.filter((route) => !samePlace(route, alone[0], this.family));
    this.#routes[id] = others.length === 0 ? alone : [...others, alone[0]].sort((a, b) => a.metric - b.metric);
  }

  /** The kernel told that a route is gone. @returns whether we knew it */
  remove(facts: RouteFacts, set: HopSet | undefined): boolean {
    const id = this.#prefixes.find(facts.w0, facts.w1, facts.w2, facts.w3, facts.length, 0);
    if (id === 0) return false;
    const gone = routeOf(facts, set);
    const before = this.#routes[id] ?? [];
    this.#keep(
      id,
      before.flatMap((route) => without(route, gone, this.family)),
    );
    return true;
  }

  /** A route of ours stands at this place now. */
  displaced({ w0, w1, w2, w3, length, metric, tos }: RouteFacts): void {
    const id = this.#prefixes.find(w0, w1, w2, w3, length, 0);
    if (id === 0) return;
    this.#keep(
      id,
      this.#routes[id]!.filter((route) => route.metric !== metric || route.tos !== tos),
    );
  }

  /** The kernel drops routes over a link that goes down, without telling. Multipath routes keep their other hops. */
  dropLink(link: number): void {
    for (let id = 1; id < this.#prefixes.end; id++) {
      if (!this.#prefixes.has(id)) continue;
      const before = this.#routes[id] ?? [];
      const after = before.filter(({ set }) => set?.kind !== "unicast" || set.hops.some((hop) => hop.link !== link));
      if (after.length < before.length) this.#keep(id, after);
    }
    // The next link has another number: a node sees as many as it has pods in its life.
    for (const [key, [{ set }]] of this.#known) {
      if (set?.kind === "unicast" && set.hops.some((hop) => hop.link === link)) this.#known.delete(key);
    }
  }

  clear(): void {
    for (let id = 1; id < this.#prefixes.end; id++) if (this.#prefixes.has(id)) this.#keep(id, []);
    this.#known.clear();
  }

  /** Routes of exactly this prefix, best metric first. */
  at(w0: number, w1: number, w2: number, w3: number, length: number): readonly ForeignRoute[] {
    const id = this.#prefixes.find(w0, w1, w2, w3, length, 0);
    return id === 0 ? [] : this.#routes[id]!;
  }

  /** Routes whose prefix holds `address`: longest first, then best metric. */
  *matching(address: Address): Generator<{ readonly length: number; readonly routes: readonly ForeignRoute[] }> {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = address.words;
    for (let length = bitsOf(this.family); length >= 0; length--) {
      if (this.#lengths[length] === 0) continue;
      const routes = this.at(
        (w0 & maskWord(length, 0)) >>> 0,
        (w1 & maskWord(length, 1)) >>> 0,
        (w2 & maskWord(length, 2)) >>> 0,
        (w3 & maskWord(length, 3)) >>> 0,
        length,
      );
      if (routes.length > 0) yield { length, routes };
    }
  }

  #keep(id: number, routes: readonly ForeignRoute[]): void {
    this.#routes[id] = routes;
    if (routes.length > 0) return;
    this.#lengths[this.#prefixes.length(id)]!--;
    this.#prefixes.remove(id);
    this.#routes[id] = [];
  }

  #intern(facts: RouteFacts, set: HopSet | undefined): readonly [ForeignRoute] {
    const key = `${facts.protocol} ${facts.metric} ${facts.tos} ${keyOf(set)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = [routeOf(facts, set)] as const;
    this.#known.set(key, made);
    return made;
  }
}

const routeOf = ({ protocol, metric, tos }: RouteFacts, set: HopSet | undefined): ForeignRoute => {
  return { protocol, metric, tos, set };
};

const keyOf = (set: HopSet | undefined): string =>
  set?.kind !== "unicast"
    ? `${set?.kind}`
    : set.hops.map((hop) => `${hop.gateway?.words}%${hop.link}*${hop.weight}${hop.onlink}`).join(" ");

/** Where the kernel has room for one route only: metric and TOS; IPv6 also tells routes on several links apart. */
function samePlace(a: ForeignRoute, b: ForeignRoute, family: Family): boolean {
  if (a.metric !== b.metric || a.tos !== b.tos) return false;
  return family === "ipv4" || onLink(a) === onLink(b);
}

/** The link of a route without a gateway. */
function onLink({ set }: ForeignRoute): number | undefined {
  const hop = set?.kind === "unicast" && set.hops.length === 1 ? set.hops[0] : undefined;
  return hop?.gateway === undefined ? hop?.link : undefined;
}

/** What is left of `route` when the kernel says that `gone` is gone: an IPv6 route may lose a hop of several. */
function without(route: ForeignRoute, gone: ForeignRoute, family: Family): ForeignRoute[] {
  if (!samePlace(route, gone, family)) return [route];
  if (route.set?.kind !== "unicast" || gone.set?.kind !== "unicast") return [];
  const lost = new Set(gone.set.hops.map((hop) => `${hop.gateway?.words}%${hop.link}`));
  const hops = route.set.hops.filter((hop) => !lost.has(`${hop.gateway?.words}%${hop.link}`));
  if (hops.length === 0 || route.set.hops.length === 1) return [];
  return [{ ...route, set: { kind: "unicast", hops } }];
}
