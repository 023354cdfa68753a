import type { Clock } from "#lib/clock.ts";
import type { FromWorker } from "../messages.ts";
import type { Resource } from "../resources.ts";
import type { ApiClient } from "./api-client.ts";
import { Follower } from "./follower.ts";

/** All that is followed now. */
export class Followers {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #tell: (message: FromWorker) => void;
  readonly #running = new Map<string, { readonly text: string; readonly follower: Follower }>();

  constructor(client: ApiClient, clock: Clock, tell: (message: FromWorker) => void) {
    this.#client = client;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** These and no others; what is followed already goes on undisturbed. */
  follow(resources: readonly Resource[]): void {
    const texts = new Map(resources.map((resource) => [resource.id, JSON.stringify(resource)]));
    for (const [id, { text, follower }] of this.#running) {
      if (texts.get(id) === text) continue;
      follower.stop();
      this.#running.delete(id);
    }
    for (const resource of resources) {
      if (this.#running.has(resource.id)) continue;
      const follower = new Follower(resource, this.#client, this.#clock, this.#tell);
      this.#running.set(resource.id, { text: texts.get(resource.id) ?? "", follower });
      follower.start();
    }
  }
}
