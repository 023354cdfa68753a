import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "#lib/clock.ts";
import type { JsonObject } from "./patch.ts";
import { selected } from "./requests.ts";
import { apiVersionOf, type Served } from "./resources.ts";
import { type Target, tooOld } from "./status.ts";
import type { Store, StoreEvent } from "./store.ts";

/** A request to be told of changes. */
export interface WatchCall {
  readonly resource: Served;
  readonly target: Target;
  readonly query: URLSearchParams;
}

/** How often an idle watch gets a bookmark, and how long before its end it gets another. */
const BOOKMARK_MS = 60_000;
const LAST_BOOKMARK_MS = 2_000;

/** One watch: a response that never ends by itself before `timeoutSeconds`. */
export class Watch {
  readonly #call: WatchCall;
  readonly #store: Store;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #timers: Timer[] = [];
  readonly #stopListening: () => void;
  /** Nothing is sent any more, though the connection stands. */
  silent = false;

  constructor(call: WatchCall, store: Store, response: ServerResponse, clock: Clock) {
    this.#call = call;
    this.#store = store;
    this.#response = response;
    this.#clock = clock;
    response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
    response.flushHeaders();
    this.#stopListening = store.listen((resource, event) => {
      if (resource === call.resource) this.#tell(event);
    });
    response.on("close", () => this.#over());
    this.#begin();
  }

  bookmark(): void {
    const { resource, query } = this.#call;
    if (query.get("allowWatchBookmarks") !== "true") return;
    const metadata = { resourceVersion: `${this.#store.revision}` };
    this.#send("BOOKMARK", { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata });
  }

  /** Ends in good order. */
  end(): void {
    this.#over();
    this.#response.end();
  }

  #begin(): void {
    const { resource, query } = this.#call;
    const from = query.get("resourceVersion");
    const revision = Number(from ?? 0);
    if (revision === 0) {
      for (const object of this.#store.list(resource)) {
        this.#tell({ type: "ADDED", revision: 0, object, before: undefined });
      }
    } else if (revision < this.#store.oldest) {
      this.#send("ERROR", tooOld(revision, this.#store.oldest).body as JsonObject);
      this.end();
      return;
    } else for (const event of this.#store.since(resource, revision)) this.#tell(event);
    const seconds = Number(query.get("timeoutSeconds") ?? 1800);
    this.#timers.push(
      this.#clock.after(seconds * 1000, () => this.end()),
      this.#clock.after(seconds * 1000 - LAST_BOOKMARK_MS, () => this.bookmark()),
      this.#clock.after(BOOKMARK_MS, () => this.#regularly()),
    );
  }

  #regularly(): void {
    this.bookmark();
    this.#timers.push(this.#clock.after(BOOKMARK_MS, () => this.#regularly()));
  }

  /** What comes to match a selector is ADDED for this watch, what ceases to is DELETED. */
  #tell({ type, object, before }: StoreEvent): void {
    const { target, query } = this.#call;
    const now = type !== "DELETED" && selected(object, target, query);
    const earlier = before !== undefined && selected(before, target, query);
    if (now) this.#send(earlier ? "MODIFIED" : "ADDED", object);
    else if (earlier) {
      this.#send("DELETED", {
        ...before,
        metadata: { ...before.metadata, resourceVersion: object.metadata.resourceVersion },
      });
    }
  }

  #send(type: string, object: JsonObject): void {
    if (!this.silent) this.#response.write(`${JSON.stringify({ type, object })}\n`);
  }

  #over(): void {
    this.#stopListening();
    for (const timer of this.#timers) timer.cancel();
  }
}
