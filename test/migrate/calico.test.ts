import { expect, test } from "vitest";
import { migrateCalico } from "#migrate/calico.ts";
import { manifestOf } from "../../src/cli/migrate.ts";
import { faultsOf, foreign, namesOf, specOf } from "./read.ts";

const object = (kind: string, name: string, spec: object): object => ({
  apiVersion: "crd.projectcalico.org/v1",
  kind,
  metadata: { name, annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" } },
  spec,
});
const migrate = (...objects: object[]) =>
  migrateCalico(foreign(JSON.stringify({ apiVersion: "v1", kind: "List", items: objects })));

test("without any object: a full mesh of AS 64512, as Calico has it", () => {
  const migration = migrate();
  expect(namesOf(migration)).toEqual(["BGPConfiguration/default"]);
  expect(specOf(migration, "BGPConfiguration")).toMatchObject({ asNumber: 64_512, nodeMesh: "Full" });
  expect(faultsOf(migration)).toEqual([]);
});

test("objects that two API groups hold are taken once", () => {
  const tor = object("BGPPeer", "tor", { peerIP: "192.0.2.1", asNumber: 64_601 });
  const migration = migrate(tor, { ...tor, apiVersion: "projectcalico.org/v3" });
  expect(namesOf(migration).filter((name) => name === "BGPPeer/tor")).toEqual(["BGPPeer/tor"]);
});

test("that nothing of Calico was found is said: what is printed are its defaults", () => {
  const nothing = "no BGPConfiguration or BGPPeer of Calico is among the objects given: its defaults are assumed";
  expect(migrate().remarks).toEqual([nothing]);
  expect(migrate(object("BGPConfiguration", "default", {})).remarks).toEqual([]);
});

test("the configuration: AS number, mesh, restart, password, Services by block length", () => {
  const migration = migrate(
    object("BGPConfiguration", "default", {
      asNumber: 64_600,
      listenPort: 178,
      nodeToNodeMeshEnabled: false,
      nodeMeshMaxRestartTime: "90s",
      nodeMeshPassword: { secretKeyRef: { name: "mesh", key: "pw" } },
      serviceClusterIPs: [{ cidr: "10.96.0.0/16" }, { cidr: "fd00:96::/112" }],
      serviceLoadBalancerIPs: [{ cidr: "203.0.113.0/25" }, { cidr: "203.0.113.128/25" }],
    }),
  );
  expect(specOf(migration, "BGPConfiguration")).toMatchObject({
    asNumber: 64_600,
    listenPort: 178,
    nodeMesh: "Disabled",
    gracefulRestart: { restartTime: "90s" },
    meshPassword: { secretKeyRef: { name: "mesh", key: "pw" } },
    serviceAdvertisements: [
      { addresses: ["ClusterIP"], cidrs: ["10.96.0.0/16"], aggregationLength: { ipv4: 16 } },
      { addresses: ["ClusterIP"], cidrs: ["fd00:96::/112"], aggregationLength: { ipv6: 112 } },
      { addresses: ["LoadBalancerIP"], cidrs: ["203.0.113.0/25"], aggregationLength: { ipv4: 25 } },
      { addresses: ["LoadBalancerIP"], cidrs: ["203.0.113.128/25"], aggregationLength: { ipv4: 25 } },
    ],
  });
  expect(faultsOf(migration)).toEqual([]);
});

test("load balancer addresses one by one, where that is wanted; any block is as wide as can be said", () => {
  const migration = migrate(
    object("BGPConfiguration", "default", {
      serviceLoadBalancerAggregation: "Disabled",
      serviceLoadBalancerIPs: [{ cidr: "203.0.113.0/25" }],
      serviceExternalIPs: [{ cidr: "0.0.0.0/0" }, { cidr: "198.51.100.7/24" }, { cidr: "many" }],
    }),
  );
  expect(specOf(migration, "BGPConfiguration")).toMatchObject({
    serviceAdvertisements: [
      { addresses: ["ExternalIP"], cidrs: ["0.0.0.0/0"] },
      { addresses: ["ExternalIP"], cidrs: ["198.51.100.0/24"], aggregationLength: { ipv4: 24 } },
      { addresses: ["LoadBalancerIP"], cidrs: ["203.0.113.0/25"] },
    ],
  });
  expect(JSON.stringify(specOf(migration, "BGPConfiguration"))).not.toContain('"ipv4":25');
  expect(migration.remarks).toContain(
    'BGPConfiguration/default: spec.serviceExternalIPs[2].cidr: "many" is no CIDR, left out',
  );
  expect(faultsOf(migration)).toEqual([]);
});

test.each<[string, object, object]>([
  ["Calico calls routers from the node's address", {}, { sourceAddress: "NodeAddress" }],
  ["also where it is said", { sourceAddress: "UseNodeIP" }, { sourceAddress: "NodeAddress" }],
])("%s", (_, fields, expected) => {
  const made = migrate(object("BGPPeer", "tor", { peerIP: "192.0.2.1", asNumber: 64_601, ...fields }));
  expect(specOf(made, "BGPPeer", "tor")).toMatchObject(expected);
});

test("sourceAddress None leaves it to the kernel, between nodes too; bindMode NodeIP listens at the node's address", () => {
  const made = migrate(
    object("BGPConfiguration", "default", { bindMode: "NodeIP" }),
    object("BGPPeer", "tor", { peerIP: "192.0.2.1", asNumber: 64_601, sourceAddress: "None" }),
    object("BGPPeer", "nodes", { peerSelector: "all()", sourceAddress: "None" }),
  );
  expect(specOf(made, "BGPPeer", "tor")).not.toHaveProperty("sourceAddress");
  expect(specOf(made, "BGPPeer", "nodes")).toMatchObject({ sourceAddress: "Any" });
  expect(specOf(made, "BGPConfiguration")).toMatchObject({ listenAddresses: ["NodeAddress"] });
  expect(faultsOf(made)).toEqual([]);
});

test("a router: address with port, selector, GTSM, filters; what Calico does unasked is said", () => {
  const migration = migrate(
    object("BGPPeer", "tor", {
      peerIP: "[2001:db8::1]:1790",
      asNumber: "64601",
      nodeSelector: "rack == 'r1' && role in {'a', 'b'} && !has(edge)",
      ttlSecurity: 1,
      numAllowedLocalASNumbers: 2,
      keepOriginalNextHop: true,
      maxRestartTime: "60s",
      filters: ["f"],
    }),
    object("BGPFilter", "f", { importV6: [{ action: "Accept", matchOperator: "In", cidr: "2001:db8::/32" }] }),
  );
  expect(specOf(migration, "BGPPeer", "tor")).toEqual({
    nodeSelector: {
      matchLabels: { rack: "r1" },
      matchExpressions: [
        { key: "role", operator: "In", values: ["a", "b"] },
        { key: "edge", operator: "DoesNotExist" },
      ],
    },
    peerAddress: "2001:db8::1",
    port: 1790,
    asNumber: "64601",
    gracefulRestart: { restartTime: "60s" },
    ttlSecurity: 1,
    allowOwnAs: 2,
    sourceAddress: "NodeAddress",
    nextHop: "Unchanged",
    importPolicies: ["f-import", "calico-import"],
    exportPolicies: ["f-export", "calico-export"],
  });
  expect(specOf(migration, "BGPPolicy", "calico-export")).toEqual({
    statements: [{ match: { origins: ["PodCIDR"] }, action: "Accept" }],
  });
  expect(faultsOf(migration)).toEqual([]);
});

test("a router without filters is told own prefixes, with Services where they are advertised", () => {
  const services = object("BGPConfiguration", "default", { serviceExternalIPs: [{ cidr: "203.0.113.0/24" }] });
  const peer = object("BGPPeer", "tor", { peerIP: "192.0.2.1", asNumber: 64_601 });
  expect(specOf(migrate(peer), "BGPPeer", "tor")).toMatchObject({
    advertise: ["PodCIDR"],
    importPolicies: ["calico-import"],
  });
  expect(specOf(migrate(peer, services), "BGPPeer", "tor")).toMatchObject({ advertise: ["PodCIDR", "Service"] });
});

test("nodes as neighbours of nodes: reflectors", () => {
  const migration = migrate(
    object("BGPPeer", "to-reflectors", { nodeSelector: "all()", peerSelector: "has(route-reflector)" }),
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "r1",
        annotations: {
          "projectcalico.org/IPv4Address": "192.0.2.11/24",
          "projectcalico.org/RouteReflectorClusterID": "244.0.0.1",
          "projectcalico.org/IPv4IPIPTunnelAddr": "10.244.0.1",
        },
      },
    },
  );
  expect(specOf(migration, "BGPPeer", "to-reflectors")).toEqual({
    nodeSelector: {},
    peerSelector: { matchExpressions: [{ key: "route-reflector", operator: "Exists" }] },
  });
  expect(migration.nodes).toEqual([
    {
      node: "r1",
      annotations: { "linnet.dev/ipv4-address": "192.0.2.11/24", "linnet.dev/reflector-cluster-id": "244.0.0.1" },
    },
  ]);
  expect(manifestOf(migration)).toContain("# kubectl annotate node r1 linnet.dev/ipv4-address=192.0.2.11/24 ");
  expect(faultsOf(migration)).toEqual([]);
});

