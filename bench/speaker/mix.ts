/** Mixes `value` into the 32-bit hash `h`. */
export function mix(h: number, value: number): number {
  const x = Math.imul(h ^ value, 0x9e3779b1);
  return Math.imul(x ^ (x >>> 15), 0x85ebca6b) ^ (x >>> 13);
}
