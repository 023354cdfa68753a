import { LOOPED as LOOPED_SET } from "#route/attribute-facts.ts";
import type { Family } from "#route/family.ts";
import { ImportTally } from "./change-counts.ts";
import type { Decision } from "./decision.ts";
import type { NeighbourTable } from "./neighbours.ts";
import type { AttributeTable } from "./table/attribute-table.ts";
import type { DirtyQueue } from "./table/dirty-queue.ts";
import {
  ageOf,
  BLOCK_BITS,
  FILTERED,
  FLAGS,
  LOOPED,
  OUT,
  type PathTable,
  pathState,
  withGeneration,
} from "./table/path-table.ts";
import type { PrefixTable } from "./table/prefix-table.ts";
import type { Turns } from "./turns.ts";

/** What import policy makes of a path. */
export interface Importer {
  /** @returns the attribute set to select and tell on (not held), or 0 where the path is refused */
  apply(received: number, prefix: number): number;
}

/** Asks whether a path may be what it says it is, before import policy does. */
export interface Gate {
  refuses(prefix: number, neighbour: number, received: number): boolean;
}

/** Everything a Loc-RIB stands on. */
export interface LocRibParts {
  readonly family: Family;
  readonly prefixes: PrefixTable;
  readonly paths: PathTable;
  /** Prefixes without paths that all consumers have seen wait there for `free`. */
  readonly gone: DirtyQueue;
  readonly attributes: AttributeTable;
  readonly decision: Decision;
  readonly neighbours: NeighbourTable;
  readonly turns: Turns;
}

/**
 * Adj-RIBs-In and Loc-RIB of one family: the paths of each prefix in a chain, the best of them beside it. Every change of
 * a best path queues its prefix for all consumers; a prefix without paths goes when the last of them has seen that.
 */
export class LocRib {
  readonly family: Family;
  readonly prefixes: PrefixTable;
  readonly paths: PathTable;
  readonly attributes: AttributeTable;
  readonly decision: Decision;
  /** By neighbour: import policy, where it has one. */
  readonly importers: (Importer | undefined)[] = [];
  readonly gone: DirtyQueue;
  /** Prefixes that have a best path. */
  reachable = 0;
  /** By neighbour: who asks about its paths, if anybody does. */
  readonly gates: (Gate | undefined)[] = [];
  /** By neighbour: paths that are refused by policy or loop, best paths, paths told in the present generation. */
  readonly refused: Uint32Array;
  readonly bests: Uint32Array;
  readonly fresh: Uint32Array;
  /** By neighbour: the present generation of its paths, modulo 8. */
  readonly generations: Uint8Array;
  /** By neighbour: 1 where a default route from it is never selected. */
  readonly refusesDefault: Uint8Array;
  /** What neighbours told. */
  readonly tally: ImportTally;
  /** Prefixes that have paths which are neither refused nor looped. */
  nets = 0;
  /** Paths of all neighbours that are refused or loop. */
  refusedPaths = 0;
  /** Best paths that have changed so far. */
  changes = 0;
  /** What a look ahead saw: it has to end somewhere, or it would be optimized away. */
  touched = 0;
  readonly #turns: Turns;
  readonly #queues: DirtyQueue[] = [];
  /** The consumer that also wants to know of changes among equal paths. */
  #multipath: DirtyQueue | undefined;
  /** Second answer of `#import`. */
  #bits = 0;

  constructor(parts: LocRibParts) {
    this.family = parts.family;
    this.prefixes = parts.prefixes;
    this.paths = parts.paths;
    this.gone = parts.gone;
    this.attributes = parts.attributes;
    this.decision = parts.decision;
    this.#turns = parts.turns;
    this.tally = new ImportTally(parts.neighbours.max);
    this.refused = new Uint32Array(parts.neighbours.max);
    this.bests = new Uint32Array(parts.neighbours.max);
    this.fresh = new Uint32Array(parts.neighbours.max);
    this.generations = new Uint8Array(parts.neighbours.max);
    this.refusesDefault = new Uint8Array(parts.neighbours.max);
  }

