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
        aggregationLength: { ipv4: 26, ipv6: 120 },
        communities: ["64500:1234", "64500:99"],
        largeCommunities: ["64500:1:2"],
        localPref: 150,
      },
    ],
  });
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
    advertise: ["Service"],
  });
  expect(specOf(migration, "BGPPeer", "tor-b")).toEqual({
    peerAddress: "2001:db8::1",
    asNumber: "external",
    localAsNumber: 64_510,
    gracefulRestart: { enabled: true },
    families: ["IPv6"],
    advertise: ["Service"],
  });
});

test("what is printed is valid", () => {
  expect(faultsOf(migration)).toEqual([]);
});

test.each([
  "BGPPeer/tor-a: spec.bfdProfile:",
  "BGPPeer/tor-a: spec.nodeSelectors: only the first",
  "BGPPeer/tor-a: spec.passwordSecret: the role linnet-passwords",
  "BGPPeer/tor-b: spec.vrf:",
  "BGPAdvertisement/all: spec.ipAddressPools:",
  "BGPAdvertisement/all: spec.peers:",
  "IPAddressPool/pool: addresses are handed out by",
  "L2Advertisement/l2: nothing is made of it",
])("it says so: %s", (text) => {
  expect(migration.remarks.join("\n")).toContain(text);
});
