import { EXTERNAL, type NeighbourTable } from "./neighbours.ts";
import type { AttributeTable } from "./table/attribute-table.ts";
import { type NextHopTable, SCOPED, UNREACHABLE } from "./table/next-hop-table.ts";
import { OUT, type PathTable } from "./table/path-table.ts";

/** Steps of RFC 4271 §9.1.2.2 in order, with RFC 4456 §9, as `show` names the one that a path lost at. */
const steps = [
  "local preference",
  "AS path length",
  "origin",
  "MED",
  "external over internal",
  "metric to the next hop",
  "router id",
  "cluster list length",
  "neighbour address",
] as const;
export type Step = (typeof steps)[number];

/**
 * The decision process of RFC 4271 §9.1.2.2. Paths that policy refused, that loop, or whose next hop cannot be reached
 * take no part. Steps (a), (b) and the degree of preference are one comparison of ranks; only where several paths share
 * the lowest rank are they gathered for the rest. The result does not depend on the order in which paths came: MED
 * eliminates within each neighbour AS before anything else is compared.
 */
export class Decision {
  readonly #paths: PathTable;
  readonly #attributes: AttributeTable;
  readonly #nextHops: NextHopTable;
  readonly #neighbours: NeighbourTable;
  /** The paths that share the lowest rank. */
  #tied = new Uint32Array(64);

  constructor(paths: PathTable, attributes: AttributeTable, nextHops: NextHopTable, neighbours: NeighbourTable) {
    this.#paths = paths;
    this.#attributes = attributes;
    this.#nextHops = nextHops;
    this.#neighbours = neighbours;
  }

  /** Cost of the way to the path's next hop, or `UNREACHABLE`. */
  metricOf(path: number): number {
    const nextHop = this.#attributes.nextHopOf(this.#paths.attributesOf(path));
    const metric = this.#nextHops.metric[nextHop]!;
    return metric === SCOPED ? this.#nextHops.metric[this.nextHopOf(path)]! : metric;
  }

