import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { apiAccess } from "#k8s/io/api-access.ts";
import { ApiClient, ApiError } from "#k8s/io/api-client.ts";
import { node } from "../../support/api-server/cluster.ts";
import { ApiServer, type ApiServerOptions } from "../../support/api-server/server.ts";
import { ConnectProxy } from "../../support/connect-proxy.ts";

const vector = (name: string): string => readFileSync(join(import.meta.dirname, "../../vectors/tls", name), "utf8");
const inline = (name: string): string => Buffer.from(vector(name)).toString("base64");

let directory: string;
let server: ApiServer;
let client: ApiClient | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "linnet-"));
});
afterEach(async () => {
  client?.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

async function start(certificate = "server", options: ApiServerOptions = {}): Promise<void> {
  const tls = { key: vector(`${certificate}.key`), cert: vector(`${certificate}.crt`), ca: vector("ca.crt") };
  const asked = { ...tls, requestCert: true, rejectUnauthorized: false };
  server = await new ApiServer({ ...options, tls: asked }).start();
  server.put(node("n1", 1));
}

/** Access as a kubeconfig in the test's folder says it. */
async function connect(cluster: object, user: object): Promise<ApiClient> {
  const config = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster: { server: server.url, ...cluster } }],
    users: [{ name: "u", user }],
  };
  writeFileSync(join(directory, "kubeconfig"), JSON.stringify(config));
  client = new ApiClient(await apiAccess(join(directory, "kubeconfig"), {}), "test");
  return client;
}

const ours = { "certificate-authority-data": inline("ca.crt") };
const get = (from: ApiClient): Promise<unknown> => from.request({ method: "GET", path: "/api/v1/nodes/n1" });
/** Why a request was not even sent. */
const failure = (from: ApiClient): Promise<string> =>
  get(from).then(
    () => "none",
    (error: unknown) =>
      error instanceof ApiError && error.fault.kind === "connection" ? error.fault.text : String(error),
  );

test("a server of the cluster's authority is spoken to, and a client's certificate says who asks", async () => {
  await start();
  const user = { "client-certificate-data": inline("client.crt"), "client-key-data": inline("client.key") };
  expect(await get(await connect(ours, user))).toMatchObject({ metadata: { name: "n1" } });
  expect(server.seen.map(({ certified, token }) => [certified, token])).toEqual([["system:node:n1", undefined]]);
});

test("certificates may stand in files beside the kubeconfig", async () => {
  await start();
  for (const name of ["ca.crt", "client.crt", "client.key"]) writeFileSync(join(directory, name), vector(name));
  const user = { "client-certificate": "client.crt", "client-key": "client.key" };
  await get(await connect({ "certificate-authority": "ca.crt" }, user));
  expect(server.seen[0]?.certified).toBe("system:node:n1");
});

test.each([
  ["another authority", "server", { "certificate-authority-data": inline("other-ca.crt") }, /certificate|signature/i],
  ["no authority that is known", "server", {}, /certificate/i],
  ["another server's name", "elsewhere", ours, /does not match certificate's altnames/],
])("a server with %s is not told the token", async (_, certificate, cluster, text) => {
  await start(certificate);
  expect(await failure(await connect(cluster, { token: "secret" }))).toMatch(text);
  expect(server.seen).toEqual([]);
});

test("inline data counts before a file that is named beside it", async () => {
  await start();
  const user = { "client-certificate-data": inline("client.crt"), "client-key-data": inline("client.key") };
  const none = { "client-certificate": "none", "client-key": "none" };
  await get(await connect({ ...ours, "certificate-authority": "none" }, { ...user, ...none }));
  expect(server.seen[0]?.certified).toBe("system:node:n1");
});

test("an authority that changes on disk is trusted from the next request on", async () => {
  await start();
  writeFileSync(join(directory, "ca.crt"), vector("other-ca.crt"));
  const from = await connect({ "certificate-authority": "ca.crt" }, { token: "t" });
  expect(await failure(from)).toMatch(/certificate|signature/i);
  writeFileSync(join(directory, "ca.crt"), vector("ca.crt"));
  expect(await get(from)).toMatchObject({ metadata: { name: "n1" } });
});

test("a server may have the name that tls-server-name says, and no other", async () => {
  await start("elsewhere");
  await get(await connect({ ...ours, "tls-server-name": "elsewhere.example" }, { token: "t" }));
  expect(await failure(await connect({ ...ours, "tls-server-name": "other.example" }, { token: "t" }))).toMatch(
    /does not match certificate's altnames/,
  );
  expect(server.seen).toHaveLength(1);
});

test("the server is reached through proxy-url, and nobody between is told what is said", async () => {
  await start();
  const proxy = await ConnectProxy.start();
  const user = { "client-certificate-data": inline("client.crt"), "client-key-data": inline("client.key") };
  const from = await connect({ ...ours, "proxy-url": proxy.url }, user);
  await Promise.all([get(from), get(from)]);
  expect(server.seen.map(({ certified }) => certified)).toEqual(["system:node:n1", "system:node:n1"]);
  expect(new Set(proxy.asked)).toEqual(new Set([new URL(server.url).host]));
  proxy.refuses = true;
  expect(await failure(from)).toMatch(/403/);
  await proxy.stop();
  expect(await failure(from)).toMatch(/ECONNREFUSED/);
});

test("a proxy is asked for another connection when the certificate is another one", async () => {
  await start();
  const proxy = await ConnectProxy.start();
  writeFileSync(join(directory, "client.crt"), vector("server.crt")); // which is no client's
  writeFileSync(join(directory, "client.key"), vector("server.key"));
  const user = { "client-certificate": "client.crt", "client-key": "client.key" };
  const from = await connect({ ...ours, "proxy-url": proxy.url }, user);
  await get(from);
  writeFileSync(join(directory, "client.crt"), vector("client.crt"));
  writeFileSync(join(directory, "client.key"), vector("client.key"));
  await get(from);
  expect(server.seen.map(({ certified }) => certified)).toEqual([undefined, "system:node:n1"]);
  await proxy.stop();
});

test("a server that nobody shall check is spoken to only where the kubeconfig says so", async () => {
  await start("elsewhere");
  await get(await connect({ "insecure-skip-tls-verify": true }, { token: "t" }));
  expect(server.seen.map(({ token }) => token)).toEqual(["t"]);
});

test("a token that is renewed on disk is used from the next request on, over the kept connection", async () => {
  await start("server", { user: (token) => (token === "new" ? "linnet" : undefined) });
  writeFileSync(join(directory, "token"), "old\n");
  const from = await connect(ours, { tokenFile: "token" });
  await expect(get(from)).rejects.toMatchObject({ fault: { kind: "status", code: 401 } });
  writeFileSync(join(directory, "token"), "new\n");
  expect(await get(from)).toMatchObject({ metadata: { name: "n1" } });
});

test("a watch over TLS tells what happens", async () => {
  await start();
  const stop = new AbortController();
  const lines: string[] = [];
  const watching = (await connect(ours, { token: "t" })).watch(
    { method: "GET", path: "/api/v1/nodes", query: { watch: "true", resourceVersion: "0" } },
    30_000,
    stop.signal,
    (line) => {
      lines.push((JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name);
      if (lines.includes("n2")) stop.abort();
      return undefined;
    },
  );
  await server.until(({ watches }) => watches === 1);
  server.put(node("n2", 2));
  expect(await watching).toBeUndefined();
  expect(lines).toContain("n2");
});
