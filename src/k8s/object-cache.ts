import { stillInForce } from "#config/last-valid.ts";
import { type ConfigObject, emptySet, type ObjectSet, setOf } from "#config/objects.ts";
import type { Remark } from "#config/remark.ts";
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

interface Kept extends CachedObject {
  readonly reading: Reading;
}

/**
 * What the API server has, as objects: an invalid one keeps its last valid state in force. Filled from disk at start, so
 * that a daemon that starts while the server is away routes as before.
 */
export class ObjectCache {
  readonly #kept = new Map<string, Map<string, Kept>>();
  #objects: ObjectSet = emptySet;

  /** Takes over what was saved. */
  restore(objects: readonly CachedObject[]): void {
    for (const each of objects) this.#put(each.kind, each.key, each.resourceVersion, each.object);
  }

  /** What is to be saved, in no order. */
  save(): CachedObject[] {
    return Array.from(this.#kept.values()).flatMap((kind) =>
      Array.from(kind.values(), ({ kind, key, resourceVersion, object }) => ({ kind, key, resourceVersion, object })),
    );
  }

  apply(kind: string, changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.is === "gone") this.#kept.get(kind)?.delete(change.key);
      else this.#put(kind, change.key, change.resourceVersion, change.object);
    }
  }

  /** Of what `resource` covers only the objects in `told` are left: what only the disk knew is gone. */
  settle({ kind, only }: Resource, told: ReadonlySet<string>): void {
    const kept = this.#kept.get(kind);
    const keys = only === undefined ? Array.from(kept?.keys() ?? []) : [`${only.namespace}/${only.name}`];
    for (const key of keys) if (!told.has(key)) kept?.delete(key);
  }

  /** All objects in force, and what is wrong with the others. */
  state(): { readonly objects: ObjectSet; readonly remarks: readonly Remark[] } {
    const readings = Array.from(this.#kept.values()).flatMap((kind) =>
      Array.from(kind.values(), ({ reading }) => reading),
    );
    const valid = readings.flatMap((reading): ConfigObject[] => (reading.is === "object" ? [reading.object] : []));
    this.#objects = setOf([...stillInForce(this.#objects, readings), ...valid]);
    return {
      objects: this.#objects,
      remarks: readings.flatMap((reading) => (reading.is === "invalid" ? reading.remarks : [])),
    };
  }

  /** Our own objects, for who tells their owners what is wrong with them. */
  judged(): readonly Judged[] {
    const kept = OURS.flatMap((kind) => Array.from(this.#kept.get(kind)?.values() ?? []));
    return kept.map(({ kind, key, object, reading }) => {
      const { metadata, status } = object as Conditioned;
      const remarks = reading.is === "invalid" ? reading.remarks : [];
      const conditions = Array.isArray(status?.conditions) ? status.conditions : [];
      return { kind, name: key, generation: metadata?.generation, conditions, remarks };
    });
  }

  #put(kind: string, key: string, resourceVersion: string, object: unknown): void {
    const ofKind = this.#kept.get(kind) ?? new Map<string, Kept>();
    this.#kept.set(kind, ofKind);
    const reading = readObject(object, { from: "api", resourceVersion });
    ofKind.set(key, { kind, key, resourceVersion, object, reading });
  }
}
