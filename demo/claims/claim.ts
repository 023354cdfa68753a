/** Something that the demo says of Linnet, computed from what was measured. */
export interface Claim {
  readonly name: string;
  readonly holds: boolean;
  /** In numbers, and where it does not hold, what was seen instead. */
  readonly measured: string;
  /** What was looked at, for people who want to see it. */
  readonly seen?: readonly string[];
}

/** One look at one thing that has to be so. */
export interface Finding {
  readonly what: string;
  /** Why it is not so; undefined: it is. */
  readonly wrong: string | undefined;
}

const mostShown = 3;

/** Holds when every finding is right, and there are `expected` of them. */
export function claimOf(name: string, findings: readonly Finding[], expected: number, unit: string): Claim {
  const wrong = findings.filter((finding) => finding.wrong !== undefined);
  const examples = wrong.slice(0, mostShown).map((finding) => `${finding.what}: ${finding.wrong}`);
  if (wrong.length > mostShown) examples.push(`and ${wrong.length - mostShown} more`);
  return {
    name,
    holds: wrong.length === 0 && findings.length === expected,
    measured: [`${findings.length - wrong.length} of ${expected} ${unit}`, ...examples].join("; "),
  };
}

/** Runs `work` for all items, at most `limit` at once; results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
