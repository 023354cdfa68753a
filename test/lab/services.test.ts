import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Agent } from "../support/lab/agent.ts";
import type { Host } from "../support/lab/host.ts";
import { Lab } from "../support/lab/lab.ts";
import { LinnetProcess, type Manifest } from "../support/lab/linnet-process.ts";
import { until } from "../support/lab/until.ts";

/** Two nodes and a router outside of the cluster, on one wire. The Service's only pod is on n2. */
const addresses = { n1: "172.30.0.11", n2: "172.30.0.12", tor: "172.30.0.1" } as const;
const pod = "10.244.2.10";
/** Of a load balancer: told as a block with its neighbours. Of the cluster: told alone. */
const [external, block, cluster] = ["203.0.113.5", "203.0.113.0/28", "10.96.0.10"];
const vips = [external, cluster];
type Name = keyof typeof addresses;

let lab: Lab;
const hosts = {} as Record<Name, Host>;
const routers = {} as Record<Name, LinnetProcess>;
const agents = {} as Record<Name, Agent>;

const ours = (kind: string, name: string, spec: object): Manifest => {
  return { apiVersion: "linnet.dev/v1alpha1", kind, metadata: { name }, spec };
};
const node = (name: Name, podCIDRs: readonly string[]): Manifest => ({
  ...{ apiVersion: "v1", kind: "Node", metadata: { name }, spec: { podCIDRs } },
  status: { addresses: [{ type: "InternalIP", address: addresses[name] }] },
});
const timers = { connectRetryTime: "1s", idleHoldTime: "100ms" };

interface ServiceState {
  readonly policy: "Cluster" | "Local";
  readonly ready: boolean;
}

const clusterObjects = ({ policy, ready }: ServiceState): Manifest[] => [
  node("n1", ["10.244.1.0/24"]),
  node("n2", ["10.244.2.0/24"]),
  ours("BGPConfiguration", "default", {
    timers,
    serviceAdvertisements: [
      { addresses: ["LoadBalancerIP"], aggregationLength: { ipv4: 28 } },
      { addresses: ["ClusterIP"] },
    ],
  }),
  ours("BGPPeer", "tor", { peerAddress: addresses.tor, asNumber: 65_000, timers, advertise: ["Service"] }),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: { type: "LoadBalancer", clusterIPs: [cluster], externalTrafficPolicy: policy },
    status: { loadBalancer: { ingress: [{ ip: external }] } },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "web-1", namespace: "shop", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ nodeName: "n2", addresses: [pod], conditions: { ready } }],
  },
];

const torObjects = [
  node("tor", []),
  ours("BGPConfiguration", "default", { asNumber: 65_000, nodeMesh: "Disabled", kernel: { maxPaths: 8 } }),
  ours("BGPPolicy", "everything", { statements: [{ action: "Accept" }] }),
  ...(["n1", "n2"] as const).map((name) =>
    ours("BGPPeer", name, {
      ...{ peerAddress: addresses[name], asNumber: 64_512, timers },
      importPolicies: ["everything"],
    }),
  ),
];

/** What kube-proxy does for the Service: addresses become the pod's, of packets that come in and of the node's own. */
const proxyRules = `
table ip proxy {
  chain services {
    ip daddr { ${vips.join(", ")} } dnat to ${pod}
  }
  chain in {
    type nat hook prerouting priority -100
    jump services
  }
  chain own {
    type nat hook output priority -100
    jump services
  }
  chain out {
    type nat hook postrouting priority 100
    ct status dnat masquerade
  }
}`;

const put = (state: ServiceState): void => {
  for (const name of ["n1", "n2"] as const) routers[name].write(clusterObjects(state));
};

/** Gateways of the router's kernel route to `prefix`. */
async function ways(prefix: string): Promise<string[]> {
  const routes = await hosts.tor.routes(4, ["exact", prefix]);
  return routes
    .flatMap(({ gateway, nexthops = [] }) => [gateway, ...nexthops.map((hop) => hop.gateway)])
    .flatMap((gateway) => gateway ?? []);
}

async function waysAre(prefix: string, names: readonly Name[]): Promise<void> {
  const wanted = names.map((name) => addresses[name]).join();
  await until(`the router's ways to ${prefix} are ${wanted || "none"}`, 20, async () => {
    return (await ways(prefix)).sort().join() === wanted;
  });
}

beforeAll(async () => {
  lab = await Lab.create("services");
  for (const name of ["n1", "n2", "tor"] as const) {
    hosts[name] = await lab.host(name);
    await hosts[name].forward();
  }
  const ports = Object.entries(hosts).map(([name, host]) => {
    return { host, device: "eth0", addresses: [`${addresses[name as Name]}/24`] };
  });
  await lab.switch("wire", ports);
  for (const name of ["n1", "n2"] as const) {
    await hosts[name].ip("route", "add", "default", "via", addresses.tor);
    await hosts[name].run(["nft", "-f", "-"], { input: proxyRules });
  }
  await hosts.n2.ip("address", "add", `${pod}/32`, "dev", "lo");
  for (const name of ["n1", "n2", "tor"] as const) {
    routers[name] = LinnetProcess.ofManifests(hosts[name], name);
    agents[name] = await Agent.start(hosts[name]);
  }
  put({ policy: "Cluster", ready: true });
  routers.tor.write(torObjects);
  await Promise.all(Object.values(routers).map((router) => router.start()));
  await until("n1 knows the way to n2's pods", 20, async () => {
    return (await hosts.n1.routes(4, ["exact", "10.244.2.0/24"])).length > 0;
  });
});

afterAll(() => lab.close());

beforeEach(async () => {
  put({ policy: "Cluster", ready: true });
  for (const prefix of [block, `${cluster}/32`]) await waysAre(prefix, ["n1", "n2"]);
});

test("an advertised address is reached from outside, from a node without the pod, and from the node with it", async () => {
  for (const [name, agent] of Object.entries(agents)) {
    for (const vip of vips) expect(await agent.connect(vip), `${name} to ${vip}`).toHaveProperty("seenFrom");
  }
});

test("an external address goes out where its pod is while the policy is Local, and alone: nobody else's block", async () => {
  put({ policy: "Local", ready: true });
  await waysAre(`${external}/32`, ["n2"]);
  await waysAre(block, []);
  await waysAre(`${cluster}/32`, ["n1", "n2"]);
  for (const name of ["tor", "n1", "n2"] as const)
    expect(await agents[name].connect(external), name).toHaveProperty("seenFrom");
});

test("with the last ready endpoint the addresses go", async () => {
  put({ policy: "Cluster", ready: false });
  for (const prefix of [block, `${cluster}/32`]) await waysAre(prefix, []);
});