  attach(queue: DirtyQueue, multipath = false): void {
    this.#queues.push(queue);
    if (multipath) this.#multipath = queue;
  }

  /** What the queue still holds must have been settled. */
  detach(queue: DirtyQueue): void {
    const at = this.#queues.indexOf(queue);
    if (at >= 0) this.#queues.splice(at, 1);
    if (queue === this.#multipath) this.#multipath = undefined;
  }

  headOf(prefix: number): number {
    return this.prefixes.links[prefix * 2]!;
  }

  bestOf(prefix: number): number {
    return this.prefixes.links[prefix * 2 + 1]!;
  }

  /** The path of `prefix` that `neighbour` told, 0 where it told none. */
  pathOf(prefix: number, neighbour: number): number {
    const { words, owners } = this.paths;
    let path = this.prefixes.links[prefix * 2]!;
    while (path !== 0 && owners[path >>> BLOCK_BITS] !== neighbour) path = words[(path << 2) + 2]!;
    return path;
  }

  /**
   * `neighbour` tells a path.
   * @param received its attribute set as it came; held by the path from here on
   * @param flags state bits that the caller knows: `FILTERED`
   * @throws TableFull
   */
  announce(prefix: number, neighbour: number, received: number, flags: number): void {
    const known = this.pathOf(prefix, neighbour);
    const attributes = this.#import(prefix, neighbour, received, flags);
    const bits = this.#bits;
    this.tally.updates[neighbour]!++;
    if (bits !== 0) this.tally.refuse(neighbour, bits);
    if (known === 0) this.#insert(prefix, neighbour, received, attributes, bits);
    else this.#update(prefix, known, received, attributes, bits);
  }

  /** The import policy of its neighbour has changed: `path` is judged anew, as it was received. */
  importAgain(path: number): void {
    const { paths } = this;
    const prefix = paths.prefixOf(path);
    const neighbour = paths.neighbourOf(path);
    const received = this.receivedOf(path);
    const state = paths.stateOf(path);
    const refused = this.refusesDefault[neighbour] !== 0 && this.prefixes.lengthOf(prefix) === 0 ? FILTERED : 0;
    const attributes = this.#import(prefix, neighbour, received, refused);
    if ((state & FLAGS) === this.#bits && paths.attributesOf(path) === attributes) return;
    this.#replace(prefix, path, received, attributes, (state & ~FLAGS) | this.#bits);
  }

  /** @returns the set to select on; the path's flags are left in `bits` */
  #import(prefix: number, neighbour: number, received: number, flags: number): number {
    this.#bits = flags;
    if ((this.attributes.flagsOf(received) & LOOPED_SET) !== 0) {
      this.#bits |= LOOPED;
      return received;
    }
    if (this.gates[neighbour]?.refuses(prefix, neighbour, received) === true) {
      this.#bits |= FILTERED;
      return received;
    }
    const importer = this.importers[neighbour];
    if (importer === undefined || (flags & FILTERED) !== 0) return received;
    const attributes = importer.apply(received, prefix);
    if (attributes !== 0) return attributes;
    this.#bits |= FILTERED;
    return received;
  }

  #insert(prefix: number, neighbour: number, received: number, attributes: number, bits: number): void {
    const state = pathState(bits, this.generations[neighbour]!, this.#turns.second);
    const { links } = this.prefixes;
    let path: number;
    try {
      path = this.paths.add(neighbour, prefix, attributes, state);
    } catch (error) {
      this.settle(prefix);
      throw error;
    }
    this.attributes.hold(attributes);
    if (attributes !== received) {
      this.attributes.hold(received);
      this.paths.received.set(path, received);
    }
    const head = links[prefix * 2]!;
    if ((bits & OUT) === 0 && !this.#isNet(head)) this.nets++;
    this.paths.setNext(path, head);
    links[prefix * 2] = path;
    this.fresh[neighbour]!++;
    if ((bits & OUT) !== 0) this.#countRefused(neighbour, 1);
    this.#arrived(prefix, path);
  }

  /** `path` is new among the paths of `prefix`, or better or worse than it was without having been among the best. */
  #arrived(prefix: number, path: number): void {
    if (!this.decision.stands(path)) return;
    const best = this.bestOf(prefix);
    if (best === 0) {
      this.#setBest(prefix, path);
      return;
    }
    const mine = this.attributes.rankOf(this.paths.attributesOf(path));
    const its = this.attributes.rankOf(this.paths.attributesOf(best));
    if (mine > its) return;
    if (mine < its) this.#setBest(prefix, path);
    else this.reselect(prefix, false);
  }

  #update(prefix: number, path: number, received: number, attributes: number, bits: number): void {
    const { paths } = this;
    const neighbour = paths.neighbourOf(path);
    const state = paths.stateOf(path);
    const generation = this.generations[neighbour]!;
    if (ageOf(state, generation) !== 0) this.fresh[neighbour]!++;
    const sameFlags = (state & FLAGS) === bits;
    if (sameFlags && paths.attributesOf(path) === attributes && this.receivedOf(path) === received) {
      paths.setState(path, withGeneration(state, generation));
      if (bits === 0) this.tally.same[neighbour]!++;
      return;
    }
    this.#replace(prefix, path, received, attributes, pathState(bits, generation, this.#turns.second));
  }

