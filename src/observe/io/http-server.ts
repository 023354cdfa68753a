import { createServer, type Server } from "node:http";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { CONTENT_TYPE, exposition } from "../exposition.ts";
import { readiness, STARTING } from "../health.ts";
import { metrics } from "../metrics.ts";
import type { ObservedDaemon } from "../ports.ts";

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string | AsyncIterable<string>;
}

/** So long a page is written at most before the sessions have their turn. */
const SLICE_MS = 2;

/**
 * Serves `/metrics`, `/livez` (the main thread answers; nobody else's state counts) and `/readyz` (readiness of its routing).
 * @param host undefined: all addresses, of the families that the machine has
 * @param observe called once a request; undefined while the daemon waits for its first configuration
 * @returns the server, listening once its `listening` event came; errors are its `error` events
 */
export function serveHttp(host: string | undefined, port: number, observe: () => ObservedDaemon | undefined): Server {
  const pages: Readonly<Record<string, () => Page>> = {
    "/metrics": () => {
      const daemon = observe();
      if (daemon === undefined) return text(503, STARTING);
      return { status: 200, type: CONTENT_TYPE, body: metricsPage(daemon) };
    },
    "/livez": () => text(200, "ok"),
    "/readyz": () => {
      const { ok, reasons } = readiness(observe());
      return ok ? text(200, "ok") : text(503, reasons.join("\n"));
    },
  };
  const server = createServer((request, response) => {
    const page = pages[URL.parse(request.url ?? "/", "http://localhost")?.pathname ?? ""];
    const asked = request.method === "GET" || request.method === "HEAD";
    const { status, type, body } = (asked ? page?.() : undefined) ?? text(404, "not found");
    response.writeHead(status, { "content-type": type });
    if (typeof body === "string") response.end(body);
    else pipeline(body, response).catch((error: unknown) => response.destroy(error as Error));
  });
  return server.listen(port, host);
}

const text = (status: number, line: string): Page => ({ status, type: "text/plain", body: `${line}\n` });

/** The page of what the daemon says now; the sessions have their turn between its pieces. */
async function* metricsPage(daemon: ObservedDaemon): AsyncGenerator<string> {
  let endMs = performance.now() + SLICE_MS;
  for (const piece of exposition(metrics, daemon)) {
    yield piece;
    if (performance.now() < endMs) continue;
    await setImmediate();
    endMs = performance.now() + SLICE_MS;
  }
}
