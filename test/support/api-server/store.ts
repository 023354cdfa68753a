import { Managers } from "./apply.ts";
import type { JsonObject } from "./patch.ts";
import type { Served } from "./resources.ts";

export interface Metadata extends JsonObject {
  readonly name: string;
  readonly resourceVersion: string;
}
export interface Stored extends JsonObject {
  readonly metadata: Metadata;
}

export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  readonly object: Stored;
  /** The object as it was before; undefined: it was not there. */
  readonly before: Stored | undefined;
}

interface Shelf {
  readonly objects: Map<string, Stored>;
  readonly managers: Map<string, Managers>;
  events: StoreEvent[];
}

/** Objects with one revision counter and a history that can be forgotten, as etcd has them. */
export class Store {
  /** Of the last write. May be moved on: a real server's counter also counts what we do not see. */
  revision = 1;
  /** Watches from before this one are refused. */
  oldest = 1;
  readonly #shelves = new Map<Served, Shelf>();
  readonly #listeners = new Set<(resource: Served, event: StoreEvent) => void>();

  /** `NAME`, or `NAMESPACE/NAME`. */
  get(resource: Served, key: string): Stored | undefined {
    return this.#shelf(resource).objects.get(key);
  }

  /** In the order of their keys. */
  list(resource: Served): Stored[] {
    const { objects } = this.#shelf(resource);
    return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Keeps `object` under a new revision; one that says nothing new keeps its old one. */
  put(resource: Served, key: string, object: JsonObject): Stored {
    const shelf = this.#shelf(resource);
    const before = shelf.objects.get(key);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(object)) return before;
    const stored = this.#revised(object);
    shelf.objects.set(key, stored);
    this.#tell(resource, {
      type: before === undefined ? "ADDED" : "MODIFIED",
      revision: this.revision,
      object: stored,
      before,
    });
    return stored;
  }

  remove(resource: Served, key: string): Stored | undefined {
    const shelf = this.#shelf(resource);
    const before = shelf.objects.get(key);
    if (before === undefined) return undefined;
    shelf.objects.delete(key);
    shelf.managers.delete(key);
    const object = this.#revised(before);
    this.#tell(resource, { type: "DELETED", revision: this.revision, object, before });
    return object;
  }

  managers(resource: Served, key: string): Managers {
    const { managers } = this.#shelf(resource);
    const known = managers.get(key) ?? new Managers();
    managers.set(key, known);
    return known;
  }

  /** What happened after `revision`. */
  since(resource: Served, revision: number): StoreEvent[] {
    return this.#shelf(resource).events.filter((event) => event.revision > revision);
  }

  /** Forgets the history, as compaction and a restart do. */
  compact(): void {
    this.oldest = this.revision;
    for (const shelf of this.#shelves.values()) shelf.events = [];
  }

  /** @returns what ends it */
  listen(listener: (resource: Served, event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #revised(object: JsonObject): Stored {
    const metadata = { ...(object.metadata as Metadata), resourceVersion: `${++this.revision}` };
    return { ...object, metadata };
  }

  #tell(resource: Served, event: StoreEvent): void {
    this.#shelf(resource).events.push(event);
    for (const listener of this.#listeners) listener(resource, event);
  }

  #shelf(resource: Served): Shelf {
    const shelf = this.#shelves.get(resource) ?? { objects: new Map(), managers: new Map(), events: [] };
    this.#shelves.set(resource, shelf);
    return shelf;
  }
}
