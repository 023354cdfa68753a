/** Number of letters to insert, delete, replace or swap with their neighbour (Damerau, restricted) to make `b` of `a`. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      row.push(least);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

/** The name that was probably meant, if one is near: a third of the letters may differ. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const lower = name.slice(0, 64).toLowerCase();
  const far = Math.max(1, Math.floor(lower.length / 3));
  const [best] = names
    .map((known) => ({ known, away: distance(lower, known.toLowerCase()) }))
    .filter(({ away }) => away <= far)
    .sort((a, b) => a.away - b.away);
  return best?.known;
}
