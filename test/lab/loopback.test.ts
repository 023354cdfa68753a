import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../support/lab/host.ts";
import { Lab } from "../support/lab/lab.ts";
import { LinnetProcess, type Manifest } from "../support/lab/linnet-process.ts";
import { stays, until } from "../support/lab/until.ts";

/**
 * Two nodes whose addresses are on their loopback interfaces and are routed to, as where each node has two uplinks: packets
 * leave by an interface with another address (ADR 0038).
 */
const nodes = {
  n1: { wire: "172.30.0.1", address: "192.0.2.1", block: "10.244.1.0/24" },
  n2: { wire: "172.30.0.2", address: "192.0.2.2", block: "10.244.2.0/24" },
} as const;
type Name = keyof typeof nodes;
const names = ["n1", "n2"] as const;
const other = { n1: "n2", n2: "n1" } as const;

let lab: Lab;
const hosts = {} as Record<Name, Host>;
const routers = {} as Record<Name, LinnetProcess>;

const objects = (configuration: object): Manifest[] => [
  ...names.map((name) => ({
    ...{ apiVersion: "v1", kind: "Node", metadata: { name }, spec: { podCIDRs: [nodes[name].block] } },
    status: { addresses: [{ type: "InternalIP", address: nodes[name].address }] },
  })),
  {
    ...{ apiVersion: "linnet.dev/v1alpha1", kind: "BGPConfiguration", metadata: { name: "default" } },
    spec: { timers: { connectRetryTime: "1s", idleHoldTime: "100ms" }, ...configuration },
  },
];

/** Is there a session, and the other's block in each kernel? */
async function joined(): Promise<boolean> {
  for (const name of names) {
    const states = [...(await routers[name].states()).values()];
    if (!states.includes("established")) return false;
    const routes = await hosts[name].routes(4, ["exact", nodes[other[name]].block]);
    if (routes.length === 0) return false;
  }
  return true;
}

async function start(configuration: object): Promise<void> {
  for (const name of names) routers[name].write(objects(configuration));
  await Promise.all(names.map((name) => routers[name].start()));
}

beforeAll(async () => {
  lab = await Lab.create("loopback");
  for (const name of names) {
    hosts[name] = await lab.host(name);
    await hosts[name].forward();
    routers[name] = LinnetProcess.ofManifests(hosts[name], name);
  }
  const [n1, n2] = names.map((name) => ({ host: hosts[name], device: "eth0", addresses: [`${nodes[name].wire}/24`] }));
  if (n1 && n2) await lab.cable(n1, n2);
  for (const name of names) {
    const { address, wire } = nodes[other[name]];
    await hosts[name].ip("address", "add", `${nodes[name].address}/32`, "dev", "lo");
    await hosts[name].ip("route", "add", `${address}/32`, "via", wire);
  }
});

afterAll(() => lab.close());

test("with addresses that the kernel chooses nodes do not know each other", async () => {
  await start({ meshSourceAddress: "Any" });
  await stays("no session comes up", 5, async () => !(await joined()));
  for (const name of names) expect(routers[name].daemon.log()).toContain("no such neighbour");
});

test.each([
  ["", {}],
  [" and listen at nothing else", { listenAddresses: ["NodeAddress"] }],
])("nodes that call from their own addresses%s are joined, over the routes to these addresses", async (_, more) => {
  for (const name of names) routers[name].write(objects(more));
  await until("the nodes are joined", 20, joined);
  for (const name of names) {
    const [route] = await hosts[name].routes(4, ["exact", nodes[other[name]].block]);
    expect(route).toMatchObject({ gateway: nodes[other[name]].wire });
  }
});
