type Fields = Readonly<Record<string, unknown>>;

/**
 * `next`, with every part that deeply equals the same part of `previous` taken from there: what did not change is the
 * same value, and a later comparison is `===`. For plain values: objects, arrays, maps, and what is not an object.
 */
export function share<T>(previous: unknown, next: T): T {
  if (equal(previous, next)) return previous as T;
  if (typeof previous !== "object" || previous === null || typeof next !== "object" || next === null) return next;
  if (next instanceof Map) return (previous instanceof Map ? shareMap(previous, next) : next) as T;
  if (Array.isArray(next)) return (Array.isArray(previous) ? shareList(previous, next) : next) as T;
  const fields = Object.entries(next).map(([key, value]) => [key, share((previous as Fields)[key], value)]);
  return Object.fromEntries(fields) as T;
}

/** An object that has a name is compared with the one of that name, so that one more moves nothing. */
function shareList(previous: readonly unknown[], next: readonly unknown[]): readonly unknown[] {
  const known = new Set(previous);
  if (next.every((part) => known.has(part))) return next;
  const named = new Map(previous.map((part) => [nameOf(part), part]));
  return next.map((part, index) => {
    if (known.has(part)) return part;
    const name = nameOf(part);
    return share(name === undefined ? previous[index] : named.get(name), part);
  });
}

function shareMap(previous: ReadonlyMap<unknown, unknown>, next: ReadonlyMap<unknown, unknown>): typeof next {
  return new Map(Array.from(next, ([key, part]) => [key, share(previous.get(key), part)]));
}

const nameOf = (part: unknown): unknown => (part as { name?: unknown } | null | undefined)?.name;

function equalMaps(a: object, b: object): boolean {
  if (!(a instanceof Map && b instanceof Map) || a.size !== b.size) return false;
  for (const [key, part] of a) if (!b.has(key) || !equal(part, b.get(key))) return false;
  return true;
}

/** Deep equality; a field that is undefined is not the same as none. */
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return false;
  if (a instanceof Map || b instanceof Map) return equalMaps(a, b);
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((part, index) => equal(part, b[index]));
  if (Array.isArray(b)) return false;
  let missing = 0;
  for (const key in b) {
    if (!equal((a as Fields)[key], (b as Fields)[key]) || !Object.hasOwn(a, key)) return false;
    missing++;
  }
  for (const _ in a) missing--;
  return missing === 0;
}
