import { reserve } from "#lib/reserve.ts";
import type { Family } from "#route/family.ts";
import { TableFull } from "./limits.ts";
import { SparseColumn } from "./sparse-column.ts";

/** Paths come in blocks that belong to one neighbour: `owners[path >>> BLOCK_BITS]`. */
export const BLOCK_BITS = 6;
const BLOCK = 1 << BLOCK_BITS;

/** Words of a path record. */
const PREFIX = 0;
const ATTRIBUTES = 1;
const NEXT = 2;
const STATE = 3;

/** Bits of the state word; above them stands the second the path came in. */
export const FILTERED = 1 << 0;
/** Our own AS, router id or cluster id stands in it. */
export const LOOPED = 1 << 1;
/** Bits that keep a path out of selection. */
export const OUT: number = FILTERED | LOOPED;
export const FLAGS = 7;
/** Generation of its neighbour in which the path was last told, modulo 8. */
const GENERATION_SHIFT = 3;
const GENERATION_MASK = 7;
const TIME_SHIFT = 6;

/**
 * Paths of one family: records of four words, `[prefix, attribute set, next path of the prefix, state]`. A record has no
 * neighbour field: ids come from blocks of 64 that belong to one neighbour, so a neighbour's paths are found without a
 * scan of the others. What few paths have (the set as received where a policy changed it) is in columns of their own,
 * which exist only where they are used; an ADD-PATH identifier would be one more.
 */
export class PathTable {
  readonly words: Uint32Array;
  /** Neighbour by block. */
  readonly owners: Uint16Array;
  /** Attribute set as the neighbour sent it, where import policy put another one in its place. */
  readonly received: SparseColumn = new SparseColumn();
  size = 0;
  readonly #family: Family;
  readonly #max: number;
  readonly #nextBlock: Uint32Array;
  #freeBlock = 0;
  #endBlock = 1;
  /** By neighbour: newest block, first free record, paths, and how often its blocks were given back. */
  readonly #heads: Uint32Array;
  readonly #free: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #epochs: Uint32Array;

  constructor(family: Family, max: number, neighbours: number) {
    this.#family = family;
    this.#max = max;
    const blocks = (max >>> BLOCK_BITS) + neighbours + 2;
    this.words = reserve(Uint32Array, blocks * BLOCK * 4);
    this.owners = reserve(Uint16Array, blocks);
    this.#nextBlock = reserve(Uint32Array, blocks);
    this.#heads = new Uint32Array(neighbours);
    this.#free = new Uint32Array(neighbours);
    this.#counts = new Uint32Array(neighbours);
    this.#epochs = new Uint32Array(neighbours);
  }

  /** One past the highest record that was ever in use; those in between whose prefix is 0 are free. */
  get end(): number {
    return this.#endBlock << BLOCK_BITS;
  }

  get octets(): number {
    return this.#endBlock * BLOCK * 16 + this.#endBlock * 6 + this.received.octets;
  }

  /** Takes a record for a path of `neighbour`; all its words but `next` are set. @throws TableFull */
  add(neighbour: number, prefix: number, attributes: number, state: number): number {
    let path = this.#free[neighbour]!;
    if (path === 0) path = this.#takeBlock(neighbour);
    const { words } = this;
    const at = path << 2;
    this.#free[neighbour] = words[at + NEXT]!;
    words[at + PREFIX] = prefix;
    words[at + ATTRIBUTES] = attributes;
    words[at + STATE] = state;
    this.#counts[neighbour]!++;
    this.size++;
    return path;
  }

