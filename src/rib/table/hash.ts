/**
 * Keys of the hash tables: neighbours choose what is stored, so multipliers come from a secret seed, and every bit of a
 * key reaches every bit of the hash.
 */
export interface HashKeys {
  readonly salt: number;
  /** Odd multipliers. */
  readonly first: number;
  readonly second: number;
}

/** @param seed 32 random bits; equal seeds give equal tables */
export function hashKeys(seed: number): HashKeys {
  return { salt: scramble(seed), first: scramble(seed + 0x9e3779b9) | 1, second: scramble(seed + 0x3c6ef372) | 1 };
}

function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
