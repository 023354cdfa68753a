import { VersionedMap } from "#lib/versioned-map.ts";
import { type Kind, kinds, type ValueOf } from "./schema/kinds.ts";

/** A place in a manifest file; `lineOf` in manifests.ts finds the line of a field. */
export interface FileSource {
  readonly from: "file";
  readonly file: string;
  /** The YAML document or JSON file that holds the object. */
  readonly text: string;
  /** Of the first line of `text` in the file, counted from 1. */
  readonly line: number;
  /** Where in `text` the object stands: empty, or a path into a List. */
  readonly at: readonly (string | number)[];
}

/** Where an object came from. */
export type Source = FileSource | { readonly from: "api" };

/** A valid object. Values are read-only and compared by identity first: equal input need not be parsed twice. */
export interface ConfigObject<K extends Kind = Kind> {
  readonly kind: K;
  /** `NAME`, or `NAMESPACE/NAME` for kinds that have namespaces. */
  readonly name: string;
  readonly value: ValueOf<K>;
  readonly source: Source;
}

/** All objects, by kind and name. Never changed: `withObject` and `withoutObject` give new ones. */
export type ObjectSet = { readonly [K in Kind]: VersionedMap<ConfigObject<K>> };

export const emptySet: ObjectSet = Object.fromEntries(
  Object.keys(kinds).map((kind) => [kind, VersionedMap.of([])]),
) as never;

/** The set of these objects; of two with one kind and name the later stays. */
export function setOf(objects: Iterable<ConfigObject>): ObjectSet {
  const byKind = Array.from(Map.groupBy(objects, ({ kind }) => kind));
  return withChanges(
    emptySet,
    byKind.map(([kind, those]) => [kind, those.map((object) => [object.name, object])]),
  );
}

export type ObjectChange = readonly [name: string, object: ConfigObject | undefined];

/** `set` with other objects; undefined: there shall be none of that name. Kinds that nothing changes stay the same maps. */
export function withChanges(
  set: ObjectSet,
  changes: Iterable<readonly [kind: Kind, objects: Iterable<ObjectChange>]>,
): ObjectSet {
  const maps = Array.from(changes, ([kind, objects]) => {
    return [kind, (set[kind] as VersionedMap<ConfigObject>).with(objects)] as const;
  });
  return maps.every(([kind, map]) => map === set[kind]) ? set : { ...set, ...Object.fromEntries(maps) };
}

export const withObject = (set: ObjectSet, object: ConfigObject): ObjectSet =>
  withChanges(set, [[object.kind, [[object.name, object]]]]);

export const withoutObject = (set: ObjectSet, kind: Kind, name: string): ObjectSet =>
  withChanges(set, [[kind, [[name, undefined]]]]);

export function* allObjects(set: ObjectSet): Generator<ConfigObject> {
  for (const kind of Object.keys(kinds) as Kind[]) yield* set[kind].values();
}