  /** Puts another attribute set, another state, or both in the place of a path's, and selects again. */
  #replace(prefix: number, path: number, received: number, attributes: number, state: number): void {
    const { paths } = this;
    const counted = this.#countsWith(prefix, path);
    const before = paths.attributesOf(path);
    const receivedBefore = paths.received.get(path);
    this.attributes.hold(attributes);
    if (attributes !== received) this.attributes.hold(received);
    const wasRefused = (paths.stateOf(path) & OUT) !== 0;
    const isRefused = (state & OUT) !== 0;
    paths.setAttributes(path, attributes);
    if (wasRefused !== isRefused) this.#changeRefused(prefix, path, state);
    else paths.setState(path, state);
    paths.received.set(path, attributes !== received ? received : 0);
    if (counted) this.reselect(prefix, this.bestOf(prefix) === path);
    else this.#arrived(prefix, path);
    this.attributes.release(before);
    if (receivedBefore !== 0) this.attributes.release(receivedBefore);
  }

  #countRefused(neighbour: number, difference: number): void {
    this.refused[neighbour]! += difference;
    this.refusedPaths += difference;
  }

  /** `path` becomes one that is refused, or is no longer one. */
  #changeRefused(prefix: number, path: number, state: number): void {
    const { paths } = this;
    const wasNet = this.#isNet(this.headOf(prefix));
    paths.setState(path, state);
    this.#countRefused(paths.neighbourOf(path), (state & OUT) !== 0 ? 1 : -1);
    this.nets += Number(this.#isNet(this.headOf(prefix))) - Number(wasNet);
  }

  /** Is a path of the chain from `head` on neither refused nor looped? Almost always the first one. */
  #isNet(head: number): boolean {
    const { words } = this.paths;
    let path = head;
    while (path !== 0 && (words[(path << 2) + 3]! & OUT) !== 0) path = words[(path << 2) + 2]!;
    return path !== 0;
  }

  /** Is `path` the best one, or equal to it in rank, so that it has a say in which one is? */
  #countsWith(prefix: number, path: number): boolean {
    const best = this.bestOf(prefix);
    if (best === 0) return false;
    if (best === path) return true;
    if ((this.paths.stateOf(path) & OUT) !== 0) return false;
    const { attributes, paths } = this;
    return attributes.rankOf(paths.attributesOf(path)) === attributes.rankOf(paths.attributesOf(best));
  }

  /** @param prefix 0: one that nobody tells */
  withdraw(prefix: number, neighbour: number): void {
    const path = prefix === 0 ? 0 : this.pathOf(prefix, neighbour);
    this.tally.withdraws[neighbour]!++;
    if (path === 0) this.tally.absent[neighbour]!++;
    else this.remove(path);
  }

  remove(path: number): void {
    const { paths, attributes } = this;
    const { links } = this.prefixes;
    const prefix = paths.prefixOf(path);
    const neighbour = paths.neighbourOf(path);
    const counted = this.#countsWith(prefix, path);
    if (links[prefix * 2] === path) {
      links[prefix * 2] = paths.next(path);
    } else {
      let before = links[prefix * 2]!;
      while (paths.next(before) !== path) before = paths.next(before);
      paths.setNext(before, paths.next(path));
    }
    if (counted) this.reselect(prefix, false);
    const state = paths.stateOf(path);
    if ((state & OUT) !== 0) this.#countRefused(neighbour, -1);
    if (ageOf(state, this.generations[neighbour]!) === 0) this.fresh[neighbour]!--;
    const received = paths.received.get(path);
    if (received !== 0) {
      attributes.release(received);
      paths.received.set(path, 0);
    }
    attributes.release(paths.attributesOf(path));
    paths.remove(path);
    if ((state & OUT) === 0 && !this.#isNet(links[prefix * 2]!)) this.nets--;
    if (links[prefix * 2] === 0) this.settle(prefix);
  }

  /** Runs the decision process over all paths of `prefix`. @param changed the best path is not what it was, even if it stays */
  reselect(prefix: number, changed: boolean): void {
    const best = this.decision.select(this.headOf(prefix));
    if (changed || best !== this.bestOf(prefix)) this.#setBest(prefix, best);
    else this.#multipath?.push(prefix);
    this.#turns.wake();
  }

  #setBest(prefix: number, best: number): void {
    const { links } = this.prefixes;
    const before = links[prefix * 2 + 1]!;
    if (before !== 0) {
      this.reachable--;
      this.bests[this.paths.neighbourOf(before)]!--;
    }
    if (best !== 0) {
      this.reachable++;
      this.bests[this.paths.neighbourOf(best)]!++;
    }
    links[prefix * 2 + 1] = best;
    this.mark(prefix);
  }

  /** All consumers shall look at `prefix` again. */
  mark(prefix: number): void {
    const queues = this.#queues;
    this.changes++;
    for (let index = 0; index < queues.length; index++) queues[index]!.push(prefix);
    this.#turns.wake();
  }

  /** A consumer has seen `prefix`: if it has no paths and no other consumer waits for it, it goes. */
  settle(prefix: number): void {
    if (!this.#isGone(prefix)) return;
    this.gone.push(prefix);
    this.#turns.wake();
  }

  /** A consumer has seen `prefixes[0, count)`. */
  settleAll(prefixes: Uint32Array, count: number): void {
    for (let index = 0; index < count; index++) this.settle(prefixes[index]!);
  }

  #isGone(prefix: number): boolean {
    if (this.headOf(prefix) !== 0 || !this.prefixes.has(prefix)) return false;
    const queues = this.#queues;
    for (let index = 0; index < queues.length; index++) if (queues[index]!.has(prefix)) return false;
    return true;
  }

  /** Frees the numbers of those of `prefixes[0, count)` that are still gone; the memory that this needs is fetched first. */
  free(prefixes: Uint32Array, count: number): void {
    let touched = 0;
    let gone = 0;
    for (let index = 0; index < count; index++) {
      if (!this.#isGone(prefixes[index]!)) continue;
      touched ^= this.prefixes.touch(prefixes[index]!);
      prefixes[gone++] = prefixes[index]!;
    }
    this.touched = touched;
    for (let index = 0; index < gone; index++) this.prefixes.free(prefixes[index]!);
  }

  /** The set as the neighbour sent it. */
  receivedOf(path: number): number {
    return this.paths.received.get(path) || this.paths.attributesOf(path);
  }

  /** How many paths of `neighbour` were not told since its last generation began. */
  staleOf(neighbour: number): number {
    return this.paths.countOf(neighbour) - this.fresh[neighbour]!;
  }

  /** All paths of `neighbour` become older by one generation: stale, until they are told again. */
  age(neighbour: number): void {
    this.generations[neighbour] = (this.generations[neighbour]! + 1) & 7;
    this.fresh[neighbour] = 0;
  }
}
