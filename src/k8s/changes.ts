import type { ApiObject } from "./reflector.ts";
import type { Resource } from "./resources.ts";
import { trim } from "./trim.ts";

/** What is new about one resource, for who keeps its objects. */
export type Change =
  /** `text` is the trimmed object, with apiVersion and kind, as JSON: one string goes to another thread faster than what it says. */
  { readonly is: "put"; readonly key: string; readonly text: string } | { readonly is: "gone"; readonly key: string };

/**
 * Tells changes of meaning from mere events: an object whose trimmed text is as before is no change, however often the
 * server sends it (heartbeats of nodes are most of what it sends). Keeps one text an object.
 */
export class ChangeFilter {
  readonly #resource: Resource;
  #known: Map<string, string>;

  /** @param known texts by key that were told before */
  constructor(resource: Resource, known: Iterable<readonly [string, string]> = []) {
    this.#resource = resource;
    this.#known = new Map(known);
  }

  get size(): number {
    return this.#known.size;
  }

  /** Texts by key, as they are now. */
  get known(): ReadonlyMap<string, string> {
    return this.#known;
  }

  /** The server's whole list: what is not in it is gone. */
  replace(objects: readonly ApiObject[]): Change[] {
    const before = this.#known;
    this.#known = new Map();
    const puts = objects.flatMap((object) => {
      const key = keyOf(object);
      const known = before.get(key);
      if (known !== undefined) this.#known.set(key, known);
      before.delete(key);
      return this.apply(object);
    });
    return [...puts, ...Array.from(before.keys(), (key): Change => ({ is: "gone", key }))];
  }

  apply(object: ApiObject): Change[] {
    const key = keyOf(object);
    const { apiVersion, kind, shape } = this.#resource;
    const text = JSON.stringify({ apiVersion, kind, ...(trim(object, shape) as object) });
    if (this.#known.get(key) === text) return [];
    this.#known.set(key, text);
    return [{ is: "put", key, text }];
  }

  remove(object: ApiObject): Change[] {
    const key = keyOf(object);
    return this.#known.delete(key) ? [{ is: "gone", key }] : [];
  }
}

/** `NAME` or `NAMESPACE/NAME`. */
function keyOf({ metadata = {} }: ApiObject): string {
  const { name = "", namespace } = metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}
