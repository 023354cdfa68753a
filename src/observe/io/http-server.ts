import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import type { Steps } from "#lib/steps.ts";
import { CONTENT_TYPE, exposition } from "../exposition.ts";
import { readiness, STARTING } from "../health.ts";
import { metrics } from "../metrics.ts";
import type { ObservedDaemon } from "../ports.ts";

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string | AsyncIterable<string>;
}

type Pages = Readonly<Record<string, () => Promise<Page>>>;

/** So long a page is made at most before the sessions have their turn. */
const SLICE_MS = 2;

/** What the daemon says of itself; undefined while it waits for its first configuration. */
type Observe = () => Steps<ObservedDaemon> | undefined;

/**
 * Serves `/metrics`, `/livez` (the main thread answers; nobody else's state counts) and `/readyz` (readiness of its routing).
 * @param host undefined: all addresses, of the families that the machine has
 * @param observe called once a request
 * @returns the server, listening once its `listening` event came; errors are its `error` events
 */
export function serveHttp(host: string | undefined, port: number, observe: Observe): Server {
  const pages: Pages = {
    "/metrics": async () => {
      const daemon = await observed(observe);
      if (daemon === undefined) return text(503, STARTING);
      return { status: 200, type: CONTENT_TYPE, body: metricsPage(daemon) };
    },
    "/livez": async () => text(200, "ok"),
    "/readyz": async () => {
      const { ok, reasons } = readiness(await observed(observe));
      return ok ? text(200, "ok") : text(503, reasons.join("\n"));
    },
  };
  return createServer((request, response) => void answer(pages, request, response)).listen(port, host);
}

async function answer(pages: Pages, { method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = pages[URL.parse(url ?? "/", "http://localhost")?.pathname ?? ""];
  const asked = method === "GET" || method === "HEAD";
  const { status, type, body } = (asked ? await page?.() : undefined) ?? text(404, "not found");
  response.writeHead(status, { "content-type": type });
  if (typeof body === "string") response.end(body);
  else pipeline(body, response).catch((error: unknown) => response.destroy(error as Error));
}

const text = (status: number, line: string): Page => ({ status, type: "text/plain", body: `${line}\n` });

async function observed(observe: Observe): Promise<ObservedDaemon | undefined> {
  const steps = observe();
  if (steps === undefined) return undefined;
  const pauses = new Pauses();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await pauses.atTime();
  }
}

/** The page of what the daemon said; the sessions have their turn between its pieces. */
async function* metricsPage(daemon: ObservedDaemon): AsyncGenerator<string> {
  const pauses = new Pauses();
  for (const piece of exposition(metrics, daemon)) {
    yield piece;
    await pauses.atTime();
  }
}

/** Ends slices of work between which the sessions have their turn. */
class Pauses {
  #endMs = performance.now() + SLICE_MS;

  async atTime(): Promise<void> {
    if (performance.now() < this.#endMs) return;
    await setImmediate();
    this.#endMs = performance.now() + SLICE_MS;
  }
}
