import { bug } from "#lib/bug.ts";
import type { MessageSpace } from "./ports.ts";

/** One longest message (RFC 8654) fits. */
const SLAB_OCTETS = 65_536;
/** Slabs kept for later; more go to the garbage collector. */
const MAX_SPARE = 64;

/** Whole messages that many sockets share. Goes back to the pool when nobody needs it any more. */
export class Slab {
  readonly bytes: Uint8Array = new Uint8Array(SLAB_OCTETS);
  users = 0;
}

export class SlabPool {
  /** Slabs that are out. */
  out = 0;
  readonly #spare: Slab[] = [];

  /** A slab with one user. */
  take(): Slab {
    const slab = this.#spare.pop() ?? new Slab();
    slab.users = 1;
    this.out++;
    return slab;
  }

  release(slab: Slab): void {
    if (--slab.users > 0) return;
    if (slab.users < 0) bug("a slab was given back twice");
    this.out--;
    if (this.#spare.length < MAX_SPARE) this.#spare.push(slab);
  }

  get octets(): number {
    return (this.out + this.#spare.length) * SLAB_OCTETS;
  }
}

/** Everybody gets the messages of a range, except the neighbour its routes came from. */
export interface Range {
  /** Neighbour number, or -1: nobody is excepted. */
  readonly origin: number;
  readonly from: number;
  readonly to: number;
  /** Prefixes announced and withdrawn in it; of a message at the end of a slab they may count for the next range. */
  readonly reached: number;
  readonly withdrawn: number;
}

/** Messages in one slab, `from` to `to`, of which the slab's user count keeps one for the segment. */
export interface Segment {
  readonly slab: Slab;
  readonly from: number;
  readonly to: number;
  /** In order and without gaps. */
  readonly ranges: readonly Range[];
}

/** Where an encoder writes, slab after slab; remembers which messages came from whose routes. */
export class SlabWriter implements MessageSpace {
  bytes: Uint8Array;
  at = 0;
  /** Prefixes of the range that is open. */
  reached = 0;
  withdrawn = 0;
  readonly #pool: SlabPool;
  #slab: Slab;
  #from = 0;
  #rangeFrom = 0;
  #origin = -1;
  #ranges: Range[] = [];
  #segments: Segment[] = [];

  constructor(pool: SlabPool) {
    this.#pool = pool;
    this.#slab = pool.take();
    this.bytes = this.#slab.bytes;
  }

  /** The messages from here on are about routes of neighbour `origin` (-1: of nobody). */
  origin(origin: number): void {
    if (origin === this.#origin) return;
    this.#closeRange();
    this.#origin = origin;
  }

  reserve(octets: number): void {
    if (this.at + octets <= SLAB_OCTETS) return;
    if (octets > SLAB_OCTETS) bug(`a message of ${octets} octets`);
    this.#closeSegment();
    this.#pool.release(this.#slab);
    this.#slab = this.#pool.take();
    this.bytes = this.#slab.bytes;
    this.at = 0;
    this.#from = 0;
    this.#rangeFrom = 0;
  }

  /** What was written since the last call. The open slab goes on to be filled behind it. */
  finish(): Segment[] {
    this.#closeSegment();
    this.#origin = -1;
    const segments = this.#segments;
    this.#segments = [];
    return segments;
  }

  /** Gives the open slab back. */
  close(): void {
    this.#pool.release(this.#slab);
  }

  #closeRange(): void {
    if (this.at === this.#rangeFrom) return;
    const { reached, withdrawn } = this;
    this.#ranges.push({ origin: this.#origin, from: this.#rangeFrom, to: this.at, reached, withdrawn });
    this.#rangeFrom = this.at;
    this.reached = 0;
    this.withdrawn = 0;
  }

  #closeSegment(): void {
    this.#closeRange();
    if (this.#ranges.length === 0) return;
    this.#slab.users++;
    this.#segments.push({ slab: this.#slab, from: this.#from, to: this.at, ranges: this.#ranges });
    this.#ranges = [];
    this.#from = this.at;
  }
}
