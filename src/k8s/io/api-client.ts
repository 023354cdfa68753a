import http from "node:http";
import https from "node:https";
import { StringDecoder } from "node:string_decoder";
import type { Fault } from "../reflector.ts";

/** Where the API server is, and how we prove who we are. */
export interface ApiAccess {
  /** `https://10.96.0.1:443`, without a slash at the end. */
  readonly server: string;
  /** Asked for each request: credentials expire, and are renewed on disk. Rejects with one sentence. */
  authorise(): Promise<Authorisation>;
  /** The server answered 401 to a request with these: next time others are had, where that can be. */
  refused(authorisation: Authorisation): void;
  close(): void;
}

/** What a request needs to be let in. */
export interface Authorisation {
  /** Keeps connections, knows whom to trust, and the client's certificate. */
  readonly agent: http.Agent;
  readonly headers: Readonly<Record<string, string>>;
}

/** A request; `query` values are encoded here. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** A request that did not get what it asked for. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.kind === "silence" ? "silence" : fault.text);
    this.fault = fault;
  }
}

/** Longest body of an answer, and longest line of a watch: a page of 500 large nodes is a tenth of it. */
const MAX_BODY_OCTETS = 256 << 20;
const MAX_LINE_OCTETS = 16 << 20;
/** How long an answer may take to begin and, once begun, to go on. */
const REQUEST_TIMEOUT_MS = 30_000;

/** Speaks to one API server over kept connections. */
export class ApiClient {
  readonly #access: ApiAccess;
  readonly #userAgent: string;

  constructor(access: ApiAccess, userAgent: string) {
    this.#access = access;
    this.#userAgent = userAgent;
  }

  /** @returns the parsed body. @throws ApiError (rejects) for anything but a 2xx status with a JSON body */
  async request(request: ApiRequest): Promise<unknown> {
    const response = await this.#send(request, REQUEST_TIMEOUT_MS);
    const text = await readAll(response);
    const { statusCode = 0 } = response;
    if (statusCode < 200 || statusCode > 299) throw new ApiError(statusFault(statusCode, text, response.headers));
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiError({ kind: "connection", text: "the answer is not JSON" });
    }
  }

  /**
   * Reads a watch line by line until it ends.
   * @param silenceMs the watch is given up when nothing came for so long
   * @param line is given each; the fault it returns, if any, ends the watch
   * @returns the fault that ended it, undefined where the server closed it in good order or `signal` did
   */
  async watch(
    request: ApiRequest,
    silenceMs: number,
    signal: AbortSignal,
    line: (text: string) => Fault | undefined,
  ): Promise<Fault | undefined> {
    try {
      const response = await this.#send(request, silenceMs, signal);
      const { statusCode = 0 } = response;
      if (statusCode !== 200) return statusFault(statusCode, await readAll(response), response.headers);
      return await readLines(response, line);
    } catch (error) {
      if (signal.aborted) return undefined;
      return error instanceof ApiError ? error.fault : connectionFault(error);
    }
  }

  close(): void {
    this.#access.close();
  }

  /** A kept connection that was closed meanwhile says nothing about the server: the request goes over another one. */
  async #send(request: ApiRequest, silenceMs: number, signal?: AbortSignal): Promise<http.IncomingMessage> {
    const authorisation = await this.#authorise();
    const { method, path, query = {}, body, contentType = "application/json" } = request;
    const url = new URL(this.#access.server + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      "user-agent": this.#userAgent,
      ...authorisation.headers,
      ...(text === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(text) }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const send = url.protocol === "https:" ? https.request : http.request;
    let incoming: http.IncomingMessage | undefined;
    const { agent } = authorisation;
    const outgoing = send(url, { method, headers, agent, ...(signal && { signal }) }, (response) => {
      incoming = response.on("error", () => {}); // told by reading, which may have ended before
      if (response.statusCode === 401) this.#access.refused(authorisation);
      resolve(response);
    });
    outgoing.setTimeout(silenceMs, () => (incoming ?? outgoing).destroy(new ApiError({ kind: "silence" })));
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      const stale = outgoing.reusedSocket && incoming === undefined && error.code === "ECONNRESET";
      if (stale) resolve(this.#send(request, silenceMs, signal));
      else reject(error instanceof ApiError ? error : new ApiError(connectionFault(error)));
    });
    outgoing.end(text);
    return promise;
  }

  /** Credentials that are not to be had now may be later: a fault of the connection. */
  async #authorise(): Promise<Authorisation> {
    try {
      return await this.#access.authorise();
    } catch (error) {
      throw new ApiError(connectionFault(error));
    }
  }
}

/** `aborted` is Node's word for an answer that ends in its midst. */
function connectionFault(error: unknown): Fault {
  const text = error instanceof Error ? error.message : String(error);
  return { kind: "connection", text: text === "aborted" ? "the connection broke off" : text };
}

/** Both forms of the server's errors: a Status object, and plain text (429 of an overloaded server). */
function statusFault(code: number, text: string, headers: http.IncomingHttpHeaders): Fault {
  let status: { message?: unknown; details?: { retryAfterSeconds?: unknown } } = {};
  try {
    status = JSON.parse(text) as typeof status;
  } catch {
    status = {};
  }
  const seconds = Number(headers["retry-after"] ?? status.details?.retryAfterSeconds ?? Number.NaN);
  const message = typeof status.message === "string" ? status.message : text.trim().slice(0, 200);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  return { kind: "status", code, text: message || `HTTP ${code}`, retryAfterMs };
}

async function readAll(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > MAX_BODY_OCTETS) throw new ApiError({ kind: "connection", text: "the answer is too long" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function readLines(
  response: http.IncomingMessage,
  line: (text: string) => Fault | undefined,
): Promise<Fault | undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE_OCTETS) return { kind: "connection", text: "a line of the watch is too long" };
    for (const each of lines) {
      const fault = each === "" ? undefined : line(each);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}
