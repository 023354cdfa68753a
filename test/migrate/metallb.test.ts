import { expect, test } from "vitest";
import { migrateMetallb } from "#migrate/metallb.ts";
import { faultsOf, foreign, specOf } from "./read.ts";

const yaml = `
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: { name: tor-a, namespace: metallb-system }
spec:
  myASN: 64500
  peerASN: 64501
  peerAddress: 192.0.2.1
  peerPort: 1790
  holdTime: 90s
  keepaliveTime: 30s
  connectTime: 10s
  sourceAddress: 192.0.2.10
  ebgpMultiHop: true
  bfdProfile: fast
  passwordSecret: { name: tor-a }
  nodeSelectors:
    - matchLabels: { rack: a }
    - matchLabels: { rack: b }
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: { name: tor-b, namespace: metallb-system }
spec: { myASN: 64510, dynamicASN: external, peerAddress: "2001:db8::1", disableMP: true, enableGracefulRestart: true, vrf: red }
---
apiVersion: metallb.io/v1beta1
kind: Community
metadata: { name: names }
spec:
  communities:
    - { name: vpn, value: "64500:1234" }
    - { name: big, value: "large:64500:1:2" }
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: { name: all }
spec:
  aggregationLength: 26
  aggregationLengthV6: 120
  localPref: 150
  communities: [vpn, big, "64500:99"]
  ipAddressPools: [pool]
  peers: [tor-a]
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: pool }
spec: { addresses: [203.0.113.0/24] }
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: l2 }
`;
const migration = migrateMetallb(foreign(yaml));

test("addresses of load balancers are advertised, and nothing else is routed", () => {
  expect(specOf(migration, "BGPConfiguration")).toEqual({
    asNumber: 64_500,
    nodeMesh: "Disabled",
    podCIDRs: { enabled: false },
    kernel: { install: false },
    serviceAdvertisements: [
      {
        addresses: ["LoadBalancerIP"],
        cidrs: ["203.0.113.0/24"],
        aggregationLength: { ipv4: 26, ipv6: 120 },
        communities: ["64500:1234", "64500:99"],
        largeCommunities: ["64500:1:2"],
        localPref: 150,
      },
    ],
  });
});

test("that MetalLB has no neighbour is said", () => {
  expect(migrateMetallb(foreign("apiVersion: v1\nkind: Node\nmetadata: { name: n1 }\n")).remarks).toEqual([
    "no BGPPeer of MetalLB is among the objects given: nobody would be told anything",
  ]);
});

test("neighbours keep their timers, password, port and addresses", () => {
  expect(specOf(migration, "BGPPeer", "tor-a")).toEqual({
    nodeSelector: { matchLabels: { rack: "a" } },
    peerAddress: "192.0.2.1",
    port: 1790,
    asNumber: 64_501,
    sourceAddress: "192.0.2.10",
    password: { secretKeyRef: { namespace: "metallb-system", name: "tor-a", key: "password" } },
    timers: { holdTime: "90s", keepaliveTime: "30s", connectRetryTime: "10s" },
    gracefulRestart: { enabled: false },
    ebgpMultihop: 255,
    exportPolicies: ["metallb-tor-a"],
  });
  expect(specOf(migration, "BGPPeer", "tor-a-2")).toMatchObject({
    nodeSelector: { matchLabels: { rack: "b" } },
    peerAddress: "192.0.2.1",
  });
  expect(specOf(migration, "BGPPeer", "tor-b")).toEqual({
    peerAddress: "2001:db8::1",
    asNumber: "external",
    localAsNumber: 64_510,
    gracefulRestart: { enabled: true },
    families: ["IPv6"],
    exportPolicies: ["metallb-tor-b"],
  });
});

test("an advertisement for some neighbours is told to no others", () => {
  expect(specOf(migration, "BGPPolicy", "metallb-tor-a")).toEqual({
    statements: [
      {
        match: {
          origins: ["Service"],
          prefixes: [
            { cidr: "203.0.113.0/24", ge: 26, le: 26 },
            { cidr: "203.0.113.0/24", ge: 32, le: 32 },
          ],
        },
        action: "Accept",
      },
      { action: "Reject" },
    ],
  });
  expect(specOf(migration, "BGPPolicy", "metallb-tor-b")).toEqual({ statements: [{ action: "Reject" }] });
});

