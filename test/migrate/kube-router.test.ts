import { expect, test } from "vitest";
import { migrateKubeRouter } from "#migrate/kube-router.ts";
import { faultsOf, foreign, namesOf, specOf } from "./read.ts";

const daemonSet = (...args: string[]): object => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "kube-router", namespace: "kube-system" },
  spec: { template: { spec: { containers: [{ name: "kube-router", args }] } } },
});
const node = (name: string, annotations: Readonly<Record<string, string>>): object => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, annotations },
});
const migrate = (...objects: object[]) =>
  migrateKubeRouter(foreign(JSON.stringify({ apiVersion: "v1", kind: "List", items: objects })));

test("without flags: full mesh, CNI and masquerading, as kube-router has it", () => {
  expect(specOf(migrate(daemonSet()), "BGPConfiguration")).toEqual({
    nodeMesh: "Full",
    cni: { enabled: true },
    masquerade: { enabled: true },
    kernel: { setSysctls: true },
  });
});

test("ranges of addresses are blocks that are advertised; a flag may be given several times", () => {
  const migration = migrate(
    daemonSet(
      "--advertise-loadbalancer-ip",
      "--advertise-external-ip",
      "--advertise-cluster-ip",
      "--loadbalancer-ip-range=203.0.113.0/25",
      "--loadbalancer-ip-range=2001:db8::/64",
      "--service-external-ip-range=198.51.100.0/24,198.51.101.0/24",
    ),
  );
  expect(specOf(migration, "BGPConfiguration")).toMatchObject({
    serviceAdvertisements: [
      { addresses: ["ClusterIP"] },
      { addresses: ["ExternalIP"], cidrs: ["198.51.100.0/24", "198.51.101.0/24"] },
      { addresses: ["LoadBalancerIP"], cidrs: ["203.0.113.0/25", "2001:db8::/64"] },
    ],
  });
  expect(faultsOf(migration)).toEqual([]);
});

test("no sessions within an AS, and next hops of the node's own, where flags say so", () => {
  const migration = migrate(
    daemonSet("--enable-ibgp=false", "--override-nexthop", "--peer-router-ips=192.0.2.1", "--peer-router-asns=65000"),
  );
  expect(specOf(migration, "BGPConfiguration")).toMatchObject({ nodeMesh: "Disabled" });
  expect(specOf(migration, "BGPPeer", "router-192.0.2.1")).toMatchObject({ nextHop: "Self" });
});

test("one value that is none costs itself alone, not the configuration around it", () => {
  const flags = ["--cluster-asn=64513", "--bgp-port=many", "--bgp-holdtime=1s", "--enable-ibgp=false"];
  const migration = migrate(daemonSet(...flags, "--advertise-external-ip", "--service-external-ip-range=10.0.0.1/8"));
  expect(specOf(migration, "BGPConfiguration")).toEqual({
    asNumber: "64513",
    nodeMesh: "Disabled",
    cni: { enabled: true },
    masquerade: { enabled: true },
    kernel: { setSysctls: true },
  });
  expect(migration.remarks.filter((text) => text.startsWith("BGPConfiguration/default: "))).toEqual([
    expect.stringMatching(/spec\.listenPort: "many" .*; left out$/),
    expect.stringMatching(/spec\.serviceAdvertisements\[0\]\.cidrs\[0\]: .* host bits .*; left out$/),
    expect.stringMatching(/spec\.timers\.holdTime: .*; left out$/),
  ]);
  expect(faultsOf(migration)).toEqual([]);
});

test("flags of other programs do not count", () => {
  const proxy = { name: "kube-proxy", image: "registry.example/kube-proxy:v1.36.0", args: ["--cluster-asn=1"] };
  const spec = { template: { spec: { containers: [proxy] } } };
  const migration = migrate({ apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "kube-proxy" }, spec });
  expect(specOf(migration, "BGPConfiguration")).not.toHaveProperty("asNumber");
  expect(migration.remarks).toEqual([
    "no DaemonSet of kube-router is among the objects given: its defaults are assumed",
  ]);
});

