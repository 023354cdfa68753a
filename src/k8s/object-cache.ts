import { type ConfigObject, emptySet, type ObjectSet, withChanges } from "#config/objects.ts";
import type { Remark } from "#config/remark.ts";
import type { Kind } from "#config/schema/kinds.ts";
import { type Reading, readObject } from "#config/validate.ts";
import type { Change } from "./changes.ts";
import type { Resource } from "./resources.ts";
import type { Judged } from "./writes/acceptance.ts";

/** One object as the cache on disk keeps it. */
export interface CachedObject {
  readonly kind: string;
  readonly key: string;
  readonly resourceVersion: string;
  readonly object: unknown;
}

/** As far as it is looked at here, valid or not. */
interface Conditioned {
  readonly metadata?: { readonly generation?: number };
  readonly status?: { readonly conditions?: Judged["conditions"] };
}

const OURS: readonly string[] = ["BGPConfiguration", "BGPPeer", "BGPPolicy"];

interface Kept {
  readonly resourceVersion: string;
  /** The object as JSON: text takes a fraction of the room of what it describes. */
  readonly text: string;
  readonly reading: Reading;
  /** The last valid state. */
  readonly inForce: ConfigObject | undefined;
}

/**
 * What the API server has, as objects: an invalid one keeps its last valid state in force. Filled from disk at start, so
 * that a daemon that starts while the server is away routes as before.
 */
export class ObjectCache {
  readonly #kept = new Map<string, Map<string, Kept>>();
  /** Keys by kind that changed since `state` was asked last: the maps of other kinds stay the same values. */
  readonly #changed = new Map<string, Set<string>>();
  /** By kind and key. */
  readonly #remarks = new Map<string, readonly Remark[]>();
  #objects: ObjectSet = emptySet;

  /** Takes over one of what was saved. */
  restore({ kind, key, resourceVersion, object }: CachedObject): void {
    this.#put(kind, key, resourceVersion, object);
  }

  /** What is to be saved, in no order. May be taken slowly: what changes meanwhile is there as it was or as it is. */
  *save(): Generator<CachedObject> {
    for (const [kind, kept] of this.#kept) {
      for (const [key, { resourceVersion, text }] of kept) {
        yield { kind, key, resourceVersion, object: JSON.parse(text) as unknown };
      }
    }
  }

  apply(kind: string, changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.is === "gone") this.#drop(kind, change.key);
      else this.#put(kind, change.key, change.resourceVersion, change.object);
    }
  }

  /** Of what `resource` covers only the objects in `told` are left: what only the disk knew is gone. */
  settle({ kind, only }: Resource, told: ReadonlySet<string>): void {
    const all = Array.from(this.#kept.get(kind)?.keys() ?? []);
    const keys = only === undefined ? all : [`${only.namespace}/${only.name}`];
    for (const key of keys) if (!told.has(key)) this.#drop(kind, key);
  }

  /** All objects in force, and what is wrong with the others. */
  state(): { readonly objects: ObjectSet; readonly remarks: readonly Remark[] } {
    const changes = Array.from(this.#changed, ([kind, keys]) => {
      const kept = this.#kept.get(kind);
      return [kind as Kind, Array.from(keys, (key) => [key, kept?.get(key)?.inForce] as const)] as const;
    });
    this.#objects = withChanges(this.#objects, changes);
    this.#changed.clear();
    return { objects: this.#objects, remarks: Array.from(this.#remarks.values()).flat() };
  }

  /** Our own objects, for who tells their owners what is wrong with them. */
  judged(): readonly Judged[] {
    const kept = OURS.flatMap((kind) => {
      return Array.from(this.#kept.get(kind) ?? [], ([key, each]) => ({ kind, key, ...each }));
    });
    return kept.map(({ kind, key, text, reading }) => {
      const { metadata, status } = JSON.parse(text) as Conditioned;
      const remarks = reading.is === "invalid" ? reading.remarks : [];
      const conditions = Array.isArray(status?.conditions) ? status.conditions : [];
      return { kind, name: key, generation: metadata?.generation, conditions, remarks };
    });
  }

  #drop(kind: string, key: string): void {
    if (this.#kept.get(kind)?.delete(key) !== true) return;
    this.#remarks.delete(`${kind}/${key}`);
    this.#hasChanged(kind, key);
  }

  #hasChanged(kind: string, key: string): void {
    const keys = this.#changed.get(kind) ?? new Set();
    this.#changed.set(kind, keys.add(key));
  }

  /** An object that is as the disk had it stays the same value. */
  #put(kind: string, key: string, resourceVersion: string, object: unknown): void {
    const ofKind = this.#kept.get(kind) ?? new Map<string, Kept>();
    this.#kept.set(kind, ofKind);
    const before = ofKind.get(key);
    const text = JSON.stringify(object);
    if (before?.resourceVersion === resourceVersion && before.text === text) return;
    const reading = readObject(object, { from: "api", resourceVersion });
    const inForce = reading.is === "object" ? reading.object : before?.inForce;
    ofKind.set(key, { resourceVersion, text, reading, inForce });
    if (reading.is === "invalid") this.#remarks.set(`${kind}/${key}`, reading.remarks);
    else this.#remarks.delete(`${kind}/${key}`);
    this.#hasChanged(kind, key);
  }
}
