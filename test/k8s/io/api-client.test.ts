import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { apiAccess } from "#k8s/io/api-access.ts";
import { ApiClient, ApiError } from "#k8s/io/api-client.ts";
import { node } from "../../support/api-server/cluster.ts";
import { ApiServer } from "../../support/api-server/server.ts";
import { tooMany } from "../../support/api-server/status.ts";
import { Inbox } from "../../support/inbox.ts";

let server: ApiServer;
let client: ApiClient;
let directory: string;
let tokenFile: string;

beforeEach(async () => {
  server = await new ApiServer({
    user: (token) => (token === "old" || token === "new" ? "linnet" : undefined),
  }).start();
  directory = mkdtempSync(join(tmpdir(), "linnet-"));
  tokenFile = join(directory, "token");
  writeFileSync(tokenFile, "old\n");
  client = await connect(`${server.url}/`);
});

async function connect(url: string): Promise<ApiClient> {
  const config = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster: { server: url } }],
    users: [{ name: "u", user: { tokenFile: "token" } }],
  };
  writeFileSync(join(directory, "kubeconfig"), JSON.stringify(config));
  return new ApiClient(await apiAccess(join(directory, "kubeconfig"), {}), "test");
}

afterEach(async () => {
  client.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

const get = (path: string): Promise<unknown> => client.request({ method: "GET", path });
const watch = (
  silenceMs: number,
  signal = new AbortController().signal,
  line: (text: string) => undefined = () => undefined,
) => client.watch({ method: "GET", path: "/api/v1/nodes", query: { watch: "true" } }, silenceMs, signal, line);

test("a token that was renewed on disk is sent with the next request", async () => {
  await get("/api/v1/nodes");
  writeFileSync(tokenFile, "new\n");
  await get("/api/v1/nodes");
  expect(server.seen.map(({ token }) => token)).toEqual(["old", "new"]);
});

test.for([
  { path: "/api/v1/nodes/n9", code: 404, text: 'nodes "n9" not found' },
  { path: "/apis/nope.example/v1/x", code: 404, text: "404 page not found" },
])("what the server says about $path is told in its words", async ({ path, code, text }) => {
  const error = await get(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).fault).toEqual({ kind: "status", code, text, retryAfterMs: undefined });
});

test("an unknown token is 401, in the server's words", async () => {
  writeFileSync(tokenFile, "foreign");
  await expect(get("/api/v1/nodes")).rejects.toThrow("Unauthorized");
});

test("Retry-After is milliseconds", async () => {
  server.interfere = () => tooMany;
  const error = (await get("/api/v1/nodes").catch((thrown: unknown) => thrown)) as ApiError;
  expect(error.fault).toMatchObject({ kind: "status", code: 429, retryAfterMs: 1000 });
});

test("a watch gives whole lines, however they were cut, until it is told to stop", async () => {
  const lines = new Inbox<string>();
  const stop = new AbortController();
  const over = watch(60_000, stop.signal, (text) => {
    lines.put(text);
    return undefined;
  });
  await server.until(({ watches }) => watches === 1);
  server.put(node("é".repeat(40_000), 1));
  await lines.until((all) => all.length === 1);
  expect(JSON.parse(lines.all[0] ?? "")).toMatchObject({ type: "ADDED", object: { kind: "Node" } });
  stop.abort();
  expect(await over).toBe(undefined);
});

test("a watch that falls silent is given up, and said to be silent", async () => {
  const over = watch(50);
  await server.until(({ watches }) => watches === 1);
  server.silence();
  expect(await over).toEqual({ kind: "silence" });
});

test("a watch that breaks is a fault of the connection; one that ends is none", async () => {
  const broken = watch(60_000);
  await server.until(({ watches }) => watches === 1);
  server.cut();
  expect(await broken).toEqual({ kind: "connection", text: "the connection broke off" });
  const ended = watch(60_000);
  await server.until(({ watches }) => watches === 1);
  server.endWatches();
  expect(await ended).toBe(undefined);
});

test("a server that is not there is a fault of the connection", async () => {
  await server.stop();
  const error = (await get("/api/v1/nodes").catch((thrown: unknown) => thrown)) as ApiError;
  expect(error.fault.kind).toBe("connection");
  await server.start();
});

test("a kept connection that the server closed meanwhile costs nothing: the request goes over another one, once", async () => {
  const served = new WeakSet<object>();
  let requests = 0;
  const tired = createServer((request, response) => {
    requests++;
    if (served.has(request.socket) || request.url === "/never") request.socket.destroy();
    else response.end("{}");
    served.add(request.socket);
  });
  tired.listen(0, "127.0.0.1");
  await once(tired, "listening");
  const { port } = tired.address() as AddressInfo;
  const other = await connect(`http://127.0.0.1:${port}`);
  const ask = (path: string): Promise<unknown> => other.request({ method: "GET", path });
  await ask("/a");
  await ask("/b");
  expect(requests).toBe(3);
  await expect(ask("/never")).rejects.toThrow("socket hang up");
  expect(requests).toBe(5);
  other.close();
  tired.close();
});
