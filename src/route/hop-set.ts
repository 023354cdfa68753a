import { bug } from "#lib/bug.ts";
import { type Address, formatAddress } from "./address.ts";

/** One way out of the node. */
export interface Hop {
  /** undefined where the destination is on the link itself. */
  readonly gateway: Address | undefined;
  /** Interface index. */
  readonly link: number;
  /** 1 to 256: share among equal hops. */
  readonly weight: number;
  /** The kernel shall not ask whether the gateway is reachable on the link (unnumbered links, /32 addresses). */
  readonly onlink: boolean;
}

/** Where the packets of a route go: out by hops that share the load, or nowhere. */
export type HopSet = { readonly kind: "unicast"; readonly hops: readonly Hop[] } | { readonly kind: "blackhole" };

/**
 * Hop sets by number: equal sets have equal numbers, so that routes compare by one integer. 0 is never given: it means
 * "no route". A few thousand sets at most (one per neighbour, or per group of equal neighbours); they are kept for good.
 */
export class HopSetTable {
  readonly #sets: HopSet[] = [];
  readonly #ids = new Map<string, number>();

  /** @param set its hops in any order; kept sorted. Two hops with the same gateway and link count once. */
  intern(set: HopSet): number {
    const normal = normalise(set);
    const key = keyOf(normal);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    this.#sets.push(normal);
    this.#ids.set(key, this.#sets.length);
    return this.#sets.length;
  }

  get(id: number): HopSet {
    return this.#sets[id - 1] ?? bug(`no hop set ${id}`);
  }

  get size(): number {
    return this.#sets.length;
  }
}

const hopKey = (hop: Hop): string => `${hop.gateway ? formatAddress(hop.gateway) : "-"}%${hop.link}`;

function keyOf(set: HopSet): string {
  if (set.kind === "blackhole") return "blackhole";
  return set.hops.map((hop) => `${hopKey(hop)}*${hop.weight}${hop.onlink ? "!" : ""}`).join(",");
}

function normalise(set: HopSet): HopSet {
  if (set.kind === "blackhole") return set;
  if (set.hops.length === 0) bug("a hop set without hops");
  const byKey = new Map(set.hops.map((hop) => [hopKey(hop), hop]));
  const hops = [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, hop]) => hop);
  return { kind: "unicast", hops };
}
