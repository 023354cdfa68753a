import fc from "fast-check";
import { expect, test } from "vitest";
import { finish } from "#lib/steps.ts";
import { VersionedMap } from "#lib/versioned-map.ts";

const key = fc.integer({ min: 0, max: 600 }).map((number) => `name-${number}`);
const changes = fc.array(fc.tuple(key, fc.option(fc.nat(3), { nil: undefined })), { maxLength: 20 });

/** The slow, obvious twin. */
function changed(map: ReadonlyMap<string, number>, list: readonly (readonly [string, number | undefined])[]) {
  const copy = new Map(map);
  for (const [name, value] of list) {
    if (value === undefined) copy.delete(name);
    else copy.set(name, value);
  }
  return copy;
}

function differences(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter((name) => before.get(name) !== now.get(name)).sort();
}

test("each version holds what a map holds that was changed alike, and knows what it has other than any version before", () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 12 }), (history) => {
      const twins: Map<string, number>[] = [new Map()];
      const versions = [VersionedMap.of<number>([])];
      for (const list of history) {
        twins.push(changed(twins.at(-1) ?? new Map(), list));
        versions.push((versions.at(-1) ?? VersionedMap.of<number>([])).with(list));
      }
      const last = { twin: twins.at(-1) ?? new Map(), version: versions.at(-1) ?? VersionedMap.of<number>([]) };
      for (const [index, version] of versions.entries()) {
        const twin = twins[index] ?? new Map();
        expect(new Map(version)).toEqual(twin);
        expect([version.size, [...version.keys()].sort()]).toEqual([twin.size, [...twin.keys()].sort()]);
        expect([...version.values()].sort()).toEqual([...twin.values()].sort());
        for (const name of ["name-0", "name-1", ...twin.keys()]) {
          expect([version.get(name), version.has(name)]).toEqual([twin.get(name), twin.has(name)]);
        }
        expect(finish(last.version.changedSince(version)).sort()).toEqual(differences(twin, last.twin));
      }
    }),
    { numRuns: 100 },
  );
});

test("a change that changes nothing gives the very same map", () => {
  const map = VersionedMap.of([["a", 1]]);
  expect(map.with([["a", 1]])).toBe(map);
  expect(map.with([["b", undefined]])).toBe(map);
  expect(map.with([])).toBe(map);
  expect(map.with([["a", 2]])).not.toBe(map);
});

test("names that differ in a number are spread: a change touches few others", () => {
  const many = VersionedMap.of(Array.from({ length: 20_000 }, (_, index) => [`shop/service-${index}`, index] as const));
  const steps = many.with([["shop/service-7", 0]]).changedSince(many);
  expect(steps.next().done).toBe(false); // the one shard
  expect(steps.next()).toEqual({ done: true, value: ["shop/service-7"] });
  const sizes = new Map<string, number>();
  many.forEach((value, name) => {
    sizes.set(name, value);
  });
  expect(sizes.size).toBe(20_000);
});