  /** @returns its first record; the others are chained behind it */
  #takeBlock(neighbour: number): number {
    if (this.size >= this.#max) throw new TableFull(this.#family === "ipv4" ? "paths4" : "paths6", this.#max);
    let block = this.#freeBlock;
    if (block !== 0) this.#freeBlock = this.#nextBlock[block]!;
    else if (this.#endBlock < this.owners.length) block = this.#endBlock++;
    else throw new TableFull(this.#family === "ipv4" ? "paths4" : "paths6", this.#max);
    this.owners[block] = neighbour;
    this.#nextBlock[block] = this.#heads[neighbour]!;
    this.#heads[neighbour] = block;
    const first = block << BLOCK_BITS;
    for (let path = first; path < first + BLOCK; path++) {
      this.words[(path << 2) + PREFIX] = 0;
      this.words[(path << 2) + NEXT] = path + 1 < first + BLOCK ? path + 1 : 0;
    }
    return first;
  }

  /** Gives the record back. A neighbour's blocks return to all when its last path is gone. */
  remove(path: number): void {
    const { words } = this;
    const neighbour = this.owners[path >>> BLOCK_BITS]!;
    words[(path << 2) + PREFIX] = 0;
    words[(path << 2) + NEXT] = this.#free[neighbour]!;
    this.#free[neighbour] = path;
    this.size--;
    if (--this.#counts[neighbour]! === 0) this.#giveBack(neighbour);
  }

  #giveBack(neighbour: number): void {
    let block = this.#heads[neighbour]!;
    while (block !== 0) {
      const next = this.#nextBlock[block]!;
      this.#nextBlock[block] = this.#freeBlock;
      this.#freeBlock = block;
      block = next;
    }
    this.#heads[neighbour] = 0;
    this.#free[neighbour] = 0;
    this.#epochs[neighbour]!++;
  }

  neighbourOf(path: number): number {
    return this.owners[path >>> BLOCK_BITS]!;
  }

  prefixOf(path: number): number {
    return this.words[(path << 2) + PREFIX]!;
  }

  attributesOf(path: number): number {
    return this.words[(path << 2) + ATTRIBUTES]!;
  }

  setAttributes(path: number, attributes: number): void {
    this.words[(path << 2) + ATTRIBUTES] = attributes;
  }

  next(path: number): number {
    return this.words[(path << 2) + NEXT]!;
  }

  setNext(path: number, next: number): void {
    this.words[(path << 2) + NEXT] = next;
  }

  stateOf(path: number): number {
    return this.words[(path << 2) + STATE]!;
  }

  setState(path: number, state: number): void {
    this.words[(path << 2) + STATE] = state;
  }

  /** Paths of `neighbour`. */
  countOf(neighbour: number): number {
    return this.#counts[neighbour]!;
  }

  /** Where a walk over the paths of `neighbour` begins. */
  walk(neighbour: number): PathWalk {
    return new PathWalk(this, neighbour, this.#heads[neighbour]!, this.#epochs[neighbour]!);
  }

  blockAfter(block: number): number {
    return this.#nextBlock[block]!;
  }

  epochOf(neighbour: number): number {
    return this.#epochs[neighbour]!;
  }
}

/**
 * A resumable walk over the paths a neighbour had when it began; paths may come and go meanwhile. Those that came later may
 * be visited or not.
 */
export class PathWalk {
  readonly #paths: PathTable;
  readonly #neighbour: number;
  readonly #epoch: number;
  #block: number;
  #path: number;

  constructor(paths: PathTable, neighbour: number, block: number, epoch: number) {
    this.#paths = paths;
    this.#neighbour = neighbour;
    this.#epoch = epoch;
    this.#block = block;
    this.#path = block << BLOCK_BITS;
  }

  /** The same walk from where it is. */
  copy(): PathWalk {
    const walk = new PathWalk(this.#paths, this.#neighbour, this.#block, this.#epoch);
    walk.#path = this.#path;
    return walk;
  }

  /**
   * Calls `visit` for the paths among the next `records` records.
   * @param visit may remove the path it was given
   * @returns false when the walk is over
   */
  step(records: number, visit: (path: number) => void): boolean {
    const paths = this.#paths;
    for (let left = records; left > 0 && this.#block !== 0; left--) {
      // All blocks were given back: none of the paths this walk was for is left, and others may have the blocks.
      if (paths.epochOf(this.#neighbour) !== this.#epoch) return false;
      const path = this.#path++;
      if (this.#path >>> BLOCK_BITS !== this.#block) {
        this.#block = paths.blockAfter(this.#block);
        this.#path = this.#block << BLOCK_BITS;
      }
      if (paths.prefixOf(path) !== 0) visit(path);
    }
    return this.#block !== 0;
  }
}

/** State word of a path told now. */
export function pathState(flags: number, generation: number, second: number): number {
  return (flags | ((generation & GENERATION_MASK) << GENERATION_SHIFT) | (second << TIME_SHIFT)) >>> 0;
}

/** How many generations of its neighbour ago the path was last told: 0 is fresh, more is stale. */
export function ageOf(state: number, generation: number): number {
  return (generation - (state >>> GENERATION_SHIFT)) & GENERATION_MASK;
}

export function withGeneration(state: number, generation: number): number {
  const cleared = state & ~(GENERATION_MASK << GENERATION_SHIFT);
  return (cleared | ((generation & GENERATION_MASK) << GENERATION_SHIFT)) >>> 0;
}

/** Seconds since the RIB began, modulo 2^26 (two years). */
export const secondOf = (state: number): number => state >>> TIME_SHIFT;
