/**
 * Numbers waiting for their turn. In rounds: what comes during a round waits for the next one, so nothing starves; and
 * a round is drawn in random order, because the kernel's trie is several times slower with ascending prefixes.
 */
export class ShuffledQueue {
  #waiting: Uint32Array = new Uint32Array(256);
  #queued = 0;
  #round: Uint32Array = new Uint32Array(256);
  #left = 0;
  /** Rounds that have begun. */
  #rounds = 0;
  #random: number;

  constructor(seed: number) {
    this.#random = seed | 1;
  }

  get size(): number {
    return this.#queued + this.#left;
  }

  push(value: number): void {
    if (this.#queued === this.#waiting.length) {
      const grown = new Uint32Array(this.#queued * 2);
      grown.set(this.#waiting);
      this.#waiting = grown;
    }
    this.#waiting[this.#queued++] = value;
  }

  /** @returns undefined when empty */
  pop(): number | undefined {
    if (this.#left === 0) {
      if (this.#queued === 0) return undefined;
      [this.#waiting, this.#round] = [this.#round, this.#waiting];
      this.#left = this.#queued;
      this.#queued = 0;
      this.#rounds++;
    }
    const at = this.#draw(this.#left);
    const value = this.#round[at]!;
    this.#round[at] = this.#round[--this.#left]!;
    return value;
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