test("filters rule by rule, in both directions and families", () => {
  const migration = migrate(
    object("BGPFilter", "mixed", {
      exportV4: [
        {
          action: "Accept",
          matchOperator: "In",
          cidr: "10.0.0.0/8",
          prefixLength: { min: 16, max: 24 },
          source: "RemotePeers",
        },
        { action: "Reject", matchOperator: "Equal", cidr: "172.16.0.0/12" },
        { action: "Accept", matchOperator: "NotIn", cidr: "192.0.0.0/2" },
        { action: "Reject", matchOperator: "NotIn", cidr: "192.0.0.0/8", prefixLength: { min: 9 } },
      ],
      importV6: [{ action: "Reject", matchOperator: "NotEqual", cidr: "8000::/1" }],
    }),
  );
  expect(specOf(migration, "BGPPolicy", "mixed-export")).toEqual({
    statements: [
      {
        match: { prefixes: [{ cidr: "10.0.0.0/8", ge: 16, le: 24 }], neighborKinds: ["External", "Internal"] },
        action: "Accept",
      },
      { match: { prefixes: [{ cidr: "172.16.0.0/12" }] }, action: "Reject" },
      {
        match: {
          prefixes: [
            { cidr: "0.0.0.0/0" },
            { cidr: "0.0.0.0/1", le: 32 },
            { cidr: "128.0.0.0/1" },
            { cidr: "128.0.0.0/2", le: 32 },
          ],
        },
        action: "Accept",
      },
    ],
  });
  expect(specOf(migration, "BGPPolicy", "mixed-import")).toEqual({
    statements: [
      {
        match: { prefixes: [{ cidr: "::/0" }, { cidr: "::/1", le: 128 }, { cidr: "8000::/1", ge: 2, le: 128 }] },
        action: "Reject",
      },
    ],
  });
  expect(migration.remarks).toContain(
    "BGPFilter/mixed: spec.exportV4[3].matchOperator: NotIn has no counterpart here; this Reject is left out",
  );
  expect(faultsOf(migration)).toEqual([]);
});

