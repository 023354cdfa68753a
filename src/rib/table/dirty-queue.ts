import { reserve } from "#lib/reserve.ts";
/**
 * Prefixes one consumer shall look at again, each of them queued once: a slow consumer costs no memory. A ring of ids in
 * the order of their first mark, and a bit per id. An empty queue begins at the ring's start again, so that only as many
 * pages are touched as the longest backlog needs.
 */
export class DirtyQueue {
  /** Ids that were ever queued and ever taken: a position in the stream that can be waited for. */
  pushed = 0;
  taken = 0;
  readonly #ring: Uint32Array;
  readonly #bits: Uint32Array;
  #head = 0;
  #tail = 0;

  /** @param max highest id */
  constructor(max: number) {
    this.#ring = reserve(Uint32Array, max + 1);
    this.#bits = reserve(Uint32Array, (max >>> 5) + 1);
  }

  get length(): number {
    return this.pushed - this.taken;
  }

  has(id: number): boolean {
    return (this.#bits[id >>> 5]! & (1 << (id & 31))) !== 0;
  }

  push(id: number): void {
    const word = id >>> 5;
    const bit = 1 << (id & 31);
    const bits = this.#bits[word]!;
    if ((bits & bit) !== 0) return;
    this.#bits[word] = bits | bit;
    this.#ring[this.#tail] = id;
    this.#tail = this.#tail + 1 === this.#ring.length ? 0 : this.#tail + 1;
    this.pushed++;
  }

  /** The id that waits longest, still queued; 0 where none waits. */
  get first(): number {
    return this.pushed === this.taken ? 0 : this.#ring[this.#head]!;
  }

  /** @returns the id that waits longest, no longer queued; 0 where none waits */
  shift(): number {
    if (this.pushed === this.taken) return 0;
    const id = this.#ring[this.#head]!;
    this.#bits[id >>> 5]! &= ~(1 << (id & 31));
    this.taken++;
    if (this.pushed === this.taken) {
      this.#head = 0;
      this.#tail = 0;
    } else {
      this.#head = this.#head + 1 === this.#ring.length ? 0 : this.#head + 1;
    }
    return id;
  }

  /** Becomes what `other`, a queue of the same size, is: the same ids in the same order. This one is empty. */
  copy(other: DirtyQueue): void {
    for (let index = 0, at = other.#head; index < other.length; index++) {
      this.push(other.#ring[at]!);
      at = at + 1 === other.#ring.length ? 0 : at + 1;
    }
  }
}
