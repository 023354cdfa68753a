import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Steps } from "#lib/steps.ts";
import { exposition } from "#observe/exposition.ts";
import { readiness } from "#observe/health.ts";
import { serveHttp } from "#observe/io/http-server.ts";
import { type Metric, metrics } from "#observe/metrics.ts";
import type { ObservedDaemon, ObservedPeer } from "#observe/ports.ts";

const peer = (name: string, state: string): ObservedPeer => ({
  name,
  address: "192.0.2.2",
  state,
  sinceMs: 5_000,
  flaps: 3,
  messagesReceived: 10,
  messagesSent: 11,
  families: [{ family: "ipv4", accepted: 4, filtered: 1, best: 3, advertised: 2 }],
});

const daemon = (changes: Partial<ObservedDaemon> = {}): ObservedDaemon => ({
  version: "1.2.3",
  startedMs: 1_000,
  peers: [peer("a", "Established"), peer("b", "Active")],
  tables: { ipv4: { prefixes: 7, paths: 9 }, ipv6: { prefixes: 0, paths: 0 } },
  forwarding: { wanted: 6, pending: 1, failed: 2 },
  recovering: false,
  invalidObjects: 0,
  foreignRoutes: 4,
  draining: true,
  shuttingDown: false,
  ...changes,
});

test("another node's failure does not make this one unready", () => {
  expect(readiness(daemon())).toEqual({ ok: true, reasons: [] });
  expect(readiness(daemon({ peers: [peer("only", "Active")] })).ok).toBe(true);
  expect(readiness(daemon({ peers: [] })).ok).toBe(true);
});

test.each<[string, Partial<ObservedDaemon>]>([
  ["none of 2 sessions is Established", { peers: [peer("a", "Idle"), peer("b", "Active")] }],
  ["waiting for neighbours after a restart", { recovering: true }],
  ["the daemon is shutting down", { shuttingDown: true }],
])("not ready: %s", (reason, changes) => {
  expect(readiness(daemon(changes))).toEqual({ ok: false, reasons: [reason] });
});

let observed: ObservedDaemon | undefined;
/** How the daemon looks at itself. */
let look: () => Steps<ObservedDaemon>;
let server: ReturnType<typeof serveHttp>;
let base: string;
beforeEach(async () => {
  observed = daemon();
  look = function* () {
    yield;
    return observed ?? daemon();
  };
  server = serveHttp("127.0.0.1", 0, () => observed && look());
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test("a scrape shows each neighbour and family, and forgets those that left", async () => {
  const first = await (await fetch(`${base}/metrics`)).text();
  expect(first).toContain('linnet_bgp_up{peer="a",address="192.0.2.2"} 1');
  expect(first).toContain('linnet_bgp_up{peer="b",address="192.0.2.2"} 0');
  expect(first).toContain('linnet_bgp_routes_accepted{peer="a",address="192.0.2.2",family="ipv4"} 4');
  expect(first).toContain('linnet_rib_paths{family="ipv4"} 9');
  expect(first).toContain("linnet_kernel_routes_failed 2");
  expect(first).toContain("linnet_rib_foreign_routes 4");
  expect(first).toContain("linnet_drained 1");
  expect(first).toContain('linnet_bgp_flaps_total{peer="a",address="192.0.2.2"} 3');
  observed = daemon({ peers: [peer("a", "Established")] });
  const second = await (await fetch(`${base}/metrics`)).text();
  expect(second).toContain('peer="a"');
  expect(second).not.toContain('peer="b"');
});

test.each(["/readyz", "/metrics"])("%s: others have their turn while neighbours are looked at", async (page) => {
  let hadTurn = false;
  look = function* () {
    setImmediate(() => (hadTurn = true));
    for (let left = 10_000_000; left > 0 && !hadTurn; left--) yield;
    return daemon();
  };
  expect((await fetch(`${base}${page}`)).status).toBe(200);
  expect(hadTurn).toBe(true);
});

test("a scrape of thousands of neighbours is written in pieces, and whole", async () => {
  observed = daemon({ peers: Array.from({ length: 5_000 }, (_, n) => peer(`Mesh_${n}`, "Established")) });
  const pieces = [...exposition(metrics, observed)];
  expect(Math.max(...pieces.map((piece) => piece.split("\n").length))).toBeLessThan(70);
  const answer = await fetch(`${base}/metrics`);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await answer.text()).toBe(pieces.join(""));
});

test("a scraper that hangs up in the middle costs nothing", async () => {
  observed = daemon({ peers: Array.from({ length: 5_000 }, (_, n) => peer(`Mesh_${n}`, "Established")) });
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(socket, "data");
  socket.resetAndDestroy();
  expect((await fetch(`${base}/livez`)).status).toBe(200);
});

test("the text format: what a metric is, then its rows, with labels in quotes", () => {
  const [labels, value] = [{ peer: 'a "b" \\c\nd', family: "ipv4" }, 1.5];
  const rows: Metric[] = [
    { name: "x", help: "About x.", kind: "gauge", samples: () => [{ labels, value }] },
    { name: "y_total", help: "About y.", kind: "counter", samples: () => [{ labels: {}, value: 2 }] },
  ];
  expect([...exposition(rows, daemon())].join("").split("\n")).toEqual([
    "# HELP x About x.",
    "# TYPE x gauge",
    String.raw`x{peer="a \"b\" \\c\nd",family="ipv4"} 1.5`,
    "# HELP y_total About y.",
    "# TYPE y_total counter",
    "y_total 2",
    "",
  ]);
});

test("probes answer with a status and a reason", async () => {
  expect((await fetch(`${base}/livez`)).status).toBe(200);
  expect((await fetch(`${base}/readyz`)).status).toBe(200);
  observed = daemon({ recovering: true });
  const unready = await fetch(`${base}/readyz`);
  expect([unready.status, await unready.text()]).toEqual([503, "waiting for neighbours after a restart\n"]);
});

test("what is not served is not found", async () => {
  expect((await fetch(`${base}/nothing`)).status).toBe(404);
  expect((await fetch(`${base}/metrics`, { method: "POST" })).status).toBe(404);
});

test("a daemon that waits for its first configuration is alive, and not ready", async () => {
  observed = undefined;
  expect((await fetch(`${base}/livez`)).status).toBe(200);
  const ready = await fetch(`${base}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, "waiting for a first configuration\n"]);
  expect((await fetch(`${base}/metrics`)).status).toBe(503);
});

test("no neighbour's state, and not even our own, makes a daemon that answers look dead", async () => {
  observed = daemon({ peers: [peer("a", "Idle"), peer("b", "Idle")], recovering: true, shuttingDown: true });
  expect((await fetch(`${base}/livez`)).status).toBe(200);
  expect((await fetch(`${base}/readyz`)).status).toBe(503);
});

test("a request for no address at all costs nothing but itself", async () => {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  socket.end("GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 404 /);
  expect((await fetch(`${base}/livez?verbose`)).status).toBe(200);
});