test("a filter's rule about communities or kinds of neighbours keeps its conditions, and what it does to routes", () => {
  const migration = migrate(
    object("BGPFilter", "marks", {
      importV4: [
        { action: "Accept", communities: { values: ["64600:1"] }, peerType: "eBGP" },
        { action: "Reject", communities: { values: ["64600:1:2"] } },
        { action: "Reject", peerType: "iBGP", matchOperator: "In", cidr: "10.0.0.0/8" },
      ],
      exportV4: [
        {
          ...{ action: "Accept", matchOperator: "In", cidr: "10.0.0.0/8" },
          operations: [
            { addCommunity: { value: "64600:7" } },
            { addCommunity: { value: "64600:7:8" } },
            { prependASPath: { prefix: [64_600] } },
            { setPriority: { value: 5 } },
          ],
        },
      ],
    }),
  );
  const every = [{ cidr: "0.0.0.0/0", le: 32 }];
  expect(specOf(migration, "BGPPolicy", "marks-import")).toEqual({
    statements: [
      { match: { prefixes: every, communities: ["64600:1"], neighborKinds: ["External"] }, action: "Accept" },
      { match: { prefixes: every, largeCommunities: ["64600:1:2"] }, action: "Reject" },
      { match: { prefixes: [{ cidr: "10.0.0.0/8", le: 32 }], neighborKinds: ["Internal"] }, action: "Reject" },
    ],
  });
  expect(specOf(migration, "BGPPolicy", "marks-export")).toEqual({
    statements: [
      {
        match: { prefixes: [{ cidr: "10.0.0.0/8", le: 32 }] },
        set: { addCommunities: ["64600:7"], addLargeCommunities: ["64600:7:8"] },
        action: "Accept",
      },
    ],
  });
  const said = migration.remarks.join("\n");
  expect(said).toContain("spec.exportV4[0].operations[2].prependASPath: set.prepend prepends the local AS number");
  expect(said).toContain("spec.exportV4[0].operations[3].setPriority:");
  expect(faultsOf(migration)).toEqual([]);
});

