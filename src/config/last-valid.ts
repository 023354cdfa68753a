import type { ConfigObject, ObjectSet } from "./objects.ts";
import { allObjects } from "./objects.ts";
import type { Reading } from "./validate.ts";

/**
 * Objects of `previous` that stay in force although they are not in `readings` as valid ones: those that are invalid now,
 * and those of a file in which something could not even be named.
 */
export function stillInForce(previous: ObjectSet, readings: readonly Reading[]): ConfigObject[] {
  const named = new Set<string>();
  const brokenFiles = new Set<string>();
  const present = new Set<string>();
  for (const reading of readings) {
    if (reading.is === "object") present.add(keyOf(reading.object));
    else if (reading.is === "invalid" && reading.kind !== undefined && reading.name !== undefined) {
      named.add(keyOf({ kind: reading.kind, name: reading.name }));
    } else if (reading.is === "invalid") {
      for (const { source } of reading.remarks) if (source?.from === "file") brokenFiles.add(source.file);
    }
  }
  return [...allObjects(previous)].filter((object) => {
    const key = keyOf(object);
    const inBrokenFile = object.source.from === "file" && brokenFiles.has(object.source.file);
    return !present.has(key) && (named.has(key) || inBrokenFile);
  });
}

const keyOf = ({ kind, name }: { readonly kind: string; readonly name: string }): string => `${kind}/${name}`;
