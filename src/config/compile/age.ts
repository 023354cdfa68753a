import type { ConfigObject } from "../objects.ts";

const age = ({ value }: ConfigObject): string => value.metadata.creationTimestamp ?? "";
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The order in which conflicts are settled: the earlier object stays. */
export const olderFirst = (a: ConfigObject, b: ConfigObject): number =>
  compare(age(a), age(b)) || compare(a.name, b.name);

export function byAge<T extends ConfigObject>(objects: Iterable<T>): T[] {
  return [...objects].sort(olderFirst);
}