test.each([
  ["interface", { interface: "eth0" }],
  ["asPathPrefix", { asPathPrefix: [65_000] }],
  ["priority", { priority: 7 }],
  ["peerType", { peerType: "eBGP" }],
])("a rule with a condition that cannot be said (%s) is left out, not made wider", (field, condition) => {
  const migration = migrate(
    object("BGPFilter", "f", { exportV4: [{ action: "Accept", ...condition }, { action: "Reject" }] }),
  );
  expect(specOf(migration, "BGPPolicy", "f-export")).toEqual({
    statements: [{ match: { prefixes: [{ cidr: "0.0.0.0/0", le: 32 }] }, action: "Reject" }],
  });
  expect(migration.remarks.join("\n")).toContain(`BGPFilter/f: spec.exportV4[0].${field}: `);
  expect(migration.remarks).toContain("BGPFilter/f: spec.exportV4[0]: this Accept is left out");
});

test("communities of blocks are a policy that every router's session asks", () => {
  const migration = migrate(
    object("BGPConfiguration", "default", {
      communities: [{ name: "pods", value: "64600:300:1" }],
      prefixAdvertisements: [{ cidr: "10.244.0.0/16", communities: ["pods", "64600:120"] }],
    }),
    object("BGPPeer", "tor", { peerIP: "192.0.2.1", asNumber: 64_601 }),
  );
  expect(specOf(migration, "BGPPolicy", "calico-communities")).toEqual({
    statements: [
      {
        match: { prefixes: [{ cidr: "10.244.0.0/16", le: 32 }], origins: ["PodCIDR"] },
        set: { addCommunities: ["64600:120"], addLargeCommunities: ["64600:300:1"] },
        action: "Accept",
      },
    ],
  });
  expect(specOf(migration, "BGPPeer", "tor")).toMatchObject({
    exportPolicies: ["calico-communities", "calico-export"],
  });
  expect(faultsOf(migration)).toEqual([]);
});

test("pools: masquerading is taken over, tunnels are named", () => {
  const migration = migrate(
    object("IPPool", "p", { cidr: "10.244.0.0/16", ipipMode: "Always", vxlanMode: "Never", natOutgoing: true }),
  );
  expect(specOf(migration, "BGPConfiguration")).toMatchObject({
    masquerade: { enabled: true, excludeCIDRs: ["10.244.0.0/16"] },
  });
  expect(migration.remarks.filter((text) => text.includes("tunnels"))).toHaveLength(1);
});

test("what is not known, not as expected or not sayable is named, never silently lost", () => {
  const { remarks } = migrate(
    object("BGPConfiguration", "default", { futureField: 1, listenPort: "many" }),
    object("BGPConfiguration", "node.n1", { logSeverityScreen: "Debug" }),
    object("BGPPeer", "filtered", { peerIP: "192.0.2.1", asNumber: 1, filters: ["elsewhere"] }),
    object("BGPPeer", "either", { peerIP: "192.0.2.1", asNumber: 1, nodeSelector: "a == 'b' || has(c)" }),
    object("BGPPeer", "broken", {
      peerIP: "not an address",
      asNumber: 64_601,
      failureDetectionMode: "BFDIfDirectlyConnected",
    }),
    object("FelixConfiguration", "default", {}),
  );
  const said = remarks.join("\n");
  for (const what of [
    "BGPConfiguration/default: spec.futureField: not known here",
    "BGPConfiguration/default: spec.listenPort: is not a whole number",
    "BGPConfiguration/node.n1: settings of single nodes",
    "BGPPeer/filtered: spec.filters: elsewhere is not among the objects given",
    "BGPPeer/either: not taken over",
    "BGPPeer/broken: BGPPeer/broken cannot be made of it: spec.peerAddress:",
    "BGPPeer/broken: spec.failureDetectionMode:",
    "FelixConfiguration/default: nothing is made of it",
  ])
    expect(said).toContain(what);
});
