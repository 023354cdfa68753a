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
export type Source = FileSource | { readonly from: "api"; readonly resourceVersion: string };

/** A valid object. Values are read-only and compared by identity first: equal input need not be parsed twice. */
export interface ConfigObject<K extends Kind = Kind> {
  readonly kind: K;
  /** `NAME`, or `NAMESPACE/NAME` for kinds that have namespaces. */
  readonly name: string;
  readonly value: ValueOf<K>;
  readonly source: Source;
}

/** All objects, by kind and name. Never changed: `withObject` and `withoutObject` give new ones. */
export type ObjectSet = { readonly [K in Kind]: ReadonlyMap<string, ConfigObject<K>> };

export const emptySet: ObjectSet = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, new Map()])) as never;

/** The set of these objects; of two with one kind and name the later stays. */
export function setOf(objects: Iterable<ConfigObject>): ObjectSet {
  const maps = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, new Map<string, ConfigObject>()]));
  for (const object of objects) maps[object.kind]?.set(object.name, object);
  return maps as never;
}

export function withObject(set: ObjectSet, object: ConfigObject): ObjectSet {
  return {
    ...set,
    [object.kind]: new Map(set[object.kind] as ReadonlyMap<string, ConfigObject>).set(object.name, object),
  };
}

export function withoutObject(set: ObjectSet, kind: Kind, name: string): ObjectSet {
  if (!set[kind].has(name)) return set;
  const rest = new Map(set[kind] as ReadonlyMap<string, ConfigObject>);
  rest.delete(name);
  return { ...set, [kind]: rest };
}

export function* allObjects(set: ObjectSet): Generator<ConfigObject> {
  for (const kind of Object.keys(kinds) as Kind[]) yield* set[kind].values();
}
