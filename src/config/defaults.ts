import type { VersionedMap } from "#lib/versioned-map.ts";
import type { ConfigObject, ObjectSet } from "./objects.ts";
import type { Kind } from "./schema/kinds.ts";

type Objects = VersionedMap<ConfigObject>;

/**
 * Puts `defaults` beside objects: one counts only where there is no object of its kind and name. Kinds of which no
 * default counts stay the same maps, and equal maps give the same map again: who compares by identity sees no change.
 */
export class Defaults {
  readonly #made = new WeakMap<Objects, { readonly of: Objects; readonly all: Objects }>();

  beside(objects: ObjectSet, defaults: ObjectSet): ObjectSet {
    const completed = Object.keys(defaults).map((kind) => {
      const [own, more]: [Objects, Objects] = [objects[kind as Kind], defaults[kind as Kind]];
      return [kind, this.#merged(own, more)];
    });
    return Object.fromEntries(completed) as never;
  }

  #merged(own: Objects, more: Objects): Objects {
    if (more.size === 0 || [...more.keys()].every((name) => own.has(name))) return own;
    const made = this.#made.get(own);
    if (made?.of === more) return made.all;
    const all = more.with(own);
    this.#made.set(own, { of: more, all });
    return all;
  }
}
