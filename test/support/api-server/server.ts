import { once } from "node:events";
import http from "node:http";
import https, { type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Clock } from "#lib/clock.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import type { JsonObject } from "./patch.ts";
import { answer } from "./requests.ts";
import { builtIn, locate, ours, type Served } from "./resources.ts";
import { type Answer, failure, forbidden, notServed, type Target } from "./status.ts";
import { Store, type Stored } from "./store.ts";
import { Watch } from "./watches.ts";

/** A request as the server saw it. */
export interface Seen {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly token: string | undefined;
  /** Common name in the client's certificate, over TLS. */
  readonly certified?: string | undefined;
  readonly body: string;
}

export interface ApiServerOptions {
  /** Times watches out and sends bookmarks. */
  readonly clock?: Clock;
  readonly resources?: readonly Served[];
  /** Address and port to listen on; 127.0.0.1 and any free one unless given. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** Certificates; without them it speaks plain HTTP. */
  readonly tls?: ServerOptions;
  /** Who sends `token`; undefined: nobody that is known (401). Everybody is `admin` unless this is given. */
  user?(token: string | undefined): string | undefined;
  /** Whether `user` may; everybody may all unless this is given. */
  may?(user: string, verb: string, target: Target): boolean;
}

/**
 * A Kubernetes API server in memory, over plain HTTP, as far as Linnet uses one. Behaves as kube-apiserver 1.36 was
 * recorded to (test/k8s/api-server-recordings.test.ts), and breaks on demand.
 */
export class ApiServer {
  readonly store = new Store();
  /** Everything that was asked, in order. */
  readonly seen: Seen[] = [];
  /** Answers instead of the server where it returns something. */
  interfere: ((request: Seen) => Answer | undefined) | undefined;
  readonly #options: ApiServerOptions;
  readonly #resources: readonly Served[];
  readonly #watches = new Set<Watch>();
  #server: http.Server | undefined;
  #port = 0;
  #arrivals: (() => void)[] = [];

  constructor(options: ApiServerOptions = {}) {
    this.#options = options;
    this.#port = options.listen?.port ?? 0;
    this.#resources = options.resources ?? [...builtIn, ...ours];
  }

  /** Listens, at the same port as before where it did. */
  async start(): Promise<this> {
    const serve: http.RequestListener = (request, response) => void this.#serve(request, response);
    const { tls } = this.#options;
    this.#server = tls === undefined ? http.createServer(serve) : https.createServer(tls, serve);
    this.#server.listen(this.#port, this.#options.listen?.host ?? "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://127.0.0.1:${this.#port}`;
  }

  /** Gone: connections break, new ones are refused. The history is lost, the objects are not. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.store.compact();
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  }

  /** All connections break; the server stays. */
  cut(): void {
    this.#server?.closeAllConnections();
  }

  /** Watches that stand fall silent. */
  silence(): void {
    for (const watch of this.#watches) watch.silent = true;
  }

  bookmark(): void {
    for (const watch of this.#watches) watch.bookmark();
  }

  /** Ends the watches in good order. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** Resolves when `enough` holds, asked after each request and each watch that begins or ends. */
  async until(enough: (server: this) => boolean): Promise<void> {
    while (!enough(this)) await new Promise<void>((resolve) => this.#arrivals.push(resolve));
  }

  /** Puts an object there without a request; its kind and namespace say where. */
  put(object: JsonObject): Stored {
    const resource = this.#resources.find(({ kind }) => kind === object.kind);
    if (resource === undefined) throw new Error(`${String(object.kind)} is not served`);
    const { name, namespace } = object.metadata as { name: string; namespace?: string };
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    const before = this.store.get(resource, key);
    const identity = {
      uid: before?.metadata.uid ?? `uid-${key}`,
      creationTimestamp: "2026-11-20T00:00:00Z",
      generation: 1,
    };
    return this.store.put(resource, key, { ...object, metadata: { ...(object.metadata as JsonObject), ...identity } });
  }

  remove(kind: string, key: string): void {
    const resource = this.#resources.find((each) => each.kind === kind);
    if (resource !== undefined) this.store.remove(resource, key);
  }

  get(kind: string, key: string): Stored | undefined {
    const resource = this.#resources.find((each) => each.kind === kind);
    return resource && this.store.get(resource, key);
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // the client went away
    }
    const url = new URL(request.url ?? "/", this.url);
    const seen: Seen = {
      method: request.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      contentType: request.headers["content-type"] ?? "",
      token: request.headers.authorization?.replace(/^Bearer /, ""),
      body: Buffer.concat(chunks).toString(),
      certified: commonName(request.socket),
    };
    this.seen.push(seen);
    const found = locate(seen.path, this.#resources);
    const refused = this.interfere?.(seen) ?? this.#refusal(seen, found?.target);
    if (refused !== undefined) send(response, refused);
    else if (found === undefined) send(response, notServed);
    else if (seen.query.get("watch") === "true") this.#watch(found, seen, response);
    else {
      const now = new Date((this.#options.clock ?? systemClock).wallMs()).toISOString().replace(/\.\d+/, "");
      send(response, answer(this.store, { ...seen, ...found, now }));
    }
    this.#arrived();
  }

  #refusal(seen: Seen, target: Target | undefined): Answer | undefined {
    const { user: userOf, may } = this.#options;
    const user = userOf === undefined ? "admin" : userOf(seen.token);
    if (user === undefined) return failure(401, "Unauthorized", "Unauthorized");
    if (target === undefined || may === undefined) return undefined;
    const verb = verbOf(seen, target);
    return may(user, verb, target) ? undefined : forbidden(user, verb, target);
  }

  #watch(found: { resource: Served; target: Target }, { query }: Seen, response: http.ServerResponse): void {
    const version = query.get("resourceVersion") ?? "0";
    if (!/^\d+$/.test(version)) {
      const message = `resourceVersion: Invalid value: "${version}": strconv.ParseUint: parsing "${version}": invalid syntax`;
      send(response, failure(500, undefined, message));
      return;
    }
    const watch = new Watch({ ...found, query }, this.store, response, this.#options.clock ?? systemClock);
    this.#watches.add(watch);
    response.on("close", () => {
      this.#watches.delete(watch);
      this.#arrived();
    });
  }

  #arrived(): void {
    for (const arrival of this.#arrivals.splice(0)) arrival();
  }
}

const VERBS: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

function verbOf({ method, query }: Seen, { name }: Target): string {
  if (method !== "GET") return VERBS[method] ?? method.toLowerCase();
  if (query.get("watch") === "true") return "watch";
  return name === undefined ? "list" : "get";
}

function send(response: http.ServerResponse, { code, headers = {}, body }: Answer): void {
  const text = typeof body === "string" ? body : `${JSON.stringify(body)}\n`;
  const type = typeof body === "string" ? "text/plain; charset=utf-8" : "application/json";
  response.writeHead(code, { "content-type": type, "content-length": Buffer.byteLength(text), ...headers });
  response.end(text);
}

/** Of the client's certificate, where it proved to have one. */
function commonName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject?.CN;
  return Array.isArray(name) ? name[0] : name;
}
