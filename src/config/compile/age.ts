import type { ConfigObject } from "../objects.ts";

/** In the order in which conflicts are settled: the earlier object stays. */
export function byAge<T extends ConfigObject>(objects: Iterable<T>): T[] {
  const age = ({ value }: T): string => value.metadata.creationTimestamp ?? "";
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...objects].sort((a, b) => compare(age(a), age(b)) || compare(a.name, b.name));
}