  /** Number of the path's next hop, for the interface of its session where that matters. */
  nextHopOf(path: number): number {
    const nextHop = this.#attributes.nextHopOf(this.#paths.attributesOf(path));
    if (this.#nextHops.metric[nextHop] !== SCOPED) return nextHop;
    return this.#nextHops.scoped(nextHop, this.#neighbours.vias[this.#paths.neighbourOf(path)]!);
  }

  /** Does the path take part in selection? */
  stands(path: number): boolean {
    return (this.#paths.stateOf(path) & OUT) === 0 && this.metricOf(path) !== UNREACHABLE;
  }

  /** @param head first path of a prefix. @returns the best one, 0 where none stands */
  select(head: number): number {
    const { words } = this.#paths;
    const { ranks } = this.#attributes;
    let best = 0;
    let bestRank = Number.POSITIVE_INFINITY;
    let ties = 0;
    for (let path = head; path !== 0; path = words[(path << 2) + 2]!) {
      if ((words[(path << 2) + 3]! & OUT) !== 0) continue;
      const rank = ranks[words[(path << 2) + 1]! * 4]!;
      if (rank > bestRank || this.metricOf(path) === UNREACHABLE) continue;
      ties = rank < bestRank ? 1 : ties + 1;
      if (rank < bestRank) best = path;
      bestRank = rank;
    }
    if (ties <= 1) return best;
    const left = this.#eliminateByMed(this.#gather(head, bestRank));
    best = this.#tied[0]!;
    for (let index = 1; index < left; index++) {
      if (this.#compareLate(this.#tied[index]!, best) < 0) best = this.#tied[index]!;
    }
    return best;
  }

  /**
   * The paths that are as good as `best`: equal through step (e). `best` is among them.
   * @returns how many there are in `multipath`, at most `max`: where there are more, the best ones by the remaining steps
   */
  equals(head: number, best: number, max: number): number {
    const left = this.#eliminateByMed(this.#gather(head, this.#attributes.rankOf(this.#paths.attributesOf(best))));
    const tied = this.#tied;
    let count = 0;
    for (let index = 0; index < left; index++) {
      const path = tied[index]!;
      if (this.#compareKindAndMetric(path, best) === 0) tied[count++] = path;
    }
    if (count <= max) return count;
    this.#sortTied(count);
    return max;
  }

  #sortTied(count: number): void {
    const tied = this.#tied;
    for (let end = 1; end < count; end++) {
      const path = tied[end]!;
      let at = end;
      for (; at > 0 && this.#compareLate(path, tied[at - 1]!) < 0; at--) tied[at] = tied[at - 1]!;
      tied[at] = path;
    }
  }

  /** Where `equals` left its answer. */
  get multipath(): Uint32Array {
    return this.#tied;
  }

  /** The step at which `path` lost; both stand, and `best` is the best of the prefix that begins with `head`. */
  lostAt(head: number, path: number, best: number): Step {
    const attributes = this.#attributes;
    const mine = attributes.rankOf(this.#paths.attributesOf(path));
    const its = attributes.rankOf(this.#paths.attributesOf(best));
    if (mine !== its) {
      if (Math.floor(mine / 2 ** 14) !== Math.floor(its / 2 ** 14)) return "local preference";
      return Math.floor(mine / 4) !== Math.floor(its / 4) ? "AS path length" : "origin";
    }
    const left = this.#eliminateByMed(this.#gather(head, its));
    if (!this.#tied.subarray(0, left).includes(path)) return "MED";
    if (this.#isExternal(path) !== this.#isExternal(best)) return "external over internal";
    if (this.metricOf(path) !== this.metricOf(best)) return "metric to the next hop";
    if (this.#identifierOf(path) !== this.#identifierOf(best)) return "router id";
    return this.#clustersOf(path) !== this.#clustersOf(best) ? "cluster list length" : "neighbour address";
  }

  /** Copies the standing paths of that rank into `tied`. @returns how many */
  #gather(head: number, rank: number): number {
    const { words } = this.#paths;
    const { ranks } = this.#attributes;
    let count = 0;
    for (let path = head; path !== 0; path = words[(path << 2) + 2]!) {
      if (ranks[words[(path << 2) + 1]! * 4] !== rank || !this.stands(path)) continue;
      if (count === this.#tied.length) {
        const grown = new Uint32Array(count * 2);
        grown.set(this.#tied);
        this.#tied = grown;
      }
      this.#tied[count++] = path;
    }
    return count;
  }

  /**
   * Step (c): of the first `count` gathered paths, keeps those whose MED is the lowest of their neighbour AS.
   * @returns how many are left
   */
  #eliminateByMed(count: number): number {
    const tied = this.#tied;
    const attributes = this.#attributes;
    const med = attributes.medOf(this.#paths.attributesOf(tied[0]!));
    let same = true;
    for (let index = 1; index < count && same; index++) {
      same = attributes.medOf(this.#paths.attributesOf(tied[index]!)) === med;
    }
    if (same) return count;
    const lowest = new Map<number, number>();
    for (let index = 0; index < count; index++) {
      const set = this.#paths.attributesOf(tied[index]!);
      const neighbourAs = attributes.neighbourAsOf(set);
      const known = lowest.get(neighbourAs);
      if (known === undefined || attributes.medOf(set) < known) lowest.set(neighbourAs, attributes.medOf(set));
    }
    let left = 0;
    for (let index = 0; index < count; index++) {
      const set = this.#paths.attributesOf(tied[index]!);
      if (attributes.medOf(set) === lowest.get(attributes.neighbourAsOf(set))) tied[left++] = tied[index]!;
    }
    return left;
  }

  #isExternal(path: number): boolean {
    return this.#neighbours.kinds[this.#paths.neighbourOf(path)] === EXTERNAL;
  }

  /** Router id of the speaker that brought the path into the AS (RFC 4456 §9). */
  #identifierOf(path: number): number {
    const originator = this.#attributes.originatorOf(this.#paths.attributesOf(path));
    return originator !== 0 ? originator : this.#neighbours.routerIds[this.#paths.neighbourOf(path)]!;
  }

  #clustersOf(path: number): number {
    return this.#attributes.clusterLengthOf(this.#paths.attributesOf(path));
  }

  /** Steps (d) and (e). */
  #compareKindAndMetric(a: number, b: number): number {
    const external = this.#isExternal(a);
    if (external !== this.#isExternal(b)) return external ? -1 : 1;
    return this.metricOf(a) - this.metricOf(b);
  }

  /** Steps (d) to (g); never 0 for two paths of one prefix. */
  #compareLate(a: number, b: number): number {
    return (
      this.#compareKindAndMetric(a, b) ||
      this.#identifierOf(a) - this.#identifierOf(b) ||
      this.#clustersOf(a) - this.#clustersOf(b) ||
      this.#neighbours.compareAddresses(this.#paths.neighbourOf(a), this.#paths.neighbourOf(b))
    );
  }
}
