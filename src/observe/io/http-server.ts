import { createServer, type Server } from "node:http";
import { Counter, Gauge, Registry } from "prom-client";
import { readiness, STARTING } from "../health.ts";
import { type Metric, metrics } from "../metrics.ts";
import type { ObservedDaemon } from "../ports.ts";

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * Serves `/metrics`, `/livez` (the main thread answers; nobody else's state counts) and `/readyz` (readiness of its routing).
 * @param host undefined: all addresses, of the families that the machine has
 * @param observe called once a request; undefined while the daemon waits for its first configuration
 * @returns the server, listening once its `listening` event came; errors are its `error` events
 */
export function serveHttp(host: string | undefined, port: number, observe: () => ObservedDaemon | undefined): Server {
  const pages: Readonly<Record<string, () => Promise<Page> | Page>> = {
    "/metrics": () => {
      const daemon = observe();
      return daemon === undefined ? { status: 503, type: "text/plain", body: `${STARTING}\n` } : metricsPage(daemon);
    },
    "/livez": () => ({ status: 200, type: "text/plain", body: "ok\n" }),
    "/readyz": () => {
      const { ok, reasons } = readiness(observe());
      return { status: ok ? 200 : 503, type: "text/plain", body: `${ok ? "ok" : reasons.join("\n")}\n` };
    },
  };
  const server = createServer((request, response) => {
    const page = pages[URL.parse(request.url ?? "/", "http://localhost")?.pathname ?? ""];
    const answer = request.method === "GET" || request.method === "HEAD" ? page : undefined;
    void Promise.resolve(answer?.() ?? { status: 404, type: "text/plain", body: "not found\n" }).then(
      ({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body),
      (error: unknown) => response.destroy(error as Error),
    );
  });
  return server.listen(port, host);
}

/** A registry a scrape: its values are what the daemon says now, and rows of neighbours that left are gone. */
async function metricsPage(daemon: ObservedDaemon): Promise<Page> {
  const registry = new Registry();
  for (const metric of metrics) fill(registry, metric, daemon);
  return { status: 200, type: registry.contentType, body: await registry.metrics() };
}

function fill(registry: Registry, metric: Metric, daemon: ObservedDaemon): void {
  const options = { name: metric.name, help: metric.help, labelNames: metric.labels, registers: [registry] };
  const samples = metric.samples(daemon);
  if (metric.kind === "gauge") {
    const gauge = new Gauge(options);
    for (const { labels, value } of samples) gauge.set(labels, value);
  } else {
    const counter = new Counter(options);
    for (const { labels, value } of samples) counter.inc(labels, value);
  }
}
