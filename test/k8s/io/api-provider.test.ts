import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readDirectory } from "#config/directory.ts";
import type { ObjectSet } from "#config/objects.ts";
import { ApiProvider, type ApiState } from "#k8s/io/api-provider.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import { silentLog } from "#lib/log.ts";
import { configuration, heartbeat, node, peer, secret, service } from "../../support/api-server/cluster.ts";
import { ApiServer } from "../../support/api-server/server.ts";
import { failure } from "../../support/api-server/status.ts";
import { Inbox } from "../../support/inbox.ts";

let server: ApiServer;
let directory: string;
let states: Inbox<ApiState>;
/** Warnings. */
let log: Inbox<string>;
let provider: ApiProvider | undefined;

beforeEach(async () => {
  server = await new ApiServer().start();
  directory = mkdtempSync(join(tmpdir(), "linnet-"));
  states = new Inbox();
  log = new Inbox();
  server.put(node("n1", 1));
  server.put(node("n2", 2));
  server.put(configuration());
});

afterEach(async () => {
  await provider?.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

function start(defaults?: () => ObjectSet): ApiProvider {
  const kubeconfig = join(directory, "kubeconfig");
  const named = [
    ["contexts", "context", { cluster: "x", user: "x" }],
    ["clusters", "cluster", { server: server.url }],
    ["users", "user", { token: "t" }],
  ] as const;
  const config = Object.fromEntries(named.map(([list, what, value]) => [list, [{ name: "x", [what]: value }]]));
  writeFileSync(kubeconfig, JSON.stringify({ ...config, "current-context": "x" }));
  provider = new ApiProvider({
    kubeconfig,
    userAgent: "test",
    nodeName: "n1",
    cacheFile: join(directory, "cache.json"),
    clock: systemClock,
    log: { ...silentLog, warn: (line) => log.put(line) },
    ...(defaults && { defaults }),
    changed: states.put,
    failed: (text) => {
      throw new Error(text);
    },
  });
  return provider;
}

const names = (state: ApiState | undefined, kind: "Node" | "BGPPeer" | "Service" | "Secret"): string[] =>
  Array.from(state?.objects[kind].keys() ?? []).sort();
const asked = (plural: string): boolean => server.seen.some(({ path }) => path.endsWith(`/${plural}`));

test("the first state is whole: all kinds, and what configuration makes of interest", async () => {
  server.put(peer("tor", { password: { secretKeyRef: { namespace: "net", name: "bgp", key: "tor" } } }));
  server.put(secret("net", "bgp", { tor: "s3cret" }));
  start();
  await states.until((all) => all.length > 0);
  const [first] = states.all;
  expect(names(first, "Node")).toEqual(["n1", "n2"]);
  expect(names(first, "BGPPeer")).toEqual(["tor"]);
  expect(first?.objects.Secret.get("net/bgp")?.value.data).toEqual({ tor: "s3cret" });
  expect(asked("services")).toBe(false);
});

test("nothing is told while one kind is unknown", async () => {
  let refused = false;
  server.interfere = ({ path }) => {
    if (!path.endsWith("/bgppolicies") || refused) return undefined;
    refused = true;
    expect(states.all).toEqual([]);
    return failure(403, "Forbidden", "bgppolicies is forbidden");
  };
  start();
  await states.until((all) => all.length > 0);
  expect(refused).toBe(true);
});

test("a server that never answered is not said to leave anything known; one that was heard of leaves that", async () => {
  await server.stop();
  start();
  await log.until((lines) => lines.some((line) => line.includes("does not tell Node")));
  expect(log.all.find((line) => line.includes("does not tell Node"))).toMatch(/; it is waited for$/);
  await server.start();
  await states.until((all) => all.length > 0);
  await server.stop();
  await log.until((lines) => lines.some((line) => line.endsWith("; what is known of it stands")));
  await server.start();
});

test("Services are followed from when they are advertised, and forgotten when they no longer are", async () => {
  server.put(service("default", "web"));
  start();
  await states.until((all) => all.length > 0);
  server.put(configuration({ serviceAdvertisements: [{ addresses: ["ClusterIP"] }] }));
  await states.first((state) => names(state, "Service").length > 0);
  expect(asked("endpointslices")).toBe(true);
  states.clear();
  server.put(configuration());
  await states.first((state) => names(state, "Service").length === 0);
  await server.until(({ watches }) => watches === 4);
});

test("a Secret that may not be read holds nothing up", async () => {
  server.interfere = ({ path }) => (path.endsWith("/secrets") ? failure(403, "Forbidden", "no") : undefined);
  server.put(peer("tor", { password: { secretKeyRef: { namespace: "net", name: "bgp", key: "tor" } } }));
  start();
  await states.first((state) => names(state, "BGPPeer").length > 0);
});

test("heartbeats are not told", async () => {
  start();
  await states.until((all) => all.length > 0);
  await server.until(({ watches }) => watches === 4);
  const before = states.all.length;
  for (let second = 0; second < 100; second++) server.put(heartbeat(node("n2", 2), `${second}`));
  server.put(node("n3", 3));
  await states.first((state) => names(state, "Node").includes("n3"));
  expect(states.all.length).toBe(before + 1);
});

test("an object that becomes invalid is remarked, and its last valid state stands", async () => {
  start();
  await states.until((all) => all.length > 0);
  server.put(peer("tor", {}));
  await states.first((state) => names(state, "BGPPeer").length > 0);
  server.put(peer("tor", { asNumber: "many" }));
  const state = await states.first(({ remarks }) => remarks.length > 0);
  expect(state.remarks[0]?.object).toBe("BGPPeer/tor");
  expect(state.objects.BGPPeer.get("tor")?.value.spec.asNumber).toBe(64_500);
});

test("started while the server is away, the last objects are told from disk, and the difference when it is back", async () => {
  server.put(peer("tor", { password: { secretKeyRef: { namespace: "net", name: "bgp", key: "tor" } } }));
  server.put(secret("net", "bgp", { tor: "s3cret", other: "not ours" }));
  start();
  await states.until((all) => all.length > 0);
  await provider?.close();
  const cache = readFileSync(join(directory, "cache.json"), "utf8");
  expect(cache).not.toContain("other");
  await server.stop();
  states.clear();
  start();
  await states.until((all) => all.length > 0);
  expect(names(states.all[0], "Node")).toEqual(["n1", "n2"]);
  expect(names(states.all[0], "Secret")).toEqual(["net/bgp"]);
  server.put(node("n3", 3));
  server.remove("Node", "n2");
  await server.start();
  await states.first((state) => names(state, "Node").join() === "n1,n3");
  expect(names(states.all.at(-1), "BGPPeer")).toEqual(["tor"]);
});

test("objects get their condition, and only once", async () => {
  start();
  await server.until(({ seen }) => seen.some(({ method }) => method === "PATCH"));
  expect(server.get("BGPConfiguration", "default")?.status).toMatchObject({
    conditions: [{ type: "Accepted", status: "True", observedGeneration: 1 }],
  });
  server.put(peer("tor", { asNumber: "many" }));
  const invalid = ({ body }: { body: string }): boolean => body.includes("not in force");
  await server.until(({ seen }) => seen.some(invalid));
  expect(server.seen.filter(({ method }) => method === "PATCH").length).toBe(2);
});

test("writes are answered by what the server said", async () => {
  const { write } = { write: start().write.bind(provider) };
  const path = "/api/v1/nodes/n1/status";
  const body = { status: { conditions: [{ type: "NetworkUnavailable", status: "False" }] } };
  const contentType = "application/strategic-merge-patch+json";
  const request = { method: "PATCH", path, query: {}, contentType, body } as const;
  expect(await write(request)).toMatchObject({ ok: true, body: { metadata: { name: "n1" } } });
  expect(await write({ ...request, path: "/api/v1/nodes/n9/status" })).toMatchObject({
    ok: false,
    code: 404,
    retryable: false,
  });
});

test("defaults count until the server has an object of their kind and name, for what is followed as well", async () => {
  const text = `apiVersion: linnet.dev/v1alpha1
kind: BGPPeer
metadata: {name: tor}
spec: {peerAddress: 192.0.2.1, asNumber: 65000, password: {secretKeyRef: {namespace: net, name: bgp, key: tor}}}
`;
  const { objects } = readDirectory([{ path: "defaults.yaml", text }]);
  server.put(secret("net", "bgp", { tor: "s3cret" }));
  start(() => objects);
  await states.until((all) => all.length > 0);
  const [first] = states.all;
  expect(first?.objects.BGPPeer.get("tor")?.value.spec.asNumber).toBe(65_000);
  expect(first?.objects.Secret.get("net/bgp")?.value.data).toEqual({ tor: "s3cret" });
  server.put(peer("tor", { asNumber: 65_001 }));
  await states.until((all) => all.at(-1)?.objects.BGPPeer.get("tor")?.value.spec.asNumber === 65_001);
});
