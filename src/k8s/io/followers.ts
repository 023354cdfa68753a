import type { Clock } from "#lib/clock.ts";
import type { FromWorker } from "../messages.ts";
import type { Resource } from "../resources.ts";
import type { ApiClient } from "./api-client.ts";
import { Follower } from "./follower.ts";
import type { KeptObject } from "./object-file.ts";

/** All that is followed now. */
export class Followers {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #tell: (message: FromWorker) => void;
  readonly #running = new Map<string, { readonly text: string; readonly follower: Follower }>();
  /** What was known before the first call of `follow`. */
  #restored: readonly KeptObject[];

  /** @param restored what was told before: only what the server has other than that is told */
  constructor(
    client: ApiClient,
    clock: Clock,
    tell: (message: FromWorker) => void,
    restored: readonly KeptObject[] = [],
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#tell = tell;
    this.#restored = restored;
  }

  /** These and no others; what is followed already goes on undisturbed. */
  follow(resources: readonly Resource[]): void {
    const texts = new Map(resources.map((resource) => [resource.id, JSON.stringify(resource)]));
    const earlier = new Map<string, Follower>();
    for (const [id, { text, follower }] of this.#running) {
      if (texts.get(id) === text) continue;
      follower.stop();
      earlier.set(id, follower);
      this.#running.delete(id);
    }
    for (const resource of resources) {
      if (this.#running.has(resource.id)) continue;
      const restored = this.#restored.length === 0 ? undefined : knownOf(resource, this.#restored);
      const known = earlier.get(resource.id)?.known ?? restored; // of another shape: what is gone has to be told
      const follower = new Follower(resource, this.#client, this.#clock, this.#tell, known);
      this.#running.set(resource.id, { text: texts.get(resource.id) ?? "", follower });
      follower.start();
    }
    this.#restored = [];
  }

  /** Nothing that is followed is still unknown: half of what the server has would be worse than what was known before. */
  get isWhole(): boolean {
    return this.#running.size > 0 && Array.from(this.#running.values()).every(({ follower }) => follower.isAnswered);
  }

  /** All that is known, in no order. May be taken slowly: what changes meanwhile is there as it was or as it is. */
  *kept(): Generator<KeptObject> {
    for (const { follower } of this.#running.values()) yield* follower.kept();
  }
}

function knownOf({ kind, only }: Resource, restored: readonly KeptObject[]): ReadonlyMap<string, string> {
  const name = only && `${only.namespace}/${only.name}`;
  const covered = restored.filter((object) => object.kind === kind && (name === undefined || object.key === name));
  return new Map(covered.map(({ key, text }) => [key, text]));
}
