import type { Attributes } from "#route/attributes.ts";
import type { FamilySide } from "./family-side.ts";
import type { Resolution } from "./ports.ts";
import type { Rib } from "./rib.ts";
import { UNREACHABLE } from "./table/next-hop-table.ts";
import { ageOf, OUT, secondOf } from "./table/path-table.ts";

/**
 * Reads the paths of one prefix after another as numbers: for listings of whole tables, where an object a path would cost
 * more than the text that comes of it. Path numbers are good until the table changes, so for as long as nobody else had
 * a turn.
 */
export class RouteReader {
  readonly #rib: Rib;
  readonly #side: FamilySide;
  readonly #beganMs: number;
  #paths = new Uint32Array(16);
  #sorted = new Uint32Array(16);

  /** @param beganMs when the RIB began, in milliseconds since 1970 */
  constructor(rib: Rib, side: FamilySide, beganMs: number) {
    this.#rib = rib;
    this.#side = side;
    this.#beganMs = beganMs;
  }

  /**
   * Finds the paths of `prefix`: the best one, others that stand, those that cannot be reached, those that are refused;
   * each kind as they came. @returns how many; `at` has them
   */
  load(prefix: number): number {
    const { loc } = this.#side;
    const best = loc.prefixes.has(prefix) ? loc.bestOf(prefix) : 0;
    const head = loc.prefixes.has(prefix) ? loc.headOf(prefix) : 0;
    if (best === head && (head === 0 || loc.paths.next(head) === 0)) {
      this.#sorted[0] = head;
      return head === 0 ? 0 : 1;
    }
    let count = 0;
    for (let path = head; path !== 0; path = loc.paths.next(path)) {
      if (count === this.#paths.length) this.#grow();
      this.#paths[count++] = path;
    }
    let sorted = 0;
    for (let kind = 0; kind <= 3 && sorted < count; kind++) {
      // The chain begins with the newest.
      for (let index = count - 1; index >= 0; index--) {
        const path = this.#paths[index]!;
        if (this.#kindOf(path, best) === kind) this.#sorted[sorted++] = path;
      }
    }
    return count;
  }

  #grow(): void {
    const paths = new Uint32Array(this.#paths.length * 2);
    paths.set(this.#paths);
    this.#paths = paths;
    this.#sorted = new Uint32Array(paths.length);
  }

  #kindOf(path: number, best: number): number {
    if (path === best) return 0;
    if (this.isRefused(path)) return 3;
    return this.metricOf(path) === undefined ? 2 : 1;
  }

  /** Path number `index` of the prefix that was loaded last. */
  at(index: number): number {
    return this.#sorted[index]!;
  }

  /** Number of its prefix; of another one, or 0, where the path is gone. */
  prefixOf(path: number): number {
    return this.#side.loc.paths.prefixOf(path);
  }

  isBest(path: number): boolean {
    const { loc } = this.#side;
    return loc.bestOf(loc.paths.prefixOf(path)) === path;
  }

  /** Are two paths the same but for their prefix: of one neighbour and attribute set, of one age, both best or both not? */
  isLike(path: number, other: number): boolean {
    const { paths } = this.#side.loc;
    return (
      paths.attributesOf(path) === paths.attributesOf(other) &&
      paths.stateOf(path) === paths.stateOf(other) &&
      paths.neighbourOf(path) === paths.neighbourOf(other) &&
      this.isBest(path) === this.isBest(other)
    );
  }

  /** By policy, or because it loops. */
  isRefused(path: number): boolean {
    return (this.#side.loc.paths.stateOf(path) & OUT) !== 0;
  }

  isStale(path: number): boolean {
    const { paths, generations } = this.#side.loc;
    return ageOf(paths.stateOf(path), generations[paths.neighbourOf(path)]!) !== 0;
  }

  /** When it came, in milliseconds since 1970. */
  sinceMs(path: number): number {
    return this.#beganMs + secondOf(this.#side.loc.paths.stateOf(path)) * 1000;
  }

  /** Number of the neighbour that told it; `LOCAL`: the node itself. */
  neighbourOf(path: number): number {
    return this.#side.loc.paths.neighbourOf(path);
  }

  nextHopOf(path: number): number {
    return this.#side.loc.decision.nextHopOf(path);
  }

  /** Cost of the way to the next hop; undefined: it cannot be reached. */
  metricOf(path: number): number | undefined {
    const metric = this.#side.loc.decision.metricOf(path);
    return metric === UNREACHABLE ? undefined : metric;
  }

  /** How next hop number `nextHop` is reached. */
  resolutionOf(nextHop: number): Resolution | undefined {
    return this.#rib.nextHops.resolutionOf(nextHop);
  }

  /** Changes when what was learned of next hops by their numbers is no longer true. */
  get nextHopEpoch(): number {
    return this.#rib.nextHops.epoch;
  }

  /** As selected, after import policy. */
  attributesOf(path: number): Attributes {
    const { attributes, parts } = this.#rib;
    const set = this.#side.loc.paths.attributesOf(path);
    const start = attributes.startOf(set);
    return parts.codec.decode(attributes.arena.bytes, start, start + attributes.lengthOf(set));
  }

  /** The AS that the route began in, 0 where its path is empty or ends in a set; and its ORIGIN. */
  beganOf(path: number): { readonly as: number; readonly origin: number } {
    const { attributes, parts } = this.#rib;
    const set = this.#side.loc.paths.attributesOf(path);
    const start = attributes.startOf(set);
    return {
      as: parts.codec.lastAs(attributes.arena.bytes, start, start + attributes.lengthOf(set)),
      origin: attributes.originOf(set),
    };
  }
}
