import { reserve } from "#lib/reserve.ts";
import type { LocRib } from "./loc-rib.ts";
import type { NeighbourTable } from "./neighbours.ts";
import type { PathSource, UpdateEncoder } from "./ports.ts";
import type { SlabWriter } from "./slab.ts";
import type { PrefixTable4 } from "./table/prefix-table-4.ts";
import type { PrefixTable6 } from "./table/prefix-table-6.ts";

/** Most prefixes of one batch. */
export const BATCH = 1024;
const NONE = 0xffff;

/**
 * Collects what one step tells: prefixes linked by attribute set and origin, withdrawals by origin; then writes each
 * bunch once. Shared by all groups of a family, because a step begins and ends in one call.
 */
export class UpdateBatch {
  readonly #loc: LocRib;
  readonly #sources: PathSource[] = [];
  readonly #sourcesWithMed: PathSource[] = [];
  readonly #neighbours: NeighbourTable;
  /** Bunches: attribute set (0: withdrawal), origin, first prefix's index, and the next bunch of the same set. */
  readonly #sets = new Uint32Array(BATCH * 2);
  readonly #origins = new Uint16Array(BATCH * 2);
  readonly #firsts = new Uint16Array(BATCH * 2);
  readonly #lasts = new Uint16Array(BATCH * 2);
  readonly #nextBunch = new Uint16Array(BATCH * 2);
  #bunches = 0;
  /** By attribute set: its newest bunch + 1. Zero outside of a step. */
  readonly #bunchOfSet: Uint16Array;
  /** By neighbour: the bunch of its withdrawals + 1. Zero outside of a step. */
  readonly #withdrawalsOf: Uint16Array;
  /** Prefixes, and the next one of the same bunch. */
  readonly #prefixes = new Uint32Array(BATCH * 2);
  readonly #next = new Uint16Array(BATCH * 2);
  #count = 0;
  #order: number[] = [];

