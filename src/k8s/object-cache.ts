import { type ConfigObject, emptySet, type ObjectSet, withChanges } from "#config/objects.ts";
import type { Remark } from "#config/remark.ts";
import type { Kind } from "#config/schema/kinds.ts";
import { readObject } from "#config/validate.ts";
import type { Change } from "./changes.ts";
import type { Resource } from "./resources.ts";
import { TextObject } from "./text-object.ts";
import type { Judged } from "./writes/acceptance.ts";

/** As far as it is looked at here, valid or not. */
interface Conditioned {
  readonly metadata?: { readonly generation?: number };
  readonly status?: { readonly conditions?: Judged["conditions"] };
}

const OURS: readonly string[] = ["BGPConfiguration", "BGPPeer", "BGPPolicy"];
/** Kinds that are only looked at where one of them changed. */
const MANY: readonly string[] = ["Service", "EndpointSlice"];
const source = { from: "api" } as const;

/** What the API server has, as objects: an invalid one keeps its last valid state in force. */
export class ObjectCache {
  #objects: ObjectSet = emptySet;
  /** By kind and key: what came into force, or went, since `state` was asked last. */
  readonly #changed = new Map<string, Map<string, ConfigObject | undefined>>();
  /** By kind and key: what is wrong with objects that are invalid now. */
  readonly #remarks = new Map<string, Map<string, readonly Remark[]>>();
  /** By kind and key: our own objects, as far as their conditions depend on them. */
  readonly #judged = new Map<string, Judged>();

  apply(kind: string, changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.is === "gone") this.#drop(kind, change.key);
      else this.#put(kind, change.key, change.text);
    }
  }

  /** Nothing of what `resource` covers is there any more. */
  forget({ kind, only }: Resource): void {
    const all = [...this.state().objects[kind as Kind].keys(), ...(this.#remarks.get(kind)?.keys() ?? [])];
    for (const key of only === undefined ? all : [`${only.namespace}/${only.name}`]) this.#drop(kind, key);
  }

  /** All objects in force, and what is wrong with the others. */
  state(): { readonly objects: ObjectSet; readonly remarks: readonly Remark[] } {
    this.#objects = withChanges(this.#objects, this.#changed as Map<Kind, Map<string, ConfigObject | undefined>>);
    this.#changed.clear();
    const remarks = Array.from(this.#remarks.values(), (ofKind) => [...ofKind.values()]);
    return { objects: this.#objects, remarks: remarks.flat(2) };
  }

  /** Our own objects, for who tells their owners what is wrong with them. */
  judged(): readonly Judged[] {
    return [...this.#judged.values()];
  }

  #drop(kind: string, key: string): void {
    this.#remarks.get(kind)?.delete(key);
    this.#judged.delete(`${kind}/${key}`);
    this.#enforce(kind, key, undefined);
  }

  #enforce(kind: string, key: string, object: ConfigObject | undefined): void {
    const ofKind = this.#changed.get(kind) ?? new Map<string, ConfigObject | undefined>();
    this.#changed.set(kind, ofKind.set(key, object));
  }

  #put(kind: string, key: string, text: string): void {
    const raw: unknown = JSON.parse(text);
    const reading = readObject(raw, source);
    const remarks = reading.is === "invalid" ? reading.remarks : [];
    const ofKind = this.#remarks.get(kind) ?? new Map<string, readonly Remark[]>();
    this.#remarks.set(kind, ofKind);
    if (reading.is === "invalid") ofKind.set(key, remarks);
    else ofKind.delete(key);
    if (reading.is === "object") {
      this.#enforce(kind, key, MANY.includes(kind) ? new TextObject(reading.object, key, text) : reading.object);
    }
    if (!OURS.includes(kind)) return;
    const { metadata, status } = (raw ?? {}) as Conditioned;
    const conditions = Array.isArray(status?.conditions) ? status.conditions : [];
    this.#judged.set(`${kind}/${key}`, { kind, name: key, generation: metadata?.generation, conditions, remarks });
  }
}
