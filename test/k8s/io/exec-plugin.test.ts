import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { apiAccess } from "#k8s/io/api-access.ts";
import { ApiClient, type ApiError } from "#k8s/io/api-client.ts";
import { ApiProvider } from "#k8s/io/api-provider.ts";
import { Followers } from "#k8s/io/followers.ts";
import { KubeconfigAccess } from "#k8s/io/kubeconfig-access.ts";
import type { FromWorker } from "#k8s/messages.ts";
import { always, type Resource } from "#k8s/resources.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import { silentLog } from "#lib/log.ts";
import { node } from "../../support/api-server/cluster.ts";
import { ApiServer, type ApiServerOptions } from "../../support/api-server/server.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { Inbox } from "../../support/inbox.ts";

/**
 * A plugin that prints what `credential` has, or fails with what `fault` has; notes what it was told in `runs`. Where there
 * is a pipe `gate`, it waits for somebody to open it.
 */
const PLUGIN = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$KUBERNETES_EXEC_INFO" >> runs
if [ -e gate ]; then read line < gate; fi
if [ -e fault ]; then cat fault >&2; exit 1; fi
cat credential
`;
const PAST = "2026-01-01T00:00:00Z";
const FUTURE = "2126-01-01T00:00:00Z";
const vector = (name: string): string => readFileSync(join(import.meta.dirname, "../../vectors/tls", name), "utf8");
const nodes = always.find(({ id }) => id === "Node") as Resource;

let directory: string;
let server: ApiServer;
let client: ApiClient | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "linnet-"));
  writeFileSync(path("login"), PLUGIN, { mode: 0o755 });
  await start();
});
afterEach(async () => {
  client?.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

const path = (name: string): string => join(directory, name);
const runs = (): string[] => (existsSync(path("runs")) ? readFileSync(path("runs"), "utf8").trim().split("\n") : []);
const give = (status: object): void => {
  const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status };
  writeFileSync(path("credential"), JSON.stringify(credential));
};

async function start(options: ApiServerOptions = {}): Promise<void> {
  server = await new ApiServer(options).start();
  server.put(node("n1", 1));
}

function kubeconfig(exec: object = {}, cluster: object = {}): string {
  const config = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster: { server: server.url, ...cluster } }],
    users: [{ name: "u", user: { exec: { command: "./login", args: null, env: null, ...exec } } }],
  };
  writeFileSync(path("kubeconfig"), JSON.stringify(config));
  return path("kubeconfig");
}

async function connect(file: string): Promise<ApiClient> {
  client = new ApiClient(await apiAccess(file, {}), "test");
  return client;
}

const get = (from: ApiClient): Promise<unknown> => from.request({ method: "GET", path: "/api/v1/nodes/n1" });
const tokens = (): (string | undefined)[] => server.seen.map(({ token }) => token);
const refusal = (exec: object = {}): Promise<string> =>
  apiAccess(kubeconfig(exec), {}).then(
    () => "none",
    (error: Error) => error.message,
  );

test("the token of a plugin is used as long as it lasts, and the plugin runs once for all requests", async () => {
  give({ token: "first", expirationTimestamp: FUTURE });
  const from = await connect(kubeconfig());
  give({ token: "second" });
  await Promise.all([get(from), get(from)]);
  expect([tokens(), runs().length]).toEqual([["first", "first"], 1]);
});

test("a token that expired is fetched anew, once for the requests that wait for it", async () => {
  give({ token: "first", expirationTimestamp: PAST });
  const from = await connect(kubeconfig());
  give({ token: "second", expirationTimestamp: FUTURE });
  await Promise.all([get(from), get(from)]);
  expect([tokens(), runs().length]).toEqual([["second", "second"], 2]);
});

test("a token that the server does not know is fetched anew for the next request, though it did not expire", async () => {
  await server.stop();
  await start({ user: (token) => (token === "new" ? "linnet" : undefined) });
  give({ token: "old", expirationTimestamp: FUTURE });
  const from = await connect(kubeconfig());
  give({ token: "new" });
  await expect(get(from)).rejects.toMatchObject({ fault: { kind: "status", code: 401 } });
  expect(await get(from)).toMatchObject({ metadata: { name: "n1" } });
  expect(runs()).toHaveLength(2);
});

test("a plugin may give a client's certificate, and another one when that expired", async () => {
  await server.stop();
  const tls = { key: vector("server.key"), cert: vector("server.crt"), ca: vector("ca.crt") };
  await start({ tls: { ...tls, requestCert: true, rejectUnauthorized: false } });
  const certified = (name: string, expirationTimestamp: string): object => ({
    clientCertificateData: vector(`${name}.crt`),
    clientKeyData: vector(`${name}.key`),
    expirationTimestamp,
  });
  give(certified("server", PAST)); // which is no client's
  const from = await connect(kubeconfig({}, { "certificate-authority-data": btoa(vector("ca.crt")) }));
  await get(from);
  give(certified("client", FUTURE));
  await get(from);
  await get(from);
  expect(server.seen.map((each) => each.certified)).toEqual([undefined, "system:node:n1", "system:node:n1"]);
});

test("a plugin is told what its contract promises, and its own environment", async () => {
  give({ token: "t" });
  const authority = { "certificate-authority": "ca.crt", "tls-server-name": "kubernetes" };
  writeFileSync(path("ca.crt"), "an authority");
  const version = "client.authentication.k8s.io/v1beta1";
  await connect(kubeconfig({ apiVersion: version, provideClusterInfo: true }, authority));
  writeFileSync(path("login"), PLUGIN.replace("KUBERNETES_EXEC_INFO", "REGION"));
  await connect(kubeconfig({ env: [{ name: "REGION", value: "eu" }] }));
  const [info = "", region] = runs();
  expect(JSON.parse(info)).toEqual({
    apiVersion: version,
    kind: "ExecCredential",
    spec: {
      interactive: false,
      cluster: {
        server: server.url,
        "certificate-authority-data": btoa("an authority"),
        "tls-server-name": "kubernetes",
        "insecure-skip-tls-verify": true, // plain HTTP
      },
    },
  });
  expect(region).toBe("eu");
});

test("a plugin that is not there, or cannot be run, is named", async () => {
  const of = `${path("kubeconfig")}: user u: exec`;
  expect(await refusal({ command: "linnet-none" })).toBe(`${of} linnet-none is not installed`);
  const installHint = "get it\nfrom here\n";
  expect(await refusal({ command: "./x", installHint })).toBe(`${of} ${path("x")} is not installed: get it from here`);
  writeFileSync(path("x"), "", { mode: 0o644 });
  expect(await refusal({ command: "./x" })).toBe(`${of} ${path("x")} cannot be run: permission denied`);
});

test.each([
  ["fault", "log in\nfirst\n", "failed: log in first"],
  ["fault", "", "failed: it said nothing"],
  ["credential", "token", /printed no JSON: .*token/],
  ["credential", "{}", "printed no ExecCredential with a status"],
  ["credential", "null", "failed: it gave neither a token nor a certificate"],
  ["credential", '{"status":{}}', "failed: it gave neither a token nor a certificate"],
])("a plugin whose %s is %j: what it said is told in one line", async (file, text, said) => {
  writeFileSync(path(file), text);
  const told = await refusal();
  expect(told).toMatch(said);
  expect(told).toContain(`${path("kubeconfig")}: user u: exec ${path("login")} `);
  expect(told).not.toContain("\n");
});

test("a plugin that fails later is a fault of the connection, and asked again", async () => {
  give({ token: "t", expirationTimestamp: PAST });
  const from = await connect(kubeconfig());
  writeFileSync(path("fault"), "no network");
  const error: unknown = await get(from).catch((thrown: unknown) => thrown);
  expect((error as ApiError).fault).toMatchObject({ kind: "connection", text: expect.stringMatching(/no network$/) });
  rmSync(path("fault"));
  await get(from);
  expect(tokens()).toEqual(["t"]);
});

test("who follows objects is told once that a plugin fails, however often it is tried, and when it is over", async () => {
  give({ token: "t", expirationTimestamp: PAST });
  const [clock, inbox] = [new FakeClock(), new Inbox<FromWorker>()];
  const followers = new Followers(await connect(kubeconfig()), clock, inbox.put);
  writeFileSync(path("fault"), "no network");
  followers.follow([nodes]);
  await tries(clock, 4);
  rmSync(path("fault"));
  await tries(clock, 5);
  await inbox.first((message) => message.is === "synced");
  const outages = inbox.all.flatMap((message) => (message.is === "outage" ? [message.text] : []));
  expect(outages).toEqual([expect.stringMatching(/login failed: no network$/), undefined]);
  followers.follow([]);
});

/** Lets the waits between tries pass until the plugin ran so often. */
async function tries(clock: FakeClock, times: number): Promise<void> {
  while (runs().length < times) {
    clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("nobody waits for ever for a plugin, which is not run again meanwhile; what it gives at last is used", async () => {
  give({ token: "t", expirationTimestamp: PAST });
  const clock = new FakeClock();
  const access = await KubeconfigAccess.open([kubeconfig()], clock);
  execFileSync("mkfifo", [path("gate")]);
  const [first, second] = [access.authorise(), access.authorise()];
  const impatient = expect(Promise.all([first, second])).rejects.toThrow("user u: no credentials within 120 seconds");
  clock.advance(120_000);
  await impatient;
  const third = access.authorise();
  writeFileSync(path("gate"), "\n");
  expect((await third).headers).toEqual({ authorization: "Bearer t" });
  expect([runs().length, clock.pending]).toEqual([2, 0]);
});

test("the worker ends when it is told to, even while a plugin runs", async () => {
  execFileSync("mkfifo", [path("gate")]);
  const provider = new ApiProvider({
    kubeconfig: kubeconfig(),
    userAgent: "test",
    nodeName: "n1",
    cacheFile: undefined,
    clock: systemClock,
    log: silentLog,
    changed: () => {},
    failed: (text) => {
      throw new Error(text);
    },
  });
  while (runs().length === 0) await new Promise((resolve) => setImmediate(resolve));
  await provider.close();
  writeFileSync(path("gate"), "\n");
});