test("flags: AS number, mesh, timers, Services, and routers of all nodes", () => {
  const migration = migrate(
    daemonSet(
      "--run-router=true",
      "--cluster-asn=64512",
      "--bgp-port=1790",
      "--nodes-full-mesh=false",
      "--bgp-holdtime=9s",
      "--bgp-graceful-restart",
      "--bgp-graceful-restart-time=60s",
      "--advertise-cluster-ip=true",
      "--advertise-loadbalancer-ip",
      "--enable-pod-egress=false",
      "--enable-overlay=true",
      "--peer-router-ips=192.0.2.1,2001:db8::1",
      "--peer-router-asns=65000,65001",
      "--peer-router-ports",
      "179,1790",
      "--peer-router-multihop-ttl=5",
      "--tomorrows-flag=1",
    ),
  );
  expect(specOf(migration, "BGPConfiguration")).toEqual({
    asNumber: "64512",
    listenPort: 1790,
    nodeMesh: "Full", // of each AS: kube-router joins no nodes of different ones either
    timers: { holdTime: "9s" },
    gracefulRestart: { enabled: true, restartTime: "60s" },
    serviceAdvertisements: [{ addresses: ["ClusterIP", "LoadBalancerIP"] }],
    cni: { enabled: true },
    kernel: { setSysctls: true },
  });
  expect(specOf(migration, "BGPPeer", "router-2001-db8-1")).toEqual({
    peerAddress: "2001:db8::1",
    port: 1790,
    asNumber: "65001",
    sourceAddress: "NodeAddress",
    ebgpMultihop: 5,
    advertise: ["PodCIDR", "Service"],
    importPolicies: ["kube-router-import"],
  });
  expect(namesOf(migration)).toContain("BGPPeer/router-192.0.2.1");
  const said = migration.remarks.join("\n");
  expect(said).toContain("DaemonSet/kube-router: --enable-overlay: there are no tunnels");
  expect(said).toContain("DaemonSet/kube-router: --tomorrows-flag: not known here, left out");
  expect(said).not.toContain("run-router");
  expect(faultsOf(migration)).toEqual([]);
});

test("annotations of Nodes: AS number, routers of one node, reflectors", () => {
  const migration = migrate(
    node("n1", {
      "kube-router.io/node.asn": "64601",
      "kube-router.io/peer.ips": "192.0.2.1",
      "kube-router.io/peer.asns": "65000",
      "kube-router.io/peer.passwords": "U2VjcmV0",
      "kube-router.io/peer.localips": "192.0.2.11",
      "kube-router.io/path-prepend.as": "64601",
      "kube-router.io/rr.server": "42",
    }),
    node("n2", { "kube-router.io/rr.client": "42", "kube-router.io/unheard-of": "x", "other.io/x": "y" }),
  );
  expect(migration.nodes).toEqual([
    { node: "n1", annotations: { "linnet.dev/as-number": "64601", "linnet.dev/reflector-cluster-id": "0.0.0.42" } },
  ]);
  expect(specOf(migration, "BGPConfiguration")).toMatchObject({
    nodeMesh: "Disabled",
    reflectors: [{ nodeSelector: { matchLabels: { "linnet.dev/reflector": "" } } }],
  });
  expect(specOf(migration, "BGPPeer", "n1-192.0.2.1")).toMatchObject({
    nodeSelector: { matchLabels: { "kubernetes.io/hostname": "n1" } },
    sourceAddress: "192.0.2.11",
  });
  const said = migration.remarks.join("\n");
  for (const what of [
    "Node/n1: path-prepend.as: a BGPPolicy",
    "Node/n1: the password of 192.0.2.1 stands in clear",
    "Node/n1: label it: kubectl label node n1 linnet.dev/reflector=",
    "Node/n2: unheard-of: not known here",
    "Node/n2: rr.client: every node",
  ])
    expect(said).toContain(what);
  expect(said).not.toContain("U2VjcmV0");
  expect(faultsOf(migration)).toEqual([]);
});

test("annotations of Services are named", () => {
  const annotations = { "kube-router.io/service.advertise.clusterip": "false", "kube-router.io/service.dsr": "tunnel" };
  const { remarks } = migrate(daemonSet(), {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop", annotations },
  });
  expect(remarks).toEqual([
    'Service/shop/web: kube-router.io/service.advertise.clusterip: the annotation linnet.dev/advertise: "false" keeps a Service out',
    "Service/shop/web: kube-router.io/service.dsr: no counterpart",
  ]);
});
