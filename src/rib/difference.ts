/** What only one of two lists has. */
export interface Difference<T> {
  readonly gone: ReadonlySet<T>;
  readonly come: ReadonlySet<T>;
}

/** How far is looked for where two lists go on alike. */
const AHEAD = 64;

/**
 * Compares by place, as long as the lists are alike but for some values here and there; the rest, where they are not, by
 * value. @param before without a value that stands there twice, as `after`
 */
export function difference<T>(before: readonly T[], after: readonly T[]): Difference<T> {
  const gone = new Set<T>();
  const come = new Set<T>();
  let [old, now] = [0, 0];
  while (old < before.length && now < after.length) {
    if (before[old] === after[now]) {
      old++;
      now++;
      continue;
    }
    const skip = skipped(before, old, after, now);
    if (skip === undefined) break;
    for (let end = old + skip.gone; old < end; old++) gone.add(before[old] as T);
    for (let end = now + skip.come; now < end; now++) come.add(after[now] as T);
  }
  for (; old < before.length; old++) gone.add(before[old] as T);
  for (; now < after.length; now++) come.add(after[now] as T);
  // What moved is on both sides.
  for (const value of come) if (gone.delete(value)) come.delete(value);
  return { gone, come };
}

/** How many values of each list to leave out so that both go on alike: the fewest; undefined: too many. */
function skipped<T>(
  before: readonly T[],
  old: number,
  after: readonly T[],
  now: number,
): { readonly gone: number; readonly come: number } | undefined {
  for (let far = 1; far <= AHEAD; far++) {
    if (old + far < before.length && before[old + far] === after[now]) return { gone: far, come: 0 };
    if (now + far < after.length && before[old] === after[now + far]) return { gone: 0, come: far };
    if (old + far < before.length && before[old + far] === after[now + far]) return { gone: far, come: far };
  }
  return undefined;
}
