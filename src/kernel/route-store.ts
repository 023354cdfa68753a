import { formatWords } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { PrefixTable } from "./prefix-table.ts";

/** Layers of the store: what the RIB wants, and the node's own routes, which have a metric of their own. */
export const LEARNED = 0;
export const OWN = 1;

/** `actual` of a route that is ours by its mark, but does not go where any hop set says. */
export const UNKNOWN = 0xffffffff;
/** `actual` with this bit: the route names the object in this slot. Without it: a hop set's number, or 0. */
export const VIA_OBJECT = 0x80000000;

/** Bits of `flags`. */
export const QUEUED = 1 << 0;
export const IN_FLIGHT = 1 << 1;
/** Found at start, not asked for yet: kept until the sweep. */
export const STALE = 1 << 2;
/** The kernel refused it; the failure is kept beside. */
export const FAILED = 1 << 3;
/** Met in the dump that is running. */
export const SEEN = 1 << 4;

/**
 * What is wanted and what the kernel holds, per route of one family, as parallel arrays by the prefix's number:
 * `desired` a hop set or 0, `actual` as above, `flags`. About 23 octets an IPv4 route, 35 an IPv6 route.
 */
export class RouteStore {
  readonly family: Family;
  readonly prefixes: PrefixTable;
  desired: Uint32Array;
  actual: Uint32Array;
  flags: Uint8Array;
  /** Routes that the kernel holds. */
  installed = 0;
  /** Routes that are wanted. */
  wanted = 0;
  #queue: Uint32Array = new Uint32Array(256);
  #queued = 0;
  #round: Uint32Array = new Uint32Array(256);
  #left = 0;
  #random: number;

  constructor(family: Family, seed: number) {
    this.family = family;
    this.prefixes = new PrefixTable(family === "ipv4" ? 1 : 4, seed);
    this.#random = seed | 1;
    this.desired = new Uint32Array(this.prefixes.capacity);
    this.actual = new Uint32Array(this.prefixes.capacity);
    this.flags = new Uint8Array(this.prefixes.capacity);
  }

  /** @returns the route's number; 0 where the table is full */
  add(w0: number, w1: number, w2: number, w3: number, length: number, layer: number): number {
    const id = this.prefixes.add(w0, w1, w2, w3, length, layer);
    if (this.prefixes.capacity > this.flags.length) this.#grow();
    return id;
  }

  /** Forgets a route that is neither wanted, nor in the kernel, nor on its way. */
  releaseIfIdle(id: number): void {
    if (this.desired[id] === 0 && this.actual[id] === 0 && this.flags[id] === 0) this.prefixes.remove(id);
  }

  setDesired(id: number, hopSet: number): void {
    const before = this.desired[id]!;
    this.wanted += (hopSet === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
    this.desired[id] = hopSet;
  }

  setActual(id: number, actual: number): void {
    const before = this.actual[id]!;
    this.installed += (actual === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
    this.actual[id] = actual;
  }

  /** Puts a route among those to look at; once. */
  enqueue(id: number): void {
    if ((this.flags[id]! & QUEUED) !== 0) return;
    this.flags[id]! |= QUEUED;
    if (this.#queued === this.#queue.length) this.#queue = doubled(this.#queue);
    this.#queue[this.#queued++] = id;
  }

  get pending(): number {
    return this.#queued + this.#left;
  }

  /**
   * The next route to look at, or 0. In rounds: what is queued during a round waits for the next one, and a round is
   * drawn in random order, because the kernel's trie is several times slower with ascending prefixes.
   */
  take(): number {
    if (this.#left === 0) {
      if (this.#queued === 0) return 0;
      [this.#queue, this.#round] = [this.#round, this.#queue];
      this.#left = this.#queued;
      this.#queued = 0;
    }
    const at = this.#draw(this.#left);
    const id = this.#round[at]!;
    this.#round[at] = this.#round[--this.#left]!;
    this.flags[id]! &= ~QUEUED;
    return id;
  }

  /** `10.0.0.0/8`. */
  format(id: number): string {
    const { prefixes: p } = this;
    const address = formatWords(this.family, p.word(id, 0), p.word(id, 1), p.word(id, 2), p.word(id, 3));
    return `${address}/${p.length(id)}`;
  }

  /** Xorshift (Marsaglia 2003): enough for an order. */
  #draw(below: number): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return Math.floor(((x >>> 0) / 0x100000000) * below);
  }

  #grow(): void {
    const { capacity } = this.prefixes;
    const desired = new Uint32Array(capacity);
    desired.set(this.desired);
    this.desired = desired;
    const actual = new Uint32Array(capacity);
    actual.set(this.actual);
    this.actual = actual;
    const flags = new Uint8Array(capacity);
    flags.set(this.flags);
    this.flags = flags;
  }
}

function doubled(array: Uint32Array): Uint32Array {
  const grown = new Uint32Array(array.length * 2);
  grown.set(array);
  return grown;
}
