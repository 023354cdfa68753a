const nothing: Readonly<Record<string, unknown>> = Object.freeze({});
const none: readonly unknown[] = Object.freeze([]);

/**
 * A plain value in as little room as it takes: what is empty is shared, and lists have no room to grow, of which a list
 * that was filled by and by has 16 places. Of tens of thousands of objects half is that.
 * @param value is changed, where it is an object
 */
export function lean<T>(value: T): T {
  if (Array.isArray(value)) return (value.length === 0 ? none : value.map(lean)) as T;
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  let isEmpty = true;
  for (const name in fields) {
    const before = fields[name];
    const after = lean(before);
    if (after !== before) fields[name] = after;
    isEmpty = false;
  }
  return isEmpty ? (nothing as T) : value;
}
