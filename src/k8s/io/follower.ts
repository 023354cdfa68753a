import type { Clock, Timer } from "#lib/clock.ts";
import { ChangeFilter } from "../changes.ts";
import type { FromWorker } from "../messages.ts";
import { type ApiObject, type Fault, idle, type ReflectorEffect, type ReflectorEvent, step } from "../reflector.ts";
import { isAlways, type Resource } from "../resources.ts";
import { trim } from "../trim.ts";
import { type ApiClient, ApiError } from "./api-client.ts";
import type { KeptObject } from "./object-file.ts";

/** Objects a page of a list. */
const PAGE = 500;
/** The server ends a watch after this long; it sends a bookmark about every minute. */
const WATCH_SECONDS = 300;
/** Longer than the server's bookmarks are apart: a watch silent for so long is dead. */
const SILENCE_MS = 100_000;

/** Follows one resource: runs the reflector's effects, and tells what changed in meaning. */
export class Follower {
  readonly #resource: Resource;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #tell: (message: FromWorker) => void;
  readonly #filter: ChangeFilter;
  readonly #stopped = new AbortController();
  #state = idle;
  #synced = false;
  #answered: boolean;
  #waiting: Timer | undefined;

  /** @param known texts by key that were told before; undefined: nothing was ever known */
  constructor(
    resource: Resource,
    client: ApiClient,
    clock: Clock,
    tell: (message: FromWorker) => void,
    known: ReadonlyMap<string, string> | undefined,
  ) {
    this.#resource = resource;
    this.#client = client;
    this.#clock = clock;
    this.#tell = tell;
    this.#filter = new ChangeFilter(resource, known);
    this.#answered = known !== undefined;
  }

  /** What is known is what was known before, or what the server says; or it says that this is not to be had. */
  get isAnswered(): boolean {
    return this.#answered;
  }

  /** Texts by key that were told. */
  get known(): ReadonlyMap<string, string> {
    return this.#filter.known;
  }

  *kept(): Generator<KeptObject> {
    const { kind } = this.#resource;
    for (const [key, text] of this.#filter.known) yield { kind, key, text };
  }

  get #selector(): { fieldSelector?: string } {
    const { only } = this.#resource;
    return only === undefined ? {} : { fieldSelector: `metadata.name=${only.name}` };
  }

  start(): void {
    this.#feed({ kind: "start" });
  }

  stop(): void {
    this.#stopped.abort();
    this.#waiting?.cancel();
  }

  #feed(event: ReflectorEvent): void {
    if (this.#stopped.signal.aborted) return;
    const { next, effects } = step(this.#state, event);
    this.#state = next;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: ReflectorEffect): void {
    switch (effect.kind) {
      case "list":
        void this.#list(effect.continue);
        return;
      case "watch":
        void this.#watch(effect.resourceVersion);
        return;
      case "wait":
        this.#waiting = this.#clock.after(effect.ms * jitter(), () => this.#feed({ kind: "waited" }));
        return;
      case "replace":
        this.#changed(this.#filter.replace(effect.objects));
        this.#answered = true;
        if (!this.#synced) this.#tell({ is: "synced", id: this.#resource.id });
        this.#synced = true;
        return;
      case "apply":
        this.#changed(this.#filter.apply(effect.object));
        return;
      case "remove":
        this.#changed(this.#filter.remove(effect.object));
        return;
      case "report":
        if (!isAlways(this.#resource.id)) this.#answered = true;
        this.#tell({ is: "outage", id: this.#resource.id, text: effect.fault && faultText(effect.fault) });
    }
  }

  #changed(changes: ReturnType<ChangeFilter["apply"]>): void {
    if (changes.length > 0) this.#tell({ is: "changes", id: this.#resource.id, changes });
  }

  async #list(token: string | undefined): Promise<void> {
    const query = { ...this.#selector, limit: `${PAGE}`, ...(token !== undefined && { continue: token }) };
    try {
      const body = (await this.#client.request({ method: "GET", path: this.#resource.path, query })) as {
        items?: ApiObject[] | null;
        metadata?: { continue?: string; resourceVersion?: string };
      };
      const { continue: more, resourceVersion = "" } = body.metadata ?? {};
      // Pages wait for the last one; most of what the server says of a node is not wanted.
      const items = (body.items ?? []).map((item) => trim(item, this.#resource.shape) as ApiObject);
      this.#feed({ kind: "page", items, continue: more === "" ? undefined : more, resourceVersion });
    } catch (error) {
      this.#feed({ kind: "listFailed", fault: faultOf(error) });
    }
  }

  async #watch(resourceVersion: string): Promise<void> {
    const query = {
      ...this.#selector,
      watch: "true",
      resourceVersion,
      allowWatchBookmarks: "true",
      timeoutSeconds: `${WATCH_SECONDS}`,
    };
    const request = { method: "GET", path: this.#resource.path, query } as const;
    const fault = await this.#client.watch(request, SILENCE_MS, this.#stopped.signal, (text) => this.#line(text));
    this.#feed({ kind: "watchEnded", fault });
  }

  /** @returns the fault that ends the watch, such as an ERROR event with 410 */
  #line(text: string): Fault | undefined {
    let event: { type?: string; object?: ApiObject & { code?: number; message?: string } };
    try {
      event = JSON.parse(text) as typeof event;
    } catch {
      return { kind: "connection", text: "an event of the watch is not JSON" };
    }
    const { type, object = {} } = event;
    if (type === "ADDED" || type === "MODIFIED" || type === "DELETED" || type === "BOOKMARK") {
      this.#feed({ kind: "watched", type, object });
      return undefined;
    }
    return { kind: "status", code: object.code ?? 0, text: object.message ?? `event ${type}`, retryAfterMs: undefined };
  }
}

function faultOf(error: unknown): Fault {
  if (error instanceof ApiError) return error.fault;
  return { kind: "connection", text: error instanceof Error ? error.message : String(error) };
}

/** All nodes meet the same outage: they must not come back in the same moment. */
const jitter = (): number => 0.75 + 0.5 * Math.random();

const faultText = (fault: Fault): string => (fault.kind === "silence" ? "the watch fell silent" : fault.text);
