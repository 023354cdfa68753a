import { reserve } from "#lib/reserve.ts";

/** Numbers that are drawn in one go. */
const DRAW = 256;

/**
 * Numbers waiting for their turn. In rounds: what comes during a round waits for the next one, so nothing starves; and
 * a round is drawn in random order, because the kernel's trie is several times slower with ascending prefixes. Some are
 * drawn ahead of their turn and told of, so that the memory can fetch at the same time what each of them will need.
 */
export class ShuffledQueue {
  #waiting: Uint32Array = new Uint32Array(256);
  #queued = 0;
  /** The next one to come is the last one of those left. */
  #round: Uint32Array = new Uint32Array(256);
  #left = 0;
  /** How many of those left, from their end on, are drawn. */
  #drawn = 0;
  /** Rounds that have begun. */
  #rounds = 0;
  #random: number;
  readonly #soon: (values: Uint32Array) => void;

  /** @param soon told of numbers that come soon, borrowed */
  constructor(seed: number, soon: (values: Uint32Array) => void) {
    this.#random = seed | 1;
    this.#soon = soon;
  }

  get size(): number {
    return this.#queued + this.#left;
  }

  push(value: number): void {
    if (this.#queued === this.#waiting.length) {
      const grown = reserve(Uint32Array, this.#queued * 2);
      grown.set(this.#waiting);
      this.#waiting = grown;
    }
    this.#waiting[this.#queued++] = value;
  }

  /** @returns undefined when empty */
  pop(): number | undefined {
    if (this.#left === 0 && this.#queued > 0) this.#begin();
    if (this.#left === 0) return undefined;
    if (this.#drawn === 0) this.#drawSome();
    this.#drawn--;
    return this.#round[--this.#left]!;
  }

  #begin(): void {
    [this.#waiting, this.#round] = [this.#round, this.#waiting];
    this.#left = this.#queued;
    this.#queued = 0;
    this.#rounds++;
  }

  #drawSome(): void {
    const round = this.#round;
    const past = Math.max(0, this.#left - DRAW);
    for (let last = this.#left - 1; last >= past; last--) {
      const at = this.#draw(last + 1);
      const value = round[at]!;
      round[at] = round[last]!;
      round[last] = value;
    }
    this.#drawn = this.#left - past;
    this.#soon(round.subarray(past, this.#left));
  }

  /** @returns whether all that waits now was drawn, whenever it is asked */
  checkpoint(): () => boolean {
    const last = this.#queued > 0 ? this.#rounds + 1 : this.#rounds;
    return () => last < this.#rounds || (last === this.#rounds && this.#left === 0);
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
}
