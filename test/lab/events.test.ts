import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../support/api-server/patch.ts";
import { ApiHost, kubeconfigOf } from "../support/lab/api-host.ts";
import type { Host } from "../support/lab/host.ts";
import { Lab } from "../support/lab/lab.ts";
import { LinnetProcess, type Manifest } from "../support/lab/linnet-process.ts";
import { stays, until } from "../support/lab/until.ts";

/** Two nodes that an API server tells what to do, and a router outside of the cluster that only n1 peers with. */
const addresses = { n1: "172.30.0.11", n2: "172.30.0.12", tor: "172.30.0.1", api: "172.30.0.100" } as const;
type Name = keyof typeof addresses;
const names = Object.keys(addresses) as Name[];
const timers = { connectRetryTime: "1s", idleHoldTime: "100ms" };

let lab: Lab;
let api: ApiHost;
const hosts = {} as Record<Name, Host>;
const routers = {} as Record<"n1" | "n2" | "tor", LinnetProcess>;

const ours = (kind: string, name: string, spec: object): Manifest => {
  return { apiVersion: "linnet.dev/v1alpha1", kind, metadata: { name }, spec };
};
const node = (name: string, address: string, podCIDRs: readonly string[], labels = {}): Manifest => ({
  ...{ apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec: { podCIDRs } },
  status: { addresses: [{ type: "InternalIP", address }] },
});

const clusterObjects = [
  node("n1", addresses.n1, ["10.244.1.0/24"], { border: "" }),
  node("n2", addresses.n2, ["10.244.2.0/24"]),
  ours("BGPConfiguration", "default", { timers }),
  ours("BGPPeer", "tor", {
    ...{ peerAddress: addresses.tor, asNumber: 65_000, timers, advertise: ["PodCIDR"] },
    nodeSelector: { matchLabels: { border: "" } },
  }),
];
const torObjects = [
  node("tor", addresses.tor, []),
  ours("BGPConfiguration", "default", { asNumber: 65_000, nodeMesh: "Disabled" }),
  ours("BGPPeer", "n1", { peerAddress: addresses.n1, asNumber: 64_512, timers }),
];

interface ApiEvent extends JsonObject {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
  readonly related?: { readonly kind: string; readonly name: string };
  readonly series?: { readonly count: number };
}

async function events(reason: string, kind: string, name: string): Promise<ApiEvent[]> {
  const { items } = await api.done("GET", "/apis/events.k8s.io/v1/namespaces/default/events");
  const all = items as readonly ApiEvent[];
  return all.filter(({ reason: is, regarding }) => is === reason && regarding.kind === kind && regarding.name === name);
}

/** Those about the session with the router. */
const ofTor = async (reason: string): Promise<ApiEvent[]> =>
  (await events(reason, "Node", "n1")).filter(({ related }) => related?.name === "tor");

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

async function condition(path: string, type: string): Promise<Condition | undefined> {
  const { status } = (await api.done("GET", path)) as { status?: { conditions?: (Condition & { type: string })[] } };
  return status?.conditions?.find((each) => each.type === type);
}
const unavailable = (name: string): Promise<Condition | undefined> =>
  condition(`/api/v1/nodes/${name}`, "NetworkUnavailable");

const peers = "/apis/linnet.dev/v1alpha1/bgppeers";
const accepted = (name: string): Promise<Condition | undefined> => condition(`${peers}/${name}`, "Accepted");

/** n1 has two sessions; the one with n2 stands all the time. */
async function torIs(state: "established" | "lost"): Promise<void> {
  const wanted = { established: 2, lost: 1 }[state];
  await until(`n1's session with the router is ${state}`, 20, async () => {
    const states = [...(await routers.n1.states()).values()];
    return states.filter((each) => each === "established").length === wanted && states.length === 2;
  });
}

beforeAll(async () => {
  lab = await Lab.create("events");
  for (const name of names) hosts[name] = await lab.host(name);
  const ports = names.map((name) => ({ host: hosts[name], device: "eth0", addresses: [`${addresses[name]}/24`] }));
  await lab.switch("wire", ports);
  api = await ApiHost.start(hosts.api, clusterObjects);
  for (const name of ["n1", "n2"] as const) {
    routers[name] = LinnetProcess.ofApiServer(hosts[name], name, kubeconfigOf(hosts[name], addresses.api));
  }
  routers.tor = LinnetProcess.ofManifests(hosts.tor, "tor");
  routers.tor.write(torObjects);
  await Promise.all(Object.values(routers).map((router) => router.start()));
});

