import { isList, isObject, type Json, type JsonObject, listKeys } from "./patch.ts";

/** Server-side apply: who said which field, and what becomes of an object that is applied. */

/** A leaf's place: `.status.conditions[type="Ready"].reason`. */
type Leaves = ReadonlyMap<string, Json>;

export interface Applied {
  readonly object: JsonObject;
  /** Leaves that another manager applied with another value: `manager` and place. Without force nothing is done. */
  readonly conflicts: readonly { readonly manager: string; readonly field: string }[];
}

/** What managers applied to one object, and what it takes to apply again. */
export class Managers {
  readonly #owned = new Map<string, Set<string>>();

  /** Puts `wanted` into `object`; what `manager` applied before and no longer wants goes, where nobody else wants it. */
  apply(object: JsonObject, wanted: JsonObject, manager: string, force: boolean): Applied {
    const leaves = leavesOf(wanted);
    const before = leavesOf(object);
    const conflicts = Array.from(this.#owned).flatMap(([other, owned]) => {
      if (other === manager) return [];
      const differing = [...leaves].filter(([field, value]) => owned.has(field) && !same(before.get(field), value));
      return differing.map(([field]) => ({ manager: other, field })).sort((a, b) => (a.field < b.field ? -1 : 1));
    });
    if (conflicts.length > 0 && !force) return { object, conflicts };
    for (const { manager: other, field } of conflicts) this.#owned.get(other)?.delete(field);
    const given = this.#owned.get(manager) ?? new Set();
    this.#owned.set(manager, new Set(leaves.keys()));
    const kept = [...this.#owned.values()];
    const gone = new Set([...given].filter((field) => !kept.some((owned) => owned.has(field))));
    return { object: merge(without(object, gone, "") as JsonObject, wanted, "") as JsonObject, conflicts: [] };
  }
}

const same = (a: Json | undefined, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);

const element = (place: string, key: string, value: Json): string =>
  `${place}[${key}=${JSON.stringify(isObject(value) ? value[key] : value)}]`;

function leavesOf(value: Json, place = "", field = "", found = new Map<string, Json>()): Leaves {
  const key = listKeys[field];
  if (isObject(value))
    for (const [name, inner] of Object.entries(value)) leavesOf(inner, `${place}.${name}`, name, found);
  else if (isList(value) && key !== undefined) {
    for (const each of value) leavesOf(each, element(place, key, each), "", found);
  } else found.set(place, value);
  return found;
}

/** `value` without the leaves at `gone`, and without what is empty then. */
function without(value: Json, gone: ReadonlySet<string>, place: string, field = ""): Json | undefined {
  if (gone.has(place)) return undefined;
  const key = listKeys[field];
  if (isObject(value)) {
    const kept = Object.entries(value).flatMap(([name, inner]): [string, Json][] => {
      const rest = without(inner, gone, `${place}.${name}`, name);
      return rest === undefined ? [] : [[name, rest]];
    });
    return kept.length === 0 && Object.keys(value).length > 0 ? undefined : Object.fromEntries(kept);
  }
  if (!isList(value) || key === undefined) return value;
  return value.flatMap((each) => without(each, gone, element(place, key, each)) ?? []);
}

function merge(target: Json | undefined, wanted: Json, field: string): Json {
  const key = listKeys[field];
  if (isObject(wanted)) {
    const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
    for (const [name, value] of Object.entries(wanted)) merged[name] = merge(merged[name], value, name);
    return merged;
  }
  if (!isList(wanted) || key === undefined || !isList(target)) return wanted;
  const keyOf = (each: Json): Json | undefined => (isObject(each) ? each[key] : undefined);
  const added = wanted.filter((each) => !target.some((other) => keyOf(other) === keyOf(each)));
  const changed = target.map((each) => {
    const change = wanted.find((other) => keyOf(other) === keyOf(each));
    return change === undefined ? each : merge(each, change, "");
  });
  return [...changed, ...added];
}
