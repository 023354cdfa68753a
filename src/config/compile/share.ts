/**
 * `next`, with every part that deeply equals the same part of `previous` taken from there: what did not change is the
 * same value, and a later comparison is `===`. For plain values: objects, arrays, and what is not an object.
 */
export function share<T>(previous: unknown, next: T): T {
  if (Object.is(previous, next)) return next;
  if (typeof next !== "object" || next === null || typeof previous !== "object" || previous === null) return next;
  if (Array.isArray(next)) return (Array.isArray(previous) ? shareList(previous, next) : next) as T;
  return Array.isArray(previous) ? next : shareFields(previous as Fields, next as Fields & T);
}

type Fields = Readonly<Record<string, unknown>>;

function shareList(previous: readonly unknown[], next: readonly unknown[]): readonly unknown[] {
  // An object that has a name is compared with the one of that name, so that one insertion moves nothing.
  const named = new Map(previous.map((part) => [nameOf(part), part]));
  const result = next.map((part, index) => share(named.get(nameOf(part) ?? NaN) ?? previous[index], part));
  const same = result.length === previous.length && result.every((part, index) => Object.is(part, previous[index]));
  return same ? previous : result;
}

const nameOf = (part: unknown): unknown => (part as { name?: unknown } | null | undefined)?.name;

function shareFields<T extends Fields>(previous: Fields, next: T): T {
  const keys = Object.keys(next);
  let same = keys.length === Object.keys(previous).length;
  const result: Record<string, unknown> = {};
  for (const key of keys) {
    result[key] = share(previous[key], next[key]);
    if (!Object.is(result[key], previous[key]) || !(key in previous)) same = false;
  }
  return (same ? previous : result) as T;
}