afterAll(() => lab.close());

test("a node with its routes says so, and a session that came is told on it, by its BGPPeer", async () => {
  await torIs("established");
  for (const name of ["n1", "n2"]) {
    await until(`${name} is available`, 20, async () => (await unavailable(name))?.status === "False");
    expect(await unavailable(name)).toMatchObject({ reason: "RoutesInstalled" });
  }
  const [established] = await until("the session is told", 20, async () => {
    const told = await ofTor("BGPSessionEstablished");
    return told.length > 0 && told;
  });
  expect(established).toMatchObject({ type: "Normal", related: { kind: "BGPPeer", name: "tor" } });
  expect(await accepted("tor")).toMatchObject({ status: "True", reason: "Valid" });
});

test("a session that is lost again and again is one event, counted, with why", { timeout: 120_000 }, async () => {
  await torIs("established");
  for (let round = 0; round < 3; round++) {
    await routers.tor.daemon.end("SIGTERM");
    await torIs("lost");
    const seen = await until("the loss is told", 10, async () => (await ofTor("BGPSessionLost")).length);
    expect(seen).toBe(1);
    await routers.tor.start();
    await torIs("established");
  }
  for (const reason of ["BGPSessionLost", "BGPSessionEstablished"]) {
    await until(`${reason} is counted`, 60, async () => ((await ofTor(reason))[0]?.series?.count ?? 0) >= 3);
    expect(await ofTor(reason)).toHaveLength(1);
  }
  const [lost] = await ofTor("BGPSessionLost");
  expect(lost?.type).toBe("Warning");
  expect(lost?.note).toContain(addresses.tor);
  const { status } = await api.done("GET", "/apis/linnet.dev/v1alpha1/bgpnodestatuses/n1");
  expect(status).toMatchObject({ sessions: { configured: 2, established: 2 } });
});

test("an invalid object is told of once by all nodes together, and its condition says so until it is right", {
  timeout: 90_000,
}, async () => {
  const path = `${peers}/wrong`;
  await api.done("POST", peers, ours("BGPPeer", "wrong", { peerAddress: "nowhere", asNumber: 65_077 }));
  const told = (): Promise<ApiEvent[]> => events("InvalidObject", "BGPPeer", "wrong");
  await until("it is told", 20, async () => (await told()).length);
  expect((await told())[0]).toMatchObject({ type: "Warning", note: expect.stringContaining("spec.peerAddress") });
  expect(await until("the condition", 20, () => accepted("wrong"))).toMatchObject({
    ...{ status: "False", reason: "Invalid" },
    message: expect.stringContaining("spec.peerAddress"),
  });
  // The second node looks 30 s later, and finds the event there.
  await stays("one event tells it", 34, async () => (await told()).length === 1);
  await api.done("PATCH", path, { spec: { peerAddress: "172.30.0.77" } });
  await until("it is accepted", 20, async () => (await accepted("wrong"))?.status === "True");
  await api.done("DELETE", path);
});

test("what another object has already is a conflict, told on the later one; the earlier one stays in force", async () => {
  await api.done("POST", "/api/v1/nodes", node("n3", "172.30.0.13", ["10.244.2.0/24"]));
  const [told] = await until("it is told", 20, async () => {
    const all = await events("Conflict", "Node", "n3");
    return all.length > 0 && all;
  });
  expect(told).toMatchObject({ type: "Warning", note: expect.stringContaining("Node/n2") });
  expect(await routers.n1.birdc("show", "route", "10.244.2.0/24")).toContain(addresses.n2);
  await api.done("DELETE", "/api/v1/nodes/n3");
});

test("a node whose daemon stops is unavailable again, and nobody calls the session lost that it closed itself", async () => {
  const before = await ofTor("BGPSessionLost");
  await routers.n1.daemon.end("SIGTERM");
  expect(await unavailable("n1")).toMatchObject({ status: "True", reason: "DaemonStopped" });
  expect(await unavailable("n2")).toMatchObject({ status: "False" });
  expect(await ofTor("BGPSessionLost")).toEqual(before);
});
