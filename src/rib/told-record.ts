import { reserve } from "#lib/reserve.ts";
/**
 * What a group has told: per prefix the neighbour its path came from, + 1; 0: not told. A member has a prefix if the
 * record is neither 0 nor its own number + 1, because nobody is told its own paths.
 */
export class ToldRecord {
  /** Prefixes told. */
  size = 0;
  readonly #origins: Uint16Array;
  readonly #byOrigin: Uint32Array;

  /** @param maxPrefixes highest prefix number. @param neighbours most of them, at most 65,534 */
  constructor(maxPrefixes: number, neighbours: number) {
    this.#origins = reserve(Uint16Array, maxPrefixes + 1);
    this.#byOrigin = new Uint32Array(neighbours);
  }

  /** Origin of `prefix` + 1, 0 where it is not told. */
  get(prefix: number): number {
    return this.#origins[prefix]!;
  }

  /** @param now origin + 1, or 0 */
  set(prefix: number, now: number): void {
    const before = this.#origins[prefix]!;
    this.#origins[prefix] = now;
    if (before !== 0) {
      this.size--;
      this.#byOrigin[before - 1]!--;
    }
    if (now !== 0) {
      this.size++;
      this.#byOrigin[now - 1]!++;
    }
  }

  /** Prefixes told whose path came from neighbour `origin`. */
  countOf(origin: number): number {
    return this.#byOrigin[origin]!;
  }

  /** Was `prefix` told to `neighbour`? */
  has(prefix: number, neighbour: number): boolean {
    const origin = this.#origins[prefix]!;
    return origin !== 0 && origin !== neighbour + 1;
  }

  /** Becomes what `other` is. @param end one past the highest prefix number in use */
  copy(other: ToldRecord, end: number): void {
    this.#origins.set(other.#origins.subarray(0, end));
    this.#byOrigin.set(other.#byOrigin);
    this.size = other.size;
  }
}