/** Two pools, and advertisements that choose among them. */
const pools = `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: public, labels: { zone: public } }
spec: { addresses: [203.0.113.0/25, 198.51.100.10-198.51.100.12, "2001:db8::/64", nonsense], autoAssign: false }
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: private }
spec: { addresses: [10.64.0.0/16] }
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: { name: tor }
spec: { myASN: 64500, peerASN: 64501, peerAddress: 192.0.2.1 }
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: { name: a }
`;
const PUBLIC = ["203.0.113.0/25", "198.51.100.10/31", "198.51.100.12/32", "2001:db8::/64"];

test.each<[string, string, readonly object[]]>([
  ["of all pools", "{}", [{ cidrs: [...PUBLIC, "10.64.0.0/16"] }]],
  ["of no spec at all", "", [{ cidrs: [...PUBLIC, "10.64.0.0/16"] }]],
  ["of pools by name", "{ ipAddressPools: [private] }", [{ cidrs: ["10.64.0.0/16"] }]],
  ["of pools by label", "{ ipAddressPoolSelectors: [{ matchLabels: { zone: public } }] }", [{ cidrs: PUBLIC }]],
  ["of a pool that is not there", "{ ipAddressPools: [gone] }", []],
  [
    "of several kinds of nodes",
    "{ ipAddressPools: [private], nodeSelectors: [{ matchLabels: { a: b } }, { matchLabels: { c: d } }] }",
    [
      { cidrs: ["10.64.0.0/16"], nodeSelector: { matchLabels: { a: "b" } } },
      { cidrs: ["10.64.0.0/16"], nodeSelector: { matchLabels: { c: "d" } } },
    ],
  ],
])("an advertisement %s", (_, spec, expected) => {
  const made = migrateMetallb(foreign(`${pools}spec: ${spec}\n`));
  const advertisements = expected.map((each) => ({ addresses: ["LoadBalancerIP"], ...each }));
  expect(specOf(made, "BGPConfiguration")).toMatchObject(
    advertisements.length === 0 ? { nodeMesh: "Disabled" } : { serviceAdvertisements: advertisements },
  );
  expect(specOf(made, "BGPPeer", "tor")).toMatchObject({ advertise: ["Service"] });
  expect(made.remarks.join("\n")).toContain("IPAddressPool/public: spec.addresses[3]: nonsense is no block");
  expect(faultsOf(made)).toEqual([]);
});

test("what is printed is valid", () => {
  expect(faultsOf(migration)).toEqual([]);
});

test("an advertisement that is wrong costs itself alone: without the configuration nodes would mesh", () => {
  const broken =
    "{ apiVersion: metallb.io/v1beta1, kind: BGPAdvertisement, metadata: { name: b }, spec: { communities: [gone] } }";
  const made = migrateMetallb(foreign(`${yaml}---\n${broken}\n`));
  expect(specOf(made, "BGPConfiguration")).toEqual(specOf(migration, "BGPConfiguration"));
  expect(made.remarks.join("\n")).toMatch(/spec\.serviceAdvertisements\[1\]\.communities\[0\]: "gone" .*; left out/);
});

test.each([
  "BGPPeer/tor-a: spec.bfdProfile:",
  "BGPPeer/tor-a: spec.nodeSelectors: one object for each",
  "BGPPeer/tor-a: spec.passwordSecret: the role linnet-passwords",
  "BGPPeer/tor-b: spec.vrf:",
  "IPAddressPool/pool: addresses are handed out by",
  "L2Advertisement/l2: nothing is made of it",
])("it says so: %s", (text) => {
  expect(migration.remarks.join("\n")).toContain(text);
});

test("a neighbour by interface alone is one here as well, without what its link does not need", () => {
  const spec = (more: string) =>
    `{ apiVersion: metallb.io/v1beta2, kind: BGPPeer, metadata: { name: up }, spec: { myASN: 64500, dynamicASN: external, interface: eth1 ${more} } }`;
  const plain = migrateMetallb(foreign(spec("")));
  expect(specOf(plain, "BGPPeer", "up")).toEqual({
    interface: "eth1",
    asNumber: "external",
    gracefulRestart: { enabled: false },
    advertise: ["Service"],
  });
  expect(faultsOf(plain)).toEqual([]);
  expect(plain.remarks).toContain(
    "BGPPeer/up: spec.interface: the daemon's container needs the capability NET_RAW, as in deploy/overlays/unnumbered",
  );
  const more = migrateMetallb(foreign(spec(", ebgpMultiHop: true, sourceAddress: 192.0.2.9, disableMP: true")));
  expect(specOf(more, "BGPPeer", "up")).toEqual(specOf(plain, "BGPPeer", "up"));
  expect(more.remarks.filter((remark) => remark.includes("left out"))).toHaveLength(3);
});
