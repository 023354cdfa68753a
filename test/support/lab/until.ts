const pollMs = 25;

/** Lets other work run for about `ms`; only for the distance between two looks at a condition, or a measured pause. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Looks again and again until `look` gives something truthy. An error of `look` counts as "not yet".
 * @param seconds deadline
 * @throws Error naming `what`, with the last error or value seen, when the deadline passes
 */
export async function until<T>(
  what: string,
  seconds: number,
  look: () => Promise<T> | T,
): Promise<Exclude<T, false | undefined | null | 0 | "">> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    let seen: unknown;
    try {
      const value = await look();
      if (value) return value as Exclude<T, false | undefined | null | 0 | "">;
      seen = value;
    } catch (error) {
      seen = error instanceof Error ? error.message : error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${seconds} s (last seen: ${String(seen)})`);
    await pause(pollMs);
  }
}

/** Watches that `look` stays truthy for `seconds`. @throws Error naming `what` at the first look that is not */
export async function stays(what: string, seconds: number, look: () => Promise<unknown> | unknown): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    if (!(await look())) throw new Error(`${what}: no longer so`);
    await pause(pollMs);
  }
}
