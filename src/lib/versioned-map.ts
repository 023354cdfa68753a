import { fnv1a } from "./fnv1a.ts";
import type { Steps } from "./steps.ts";

/** A change copies one shard and the list of all: with tens of thousands of entries some hundred. */
const SHARDS = 256;

type Shard<V> = ReadonlyMap<string, V>;
const nothing: Shard<never> = new Map<string, never>();

/**
 * A map that is never changed: `with` gives another version, which shares all but what it touches with this one. Two
 * versions are compared without a look at what they share. In the order of nothing.
 */
export class VersionedMap<V> implements ReadonlyMap<string, V> {
  readonly size: number;
  readonly #shards: readonly Shard<V>[];

  private constructor(shards: readonly Shard<V>[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  /** Of two entries with one key the later counts. */
  static of<V>(entries: Iterable<readonly [string, V]>): VersionedMap<V> {
    return new VersionedMap<V>(new Array<Shard<V>>(SHARDS).fill(nothing), 0).with(entries);
  }

  /**
   * @param changes undefined: there shall be no such key
   * @returns this very map where nothing is other than it was
   */
  with(changes: Iterable<readonly [string, V | undefined]>): VersionedMap<V> {
    const shards = [...this.#shards];
    let size = this.size;
    for (const [key, value] of changes) {
      const index = shardOf(key);
      const before = shards[index] ?? nothing;
      if (before.get(key) === value) continue;
      const isShared = before === this.#shards[index];
      const shard = isShared ? new Map(before) : (before as Map<string, V>);
      shards[index] = shard;
      size -= shard.size;
      if (value === undefined) shard.delete(key);
      else shard.set(key, value);
      size += shard.size;
    }
    const same = shards.every((shard, index) => shard === this.#shards[index]);
    return same ? this : new VersionedMap(shards, size);
  }

  /** Keys whose value came, went or is another one than in `before`. */
  *changedSince(before: VersionedMap<V>): Steps<string[]> {
    const changed: string[] = [];
    for (const [index, now] of this.#shards.entries()) {
      const then = before.#shards[index] ?? nothing;
      if (now === then) continue;
      for (const [key, value] of now) if (then.get(key) !== value) changed.push(key);
      for (const key of then.keys()) if (!now.has(key)) changed.push(key);
      yield;
    }
    return changed;
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key)]?.has(key) === true;
  }

  *entries(): MapIterator<[string, V]> {
    for (const shard of this.#shards) if (shard.size > 0) yield* shard;
  }

  *keys(): MapIterator<string> {
    for (const shard of this.#shards) if (shard.size > 0) yield* shard.keys();
  }

  *values(): MapIterator<V> {
    for (const shard of this.#shards) if (shard.size > 0) yield* shard.values();
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }

  forEach(act: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) act(value, key, this);
  }
}

/** Folded: names often differ in their last letters only. */
function shardOf(key: string): number {
  const hash = fnv1a(key);
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (SHARDS - 1);
}