  constructor(loc: LocRib, neighbours: NeighbourTable, maxSets: number) {
    this.#loc = loc;
    this.#neighbours = neighbours;
    this.#bunchOfSet = reserve(Uint16Array, maxSets + 1);
    this.#withdrawalsOf = new Uint16Array(neighbours.max);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Tells `prefix` with attribute set `set`; its path came from neighbour `origin`. */
  reach(prefix: number, set: number, origin: number): void {
    let bunch = this.#bunchOfSet[set]!;
    while (bunch !== 0 && this.#origins[bunch - 1] !== origin) bunch = this.#nextBunch[bunch - 1]!;
    if (bunch === 0) {
      bunch = this.#open(set, origin) + 1;
      this.#nextBunch[bunch - 1] = this.#bunchOfSet[set]!;
      this.#bunchOfSet[set] = bunch;
    }
    this.#append(bunch - 1, prefix);
  }

  /** Withdraws `prefix`, which `origin` had told, from all others. */
  unreach(prefix: number, origin: number): void {
    let bunch = this.#withdrawalsOf[origin]!;
    if (bunch === 0) {
      bunch = this.#open(0, origin) + 1;
      this.#withdrawalsOf[origin] = bunch;
    }
    this.#append(bunch - 1, prefix);
  }

  #open(set: number, origin: number): number {
    const bunch = this.#bunches++;
    this.#sets[bunch] = set;
    this.#origins[bunch] = origin;
    this.#firsts[bunch] = NONE;
    return bunch;
  }

  #append(bunch: number, prefix: number): void {
    const index = this.#count++;
    this.#prefixes[index] = prefix;
    this.#next[index] = NONE;
    if (this.#firsts[bunch] === NONE) this.#firsts[bunch] = index;
    else this.#next[this.#lasts[bunch]!] = index;
    this.#lasts[bunch] = index;
  }

  /**
   * Writes all bunches, withdrawals first, and is empty again.
   * @param refused called for each prefix whose set cannot be told in a message
   */
  write(encoder: UpdateEncoder, writer: SlabWriter, refused: (prefix: number, origin: number) => void): void {
    const order = this.#order;
    order.length = this.#bunches;
    let origins = 1;
    for (let bunch = 0; bunch < order.length; bunch++) {
      order[bunch] = bunch;
      if (bunch > 0 && this.#origins[bunch] !== this.#origins[0]) origins = 2;
    }
    if (origins > 1 || this.#hasWithdrawals()) order.sort((a, b) => this.#compare(a, b));
    for (const bunch of order) {
      if (this.#sets[bunch] === 0) this.#writeUnreach(bunch, encoder, writer);
      else this.#writeReach(bunch, encoder, writer, refused);
    }
    this.#bunches = 0;
    this.#count = 0;
  }

  #hasWithdrawals(): boolean {
    for (let bunch = 0; bunch < this.#bunches; bunch++) if (this.#sets[bunch] === 0) return true;
    return false;
  }

  /** Withdrawals first, then by origin, so that each origin's messages lie together. */
  #compare(a: number, b: number): number {
    const withdrawals = Number(this.#sets[a] !== 0) - Number(this.#sets[b] !== 0);
    return withdrawals || this.#origins[a]! - this.#origins[b]! || a - b;
  }

  #writeUnreach(bunch: number, encoder: UpdateEncoder, writer: SlabWriter): void {
    const origin = this.#origins[bunch]!;
    this.#withdrawalsOf[origin] = 0;
    writer.origin(origin);
    encoder.beginUnreach(writer, this.#loc.family);
    writer.withdrawn += this.#writePrefixes(bunch, encoder);
    encoder.end();
  }

  #writeReach(
    bunch: number,
    encoder: UpdateEncoder,
    writer: SlabWriter,
    refused: (prefix: number, origin: number) => void,
  ): void {
    const set = this.#sets[bunch]!;
    const origin = this.#origins[bunch]!;
    const { attributes, family } = this.#loc;
    this.#bunchOfSet[set] = 0;
    writer.origin(origin);
    const start = attributes.startOf(set);
    const end = start + attributes.lengthOf(set);
    const source = this.#sourceOf(origin, attributes.isExported(set));
    if (encoder.beginReach(writer, family, attributes.arena.bytes, start, end, source)) {
      writer.reached += this.#writePrefixes(bunch, encoder);
      encoder.end();
      return;
    }
    for (let index = this.#firsts[bunch]!; index !== NONE; index = this.#next[index]!) {
      refused(this.#prefixes[index]!, origin);
    }
  }

  /** @returns how many there were */
  #writePrefixes(bunch: number, encoder: UpdateEncoder): number {
    const next = this.#next;
    const prefixes = this.#prefixes;
    let count = 0;
    if (this.#loc.family === "ipv4") {
      const { words, lengths } = this.#loc.prefixes as PrefixTable4;
      for (let index = this.#firsts[bunch]!; index !== NONE; index = next[index]!, count++) {
        const prefix = prefixes[index]!;
        encoder.add4(words[prefix]!, lengths[prefix]!);
      }
      return count;
    }
    const { words, lengths } = this.#loc.prefixes as PrefixTable6;
    for (let index = this.#firsts[bunch]!; index !== NONE; index = next[index]!, count++) {
      const at = prefixes[index]! << 2;
      encoder.add6(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, lengths[prefixes[index]!]!);
    }
    return count;
  }

  /** One prefix into the open message: for the few that are not in a bunch. */
  addPrefix(encoder: UpdateEncoder, prefix: number): void {
    const { prefixes } = this.#loc;
    const length = prefixes.lengthOf(prefix);
    const w0 = prefixes.word(prefix, 0);
    if (prefixes.family === "ipv4") encoder.add4(w0, length);
    else encoder.add6(w0, prefixes.word(prefix, 1), prefixes.word(prefix, 2), prefixes.word(prefix, 3), length);
  }

  #sourceOf(origin: number, ownMed: boolean): PathSource {
    const sources = ownMed ? this.#sourcesWithMed : this.#sources;
    const kind = this.#neighbours.kindOf(origin);
    const routerId = this.#neighbours.routerIds[origin]!;
    const known = sources[origin];
    if (known !== undefined && known.kind === kind && known.routerId === routerId) return known;
    const source = { kind, routerId, ownMed };
    sources[origin] = source;
    return source;
  }
}
