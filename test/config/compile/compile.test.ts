import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile } from "#config/compile/compile.ts";
import { gatewayPeer } from "#config/compile/peer-config.ts";
import { loadDirectory } from "#config/io/manifest-directory.ts";
import { formatRemark } from "#config/manifests.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { allObjects, type ObjectSet, setOf } from "#config/objects.ts";
import { type Address, formatAddress, formatRouterId, parseAddress } from "#route/address.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";
import { nodeYaml, objectsOf, ourYaml } from "../objects-of.ts";

const n1 = nodeYaml("n1", ["10.0.0.1", "fd00::1"], ["10.244.1.0/24", "fd00:1::/64"]);
const n2 = nodeYaml("n2", ["10.0.0.2", "fd00::2"], ["10.244.2.0/24", "fd00:2::/64"]);
const configuration = (spec: object): string => ourYaml("BGPConfiguration", "default", spec);
const peer = (name: string, spec: object): string => ourYaml("BGPPeer", name, spec);

function configOf(objects: ObjectSet, node = "n1"): NodeConfig {
  const { config } = compile(objects, node);
  if (config === undefined) throw new Error(`no configuration for ${node}`);
  return config;
}
const remarksOf = (objects: ObjectSet, node = "n1"): string[] =>
  compile(objects, node).remarks.map((remark) => `${remark.severity}: ${formatRemark(remark)}`);
const namesOf = ({ peers }: NodeConfig): string[] => peers.map(({ name }) => name);
const peerNamed = ({ peers }: NodeConfig, name: string): PeerConfig => {
  const found = peers.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no peer ${name} among ${peers.map((one) => one.name).join()}`);
  return found;
};

/** A configuration with addresses and prefixes as people write them. */
function readable(config: NodeConfig): string {
  const routerIds = {
    ...config,
    routerId: formatRouterId(config.routerId),
    clusterId: formatRouterId(config.clusterId),
  };
  const text = (_: string, value: unknown): unknown => {
    if (typeof value !== "object" || value === null || !("words" in value)) return value;
    return "length" in value ? formatPrefix(value as Prefix) : formatAddress(value as Address);
  };
  return `${JSON.stringify(routerIds, text, 2)}\n`;
}

test.each(["n1", "n2", "n3"])("golden: node %s of examples/tor", async (node) => {
  const { objects, remarks } = await loadDirectory(join(import.meta.dirname, "../../../examples/tor"));
  expect(remarks).toEqual([]);
  expect(remarksOf(objects, node)).toEqual([]);
  await expect(readable(configOf(objects, node))).toMatchFileSnapshot(`../../golden/config/tor-${node}.json`);
});

describe("the node mesh", () => {
  test("joins the nodes of one AS and leaves others alone", () => {
    const n3 = nodeYaml("n3", ["10.0.0.3"], [], { annotations: { "linnet.dev/as-number": "64513" } });
    const objects = objectsOf(n1, n2, n3);
    expect(namesOf(configOf(objects))).toEqual(["Mesh_10_0_0_2"]);
    expect(namesOf(configOf(objects, "n3"))).toEqual([]);
    expect(configOf(objects, "n3").localAs).toBe(64_513);
    expect(peerNamed(configOf(objects), "Mesh_10_0_0_2")).toMatchObject({
      origin: "mesh",
      source: "BGPConfiguration/default",
      description: "Node/n2",
      localAs: 64_512,
      remoteAs: 64_512,
      families: ["ipv4", "ipv6"],
      advertise: ["podCIDR", "service", "static"],
    });
  });

  test("can be turned off", () => {
    expect(namesOf(configOf(objectsOf(n1, n2, configuration({ nodeMesh: "Disabled" }))))).toEqual([]);
  });

  test("runs over IPv6 where that is asked for, or all there is", () => {
    const six = nodeYaml("n3", ["fd00::3"], []);
    const objects = objectsOf(n1, n2, six);
    expect(namesOf(configOf(objects))).toEqual(["Mesh_10_0_0_2", "Mesh_fd00__3"]);
    expect(peerNamed(configOf(objects), "Mesh_fd00__3").families).toEqual(["ipv6"]);
    const preferred = objectsOf(n1, n2, configuration({ meshFamily: "IPv6" }));
    expect(namesOf(configOf(preferred))).toEqual(["Mesh_fd00__2"]);
    expect(peerNamed(configOf(preferred), "Mesh_fd00__2").families).toEqual(["ipv4", "ipv6"]);
  });

  test("says why two nodes cannot meet", () => {
    const objects = objectsOf(nodeYaml("n1", ["10.0.0.1"], []), nodeYaml("n3", ["fd00::3"], []));
    expect(namesOf(configOf(objects))).toEqual([]);
    expect(remarksOf(objects)).toEqual([
      "warning: m1.yaml:2: Node/n3: status.addresses: no address of a family that Node/n1 has too: no session between them",
    ]);
  });

  test("dials the port that the other node listens on", () => {
    const odd = nodeYaml("n2", ["10.0.0.2"], [], { labels: { odd: "" } });
    const override = { nodeSelector: { matchLabels: { odd: "" } }, listenPort: 1790 };
    const objects = objectsOf(n1, odd, configuration({ overrides: [override] }));
    expect(peerNamed(configOf(objects), "Mesh_10_0_0_2").port).toBe(1790);
    expect(configOf(objects, "n2").listen.port).toBe(1790);
    expect(configOf(objects).listen.port).toBe(179);
  });
});

describe("local addresses", () => {
  const local = (config: NodeConfig): Record<string, string | undefined> =>
    Object.fromEntries(
      config.peers.map(({ name, localAddress }) => [name, localAddress && formatAddress(localAddress)]),
    );
  const six = nodeYaml("n3", ["fd00::3"], []);
  const between = { peerSelector: { matchLabels: { rack: "b" } } };
  const n9 = nodeYaml("n9", ["10.0.0.9"], [], {
    labels: { rack: "b" },
    annotations: { "linnet.dev/as-number": "64513" },
  });

  test("sessions between nodes begin at the address by which the others know the node", () => {
    const objects = objectsOf(n1, n2, six, n9, peer("rack", between));
    expect(local(configOf(objects))).toEqual({
      Mesh_10_0_0_2: "10.0.0.1",
      Mesh_fd00__3: "fd00::1",
      Global_10_0_0_9: "10.0.0.1",
    });
    expect(local(configOf(objects, "n9"))).toMatchObject({ Global_10_0_0_1: "10.0.0.9" });
  });

  test("unless any will do", () => {
    const objects = objectsOf(
      n1,
      n2,
      n9,
      configuration({ meshSourceAddress: "Any" }),
      peer("rack", { ...between, sourceAddress: "Any" }),
    );
    expect(local(configOf(objects))).toEqual({ Mesh_10_0_0_2: undefined, Global_10_0_0_9: undefined });
  });

  test("to a router the kernel chooses, unless an address is given, or the node's is asked for", () => {
    const pairs = {
      a: {},
      b: { sourceAddress: "10.9.9.9" },
      c: { sourceAddress: "NodeAddress" },
      d: { sourceAddress: "Any" },
    };
    const peers = Object.entries(pairs).map(([name, fields], index) =>
      peer(name, { asNumber: 65_000, peerAddress: `192.0.2.${index}`, ...fields }),
    );
    const link = peer("e", {
      peerAddress: "fe80::1",
      interface: "eth0",
      asNumber: 65_000,
      sourceAddress: "NodeAddress",
    });
    expect(local(configOf(objectsOf(n1, ...peers, link)))).toEqual({
      Global_192_0_2_0: undefined,
      Global_192_0_2_1: "10.9.9.9",
      Global_192_0_2_2: "10.0.0.1",
      Global_192_0_2_3: undefined,
      Global_fe80__1_eth0: undefined, // on its link such a neighbour knows nothing of other addresses
    });
  });

  test("the default gateway is met from the node's address where that is asked for", () => {
    const gateway = peer("gw", { defaultGateway: "IPv6", asNumber: "external", sourceAddress: "NodeAddress" });
    const [template] = configOf(objectsOf(n1, gateway)).gatewayPeers;
    if (template === undefined) throw new Error("no template");
    const at = (gateway: string) => gatewayPeer(template, parseAddress(gateway) as Address, "eth0").localAddress;
    expect(formatAddress(at("fd00::254") as Address)).toBe("fd00::1");
    expect(at("fe80::1")).toBeUndefined();
  });

  test("calls are taken at the node's own addresses alone where that is asked for", () => {
    const listen = (listenAddresses: string[]): string[] =>
      configOf(objectsOf(n1, configuration({ listenAddresses }))).listen.addresses.map(formatAddress);
    expect(listen(["NodeAddress"])).toEqual(["10.0.0.1", "fd00::1"]);
    expect(listen(["127.0.0.1", "NodeAddress"])).toEqual(["127.0.0.1", "10.0.0.1", "fd00::1"]);
  });
});

describe("AS numbers", () => {
  const node = (metadata: object): string => nodeYaml("n1", ["10.0.0.1"], [], metadata);
  const spec = {
    asNumber: 1,
    asNumberLabel: "as",
    overrides: [{ nodeSelector: { matchLabels: { rack: "a" } }, asNumber: 2 }],
  };
  test.each([
    [{}, 1],
    [{ labels: { rack: "a" } }, 2],
    [{ labels: { rack: "a", as: "3" } }, 3],
    [{ labels: { rack: "a", as: "3" }, annotations: { "linnet.dev/as-number": "1.0" } }, 65_536],
    [{ labels: { rack: "a", as: "x" } }, 2],
  ])("from %j comes %i", (metadata, as) => {
    expect(configOf(objectsOf(node(metadata), configuration(spec))).localAs).toBe(as);
  });

  test("a label that is none is named", () => {
    expect(remarksOf(objectsOf(node({ labels: { as: "x" } }), configuration(spec)))).toEqual([
      'error: m0.yaml:2: Node/n1: metadata.labels.as: "x" is not an AS number: write 1 to 4294967295, or asdot like "1.10"',
    ]);
  });
});

describe("router ids", () => {
  test("come from the annotation, the IPv4 address, or the name", () => {
    const annotated = nodeYaml("n1", ["10.0.0.1"], [], { annotations: { "linnet.dev/router-id": "1.2.3.4" } });
    expect(configOf(objectsOf(annotated)).routerId).toBe(0x0102_0304);
    expect(configOf(objectsOf(n1)).routerId).toBe(0x0a00_0001);
    expect(configOf(objectsOf(nodeYaml("n1", ["fd00::1"], []))).routerId).toBe(0x0435_dc00); // FNV-1a, by another program
  });

  test("that two nodes have are named", () => {
    const annotations = { "linnet.dev/router-id": "10.0.0.1" };
    const other = nodeYaml("n2", ["10.0.0.2"], [], { annotations });
    expect(remarksOf(objectsOf(n1, other))).toEqual([
      "error: m1.yaml:2: Node/n2: metadata.annotations[linnet.dev/router-id]: Node/n1 has the router id 10.0.0.1 too; give this node another one by this annotation",
    ]);
  });
});

describe("conflicts between nodes", () => {
  const loser = nodeYaml("n2", ["10.0.0.2", "fd00::2"], ["10.244.1.128/25", "fd00:2::/64"]);

  test("overlapping Pod CIDRs stay with the earlier node, and both are named", () => {
    const objects = objectsOf(n1, loser);
    expect(remarksOf(objects)).toEqual([
      "error: m1.yaml:2: Node/n2: spec.podCIDRs[0]: 10.244.1.128/25 overlaps 10.244.1.0/24 of Node/n1; Node/n1 keeps it",
    ]);
    expect(configOf(objects, "n1").originated.map(({ prefix }) => formatPrefix(prefix))).toEqual([
      "10.244.1.0/24",
      "fd00:1::/64",
    ]);
    expect(configOf(objects, "n2").originated.map(({ prefix }) => formatPrefix(prefix))).toEqual(["fd00:2::/64"]);
  });

  test("earlier is by creation, then by name", () => {
    const older = nodeYaml("n2", ["10.0.0.2"], ["10.244.1.128/25"], { creationTimestamp: "2026-01-01T00:00:00Z" });
    const younger = nodeYaml("n1", ["10.0.0.1"], ["10.244.1.0/24"], { creationTimestamp: "2026-01-02T00:00:00Z" });
    expect(configOf(objectsOf(younger, older), "n1").originated).toEqual([]);
    expect(configOf(objectsOf(younger, older), "n2").originated).toHaveLength(1);
  });

  test("an address that two nodes have is dialled at the earlier one only", () => {
    const twin = nodeYaml("n3", ["10.0.0.2"], []);
    const objects = objectsOf(n1, n2, twin);
    expect(namesOf(configOf(objects))).toEqual(["Mesh_10_0_0_2"]);
    expect(peerNamed(configOf(objects), "Mesh_10_0_0_2").description).toBe("Node/n2");
    expect(remarksOf(objects).filter((line) => line.includes("the address"))).toEqual([
      "error: m2.yaml:2: Node/n3: status.addresses: Node/n2 has the address 10.0.0.2 too; no sessions to it are made",
    ]);
  });

  test("our own node must be there", () => {
    const { config, remarks } = compile(objectsOf(n2), "n1");
    expect(config).toBeUndefined();
    expect(remarks.map(formatRemark)).toEqual([
      "Node/n1: there is no Node object of this name: nothing can be run for it",
    ]);
  });

  test("a Pod CIDR of a family in which the node has no address is named", () => {
    expect(remarksOf(objectsOf(nodeYaml("n1", ["10.0.0.1"], ["10.1.0.0/24", "fd00:1::/64"])))).toEqual([
      "warning: m0.yaml:2: Node/n1: spec.podCIDRs[1]: no node address of IPv6 is known to reach it through",
    ]);
  });
});

describe("BGPPeer by address", () => {
  const tor = { peerAddress: "10.0.0.254", asNumber: 65_000 };

  test("is for all nodes, or for those selected", () => {
    const labelled = nodeYaml("n2", ["10.0.0.2"], [], { labels: { rack: "a" } });
    const selective = { ...tor, peerAddress: "10.0.0.253", nodeSelector: { matchLabels: { rack: "a" } } };
    const objects = objectsOf(n1, labelled, peer("all", tor), peer("some", selective));
    expect(namesOf(configOf(objects, "n1"))).toEqual(["Global_10_0_0_254", "Mesh_10_0_0_2"]);
    expect(namesOf(configOf(objects, "n2"))).toEqual(["Global_10_0_0_254", "Mesh_10_0_0_1", "Node_10_0_0_253"]);
  });

  test("names tell ports and interfaces apart", () => {
    const link = { peerAddress: "fe80::1", interface: "eth0.7", asNumber: 65_000 };
    const objects = objectsOf(n1, peer("a", tor), peer("b", { ...tor, port: 1790 }), peer("c", link));
    expect(namesOf(configOf(objects))).toEqual([
      "Global_10_0_0_254",
      "Global_10_0_0_254_port_1790",
      "Global_fe80__1_eth0_7",
    ]);
  });

  test("takes the place of a mesh session, and is no neighbour of itself", () => {
    const objects = objectsOf(n1, n2, peer("n2", { peerAddress: "10.0.0.2", asNumber: "internal", passive: true }));
    expect(namesOf(configOf(objects, "n1"))).toEqual(["Global_10_0_0_2"]);
    expect(namesOf(configOf(objects, "n2"))).toEqual(["Mesh_10_0_0_1"]);
  });

  test("a second one for the same neighbour is named, the earlier stays", () => {
    const objects = objectsOf(n1, peer("b", { ...tor, asNumber: 2 }), peer("a", { ...tor, asNumber: 1 }));
    expect(configOf(objects).peers.map(({ source, remoteAs }) => [source, remoteAs])).toEqual([["BGPPeer/a", 1]]);
    expect(remarksOf(objects)).toEqual([
      "error: m1.yaml:2: BGPPeer/b: spec.peerAddress: 10.0.0.254 is a neighbour of Node/n1 by BGPPeer/a already, which stays in force",
    ]);
  });

  test("an AS number that is not the node's is named", () => {
    const objects = objectsOf(n1, n2, peer("n2", { peerAddress: "10.0.0.2", asNumber: 5 }));
    expect(remarksOf(objects)).toEqual([
      "warning: m2.yaml:2: BGPPeer/n2: spec.asNumber: 5 is not the AS number of Node/n2: that is 64512",
    ]);
  });

  test("every field reaches the peer", () => {
    const all = {
      ...tor,
      description: "rack 1",
      interface: "eth0",
      port: 1790,
      passive: true,
      localAsNumber: 64_999,
      sourceAddress: "10.0.0.1",
      ttlSecurity: 2,
      families: ["IPv6"],
      timers: { holdTime: "9s", keepaliveTime: "2s", connectRetryTime: "7s", idleHoldTime: "200ms" },
      gracefulRestart: { enabled: false, restartTime: "60s", deferralTime: "30s" },
      reflectorClient: true,
      nextHop: "Unchanged",
      allowOwnAs: 2,
      enforceFirstAs: false,
      extendedNextHop: true,
      prefixLimit: { ipv4: 10, ipv6: 20 },
      advertise: ["Static", "Service"],
    };
    expect(configOf(objectsOf(n1, peer("all", all))).peers).toEqual([
      {
        name: "Global_10_0_0_254_eth0_port_1790",
        origin: "global",
        source: "BGPPeer/all",
        description: "rack 1",
        address: { family: "ipv4", words: [0x0a00_00fe] },
        interface: "eth0",
        unnumbered: false,
        port: 1790,
        passive: true,
        localAddress: { family: "ipv4", words: [0x0a00_0001] },
        localAs: 64_999,
        remoteAs: 65_000,
        password: undefined,
        ttl: { kind: "security", hops: 2 },
        families: ["ipv6"],
        timers: { holdMs: 9000, keepaliveMs: 2000, connectRetryMs: 7000, idleHoldMs: 200 },
        gracefulRestart: { enabled: false, restartMs: 60_000, deferralMs: 30_000 },
        announcer: undefined,
        reflectorClient: true,
        nextHop: "unchanged",
        allowOwnAs: 2,
        enforceFirstAs: false,
        extendedNextHop: true,
        prefixLimit: { ipv4: 10, ipv6: 20 },
        importPolicies: [],
        exportPolicies: [],
        advertise: ["static", "service"],
      } satisfies PeerConfig,
    ]);
  });
});

describe("whose pod addresses are whose", () => {
  const n3 = nodeYaml("n3", ["10.0.0.3"], ["10.244.3.0/24"], { annotations: { "linnet.dev/as-number": "64513" } });

  test("is told of all nodes with their identity, unless the check is off", () => {
    const { blockOwners } = configOf(objectsOf(n1, n2, n3, nodeYaml("n4", ["10.0.0.4"], [])));
    const told = Array.from(blockOwners, ([name, { blocks, externalAs }]) => [
      name,
      blocks.map(formatPrefix),
      externalAs,
    ]);
    expect(told).toEqual([
      ["n1", ["10.244.1.0/24", "fd00:1::/64"], undefined],
      ["n2", ["10.244.2.0/24", "fd00:2::/64"], undefined],
      ["n3", ["10.244.3.0/24"], 64_513],
    ]);
    expect(configOf(objectsOf(n1, n2, configuration({ originCheck: "Off" }))).blockOwners.size).toBe(0);
  });

  test("a block that two nodes claim is the earlier one's", () => {
    const thief = nodeYaml("n9", ["10.0.0.9"], ["10.244.2.0/24"]);
    expect(Array.from(configOf(objectsOf(n1, n2, thief)).blockOwners.keys())).toEqual(["n1", "n2"]);
  });

  test("neighbours that are nodes of our AS are known as such", () => {
    const reflector = nodeYaml("r", ["10.0.0.8"], [], { labels: { role: "rr" } });
    const reflectors = [{ nodeSelector: { matchLabels: { role: "rr" } } }];
    const tor = peer("tor", { peerAddress: "10.0.0.254", asNumber: "internal" });
    const { peers } = configOf(objectsOf(n1, n2, n3, reflector, tor, configuration({ reflectors })));
    expect(Object.fromEntries(peers.map(({ name, announcer }) => [name, announcer]))).toEqual({
      Global_10_0_0_254: undefined,
      Mesh_10_0_0_2: { node: "n2", reflects: false },
      Mesh_10_0_0_8: { node: "r", reflects: true },
    });
  });

  test("one node's change leaves the others' entries the very same values", () => {
    const before = configOf(objectsOf(n1, n2, n3));
    const moved = nodeYaml("n2", ["10.0.0.7", "fd00::2"], ["10.244.2.0/24", "fd00:2::/64"]);
    const after = compile(objectsOf(n1, moved, n3), "n1", before).config?.blockOwners;
    expect(after?.get("n2")).not.toEqual(before.blockOwners.get("n2"));
    expect(after?.get("n3")).toBe(before.blockOwners.get("n3"));
    expect(compile(objectsOf(n1, n2, n3), "n1", before).config?.blockOwners).toBe(before.blockOwners);
  });
});

describe("BGPPeer by default gateway", () => {
  const gateway = peer("up", { defaultGateway: "IPv6", asNumber: 64_700, importPolicies: ["in"], port: 1790 });
  const policy = ourYaml("BGPPolicy", "in", { statements: [{ action: "Accept" }] });

  test("is known by family, and where it is says the kernel", () => {
    const { peers, gatewayPeers, policies } = configOf(objectsOf(n1, gateway, policy));
    expect(peers).toEqual([]);
    expect(Object.keys(policies)).toEqual(["in"]);
    expect(gatewayPeers).toMatchObject([{ family: "ipv6", remoteAs: 64_700, port: 1790, source: "BGPPeer/up" }]);
    const [template] = gatewayPeers;
    if (template === undefined) throw new Error("no template");
    const made = (text: string) => gatewayPeer(template, parseAddress(text) as Address, "eth0");
    expect(made("fe80::1")).toMatchObject({ name: "Global_fe80__1_eth0", interface: "eth0", port: 1790 });
    expect(made("2001:db8::1")).toMatchObject({ name: "Global_2001_db8__1", interface: undefined });
  });

  test("is for the nodes selected", () => {
    const elsewhere = peer("up", { defaultGateway: "IPv4", asNumber: 1, nodeSelector: { matchLabels: { a: "b" } } });
    expect(configOf(objectsOf(n1, elsewhere)).gatewayPeers).toEqual([]);
  });

  test.each<[object, string]>([
    [{ defaultGateway: "IPv4", asNumber: 1, peerAddress: "192.0.2.1" }, "exactly one of"],
    [{ defaultGateway: "IPv4" }, "asNumber must be given"],
    [{ defaultGateway: "IPv4", asNumber: 1, interface: "eth0" }, "interface must not be given"],
    [{ defaultGateway: "IPv5", asNumber: 1 }, "none of IPv4, IPv6"],
  ])("%j is refused: %s", (spec, text) => {
    expect(() => objectsOf(peer("up", spec))).toThrow(text);
  });
});

describe("BGPPeer by interface alone", () => {
  const spec = { interface: "eth1", asNumber: "external" };

  test("is named by it, has no address yet, exchanges both families, and takes IPv6 next hops for IPv4", () => {
    const { peers } = configOf(objectsOf(n1, peer("up", spec), peer("other", { ...spec, interface: "eth2" })));
    expect(peers.map(({ name, interface: link }) => [name, link])).toEqual([
      ["Global_eth1", "eth1"],
      ["Global_eth2", "eth2"],
    ]);
    const [up] = peers;
    expect(up).toMatchObject({ unnumbered: true, remoteAs: "external", families: ["ipv4", "ipv6"] });
    expect(up).toMatchObject({ address: parseAddress("::"), localAddress: undefined, extendedNextHop: true });
    const narrow = peer("up", { ...spec, families: ["IPv6"], sourceAddress: "NodeAddress" });
    expect(configOf(objectsOf(n1, narrow)).peers).toMatchObject([{ families: ["ipv6"], localAddress: undefined }]);
  });

  test("is for the nodes selected", () => {
    const labelled = nodeYaml("n2", ["10.0.0.2"], [], { labels: { rack: "a" } });
    const objects = objectsOf(n1, labelled, peer("up", { ...spec, nodeSelector: { matchLabels: { rack: "a" } } }));
    expect(namesOf(configOf(objects, "n1"))).toEqual(["Mesh_10_0_0_2"]);
    expect(namesOf(configOf(objects, "n2"))).toEqual(["Mesh_10_0_0_1", "Node_eth1"]);
  });

  test("a second one for the same interface is named, the earlier stays", () => {
    const objects = objectsOf(n1, peer("b", spec), peer("a", { ...spec, asNumber: 1 }));
    expect(configOf(objects).peers.map(({ source, remoteAs }) => [source, remoteAs])).toEqual([["BGPPeer/a", 1]]);
    expect(remarksOf(objects)).toEqual([
      "error: m1.yaml:2: BGPPeer/b: spec.interface: whoever is found on eth1 is a neighbour of Node/n1 by BGPPeer/a already, which stays in force",
    ]);
  });

  test.each<[object, string]>([
    [{ interface: "eth1" }, "asNumber must be given"],
    [{ ...spec, ebgpMultihop: 2 }, "ebgpMultihop must not be given"],
    [{ ...spec, sourceAddress: "10.0.0.1" }, "sourceAddress must be link-local"],
  ])("%j is refused: %s", (wrong, text) => {
    expect(() => objectsOf(peer("up", wrong))).toThrow(text);
  });
});

describe("BGPPeer between nodes", () => {
  const rack = (name: string, address: string, as: number): string =>
    nodeYaml(name, [address], [], { labels: { rack: name }, annotations: { "linnet.dev/as-number": String(as) } });
  const objects = objectsOf(
    rack("a", "10.0.0.1", 65_001),
    rack("b", "10.0.0.2", 65_002),
    rack("c", "10.0.0.3", 65_003),
    peer("ab", {
      nodeSelector: { matchLabels: { rack: "a" } },
      peerSelector: { matchLabels: { rack: "b" } },
      advertise: ["PodCIDR"],
    }),
  );

  test("is there at both ends, with the nodes' AS numbers", () => {
    expect(configOf(objects, "a").peers.map(({ name, localAs, remoteAs }) => [name, localAs, remoteAs])).toEqual([
      ["Node_10_0_0_2", 65_001, 65_002],
    ]);
    expect(configOf(objects, "b").peers.map(({ name, localAs, remoteAs }) => [name, localAs, remoteAs])).toEqual([
      ["Node_10_0_0_1", 65_002, 65_001],
    ]);
    expect(configOf(objects, "c").peers).toEqual([]);
  });
});

describe("reflectors", () => {
  const label = (value: string): object => ({ matchLabels: { role: value } });
  const node = (name: string, last: number, role: string): string =>
    nodeYaml(name, [`10.0.0.${last}`], [], { labels: { role } });
  const nodes = [
    node("ra", 1, "ra"),
    node("rb", 2, "rb"),
    node("ca", 3, "ca"),
    node("cb", 4, "cb"),
    node("cab", 5, "x"),
  ];
  const reflectors = [
    {
      clusterId: "1.1.1.1",
      nodeSelector: label("ra"),
      clientSelector: { matchExpressions: [{ key: "role", operator: "In", values: ["ca", "x"] }] },
    },
    {
      nodeSelector: label("rb"),
      clientSelector: { matchExpressions: [{ key: "role", operator: "In", values: ["cb", "x"] }] },
    },
  ];
  const objects = objectsOf(...nodes, configuration({ nodeMesh: "Disabled", reflectors }));
  const sessions = (name: string, set = objects): string[] =>
    configOf(set, name).peers.map((one) => `${one.description?.slice(5)}${one.reflectorClient ? " client" : ""}`);

  test("clients peer with the reflectors of their clusters, reflectors with each other", () => {
    expect(sessions("ra")).toEqual(["rb", "ca client", "cab client"]);
    expect(sessions("rb")).toEqual(["ra", "cb client", "cab client"]);
    expect(sessions("ca")).toEqual(["ra"]);
    expect(sessions("cb")).toEqual(["rb"]);
    expect(sessions("cab")).toEqual(["ra", "rb"]);
  });

  test("cluster ids come from the annotation, the cluster, or the router id", () => {
    expect(configOf(objects, "ra").clusterId).toBe(0x0101_0101);
    expect(configOf(objects, "rb").clusterId).toBe(0x0a00_0002);
    const annotations = { "linnet.dev/reflector-cluster-id": "2.2.2.2" };
    const annotated = nodeYaml("ra", ["10.0.0.1"], [], { labels: { role: "ra" }, annotations });
    expect(configOf(objectsOf(annotated, configuration({ reflectors })), "ra").clusterId).toBe(0x0202_0202);
  });

  test("without a clientSelector, all nodes that do not reflect are clients", () => {
    const simple = configuration({ nodeMesh: "Disabled", reflectors: [{ nodeSelector: label("ra") }] });
    const set = objectsOf(...nodes, simple);
    expect(sessions("ra", set)).toEqual(["rb client", "ca client", "cb client", "cab client"]);
    expect(sessions("ca", set)).toEqual(["ra"]);
  });

  test("beside a full mesh nothing is lost: how to move from one to the other", () => {
    const set = objectsOf(...nodes, configuration({ reflectors }));
    expect(sessions("ca", set)).toEqual(["ra", "rb", "cb", "cab"]);
    expect(sessions("ra", set)).toEqual(["rb", "ca client", "cb", "cab client"]);
  });

  test("every session is known at both ends", () => {
    const roles = fc.constantFrom("ra", "rb", "ca", "cb", "x", "");
    fc.assert(
      fc.property(fc.array(roles, { minLength: 2, maxLength: 6 }), fc.boolean(), (list, full) => {
        const set = objectsOf(
          ...list.map((role, index) => node(`n${index}`, index + 1, role)),
          configuration({ nodeMesh: full ? "Full" : "Disabled", reflectors }),
        );
        const pairs = new Set(
          list.flatMap((_, index) => sessions(`n${index}`, set).map((other) => `n${index} ${other.split(" ")[0]}`)),
        );
        for (const pair of pairs) expect(pairs).toContain(pair.split(" ").reverse().join(" "));
      }),
      { numRuns: 50 },
    );
  });
});

describe("policies", () => {
  const tor = (importPolicies: string[]): string =>
    peer("tor", { peerAddress: "10.0.0.254", asNumber: 65_000, importPolicies });

  test("are compiled with lengths filled in", () => {
    const statements = [
      {
        match: {
          prefixes: [
            { cidr: "10.0.0.0/8" },
            { cidr: "10.0.0.0/8", ge: 24 },
            { cidr: "10.0.0.0/8", le: 24 },
            { cidr: "fd00::/8", ge: 48, le: 64 },
          ],
          communities: ["65000:1"],
          largeCommunities: ["1:2:3"],
          asPathContains: ["1.0"],
          neighborKinds: ["External"],
          origins: ["PodCIDR"],
        },
        set: {
          localPref: 50,
          med: 1,
          addCommunities: ["no-export"],
          removeCommunities: ["1:1"],
          addLargeCommunities: ["1:1:1"],
          prepend: 2,
        },
        action: "Continue",
      },
      { action: "Accept" },
    ];
    const v4 = { family: "ipv4", words: [0x0a00_0000], length: 8 };
    expect(configOf(objectsOf(n1, tor(["p"]), ourYaml("BGPPolicy", "p", { statements }))).policies).toStrictEqual({
      p: {
        name: "p",
        statements: [
          {
            match: {
              communities: [65_000 * 65_536 + 1],
              largeCommunities: [[1, 2, 3]],
              asPathContains: [65_536],
              prefixes: [
                { prefix: v4, minLength: 8, maxLength: 8 },
                { prefix: v4, minLength: 24, maxLength: 32 },
                { prefix: v4, minLength: 8, maxLength: 24 },
                { prefix: { family: "ipv6", words: [0xfd00_0000, 0, 0, 0], length: 8 }, minLength: 48, maxLength: 64 },
              ],
              neighbourKinds: ["external"],
              origins: ["podCIDR"],
            },
            set: {
              localPref: 50,
              med: 1,
              addCommunities: [0xffff_ff01],
              removeCommunities: [65_537],
              addLargeCommunities: [[1, 1, 1]],
              prepend: 2,
            },
            action: "continue",
          },
          { match: {}, set: {}, action: "accept" },
        ],
      },
    });
  });

  test("one that does not exist is named, and lets nothing through", () => {
    const objects = objectsOf(n1, tor(["nope"]));
    expect(remarksOf(objects)).toEqual([
      "error: m1.yaml:2: BGPPeer/tor: spec.importPolicies[0]: there is no BGPPolicy/nope: nothing passes until there is",
    ]);
    expect(configOf(objects).policies).toEqual({
      nope: { name: "nope", statements: [{ match: {}, set: {}, action: "reject" }] },
    });
  });

  test("those that no neighbour of the node names are left out", () => {
    expect(configOf(objectsOf(n1, ourYaml("BGPPolicy", "p", { statements: [] }))).policies).toEqual({});
  });
});

describe("passwords", () => {
  const secret = (fields: object): string =>
    `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "kube-system" }, ...fields })}\n`;
  const password = { secretKeyRef: { name: "s", key: "k" } };
  const tor = peer("tor", { peerAddress: "10.0.0.254", asNumber: 65_000, password });
  const passwords = (...texts: string[]) => configOf(objectsOf(n1, ...texts)).peers.map((one) => one.password);

  test("come from a Secret, plain or in base64", () => {
    expect(passwords(tor, secret({ stringData: { k: "hunter2" } }))).toEqual(["hunter2"]);
    expect(passwords(tor, secret({ data: { k: "aHVudGVyMg==" } }))).toEqual(["hunter2"]);
    expect(passwords(tor, secret({ data: { k: "w6TDtsO8" } }))).toEqual(["äöü"]);
  });

  test("also protect the mesh", () => {
    const texts = [n2, configuration({ meshPassword: password }), secret({ stringData: { k: "x" } })];
    expect(passwords(...texts)).toEqual(["x"]);
  });

  test.each([
    [
      "",
      "BGPPeer/tor: spec.password.secretKeyRef: there is no Secret/s in namespace kube-system; no session is tried without it",
    ],
    [
      secret({ stringData: { l: "x" } }),
      'BGPPeer/tor: spec.password.secretKeyRef.key: Secret/s in namespace kube-system has no value for "k"; no session is tried without it',
    ],
    [
      secret({ stringData: { k: "x".repeat(81) } }),
      "BGPPeer/tor: spec.password.secretKeyRef.key: the password has 81 octets, TCP-MD5 takes at most 80; no session is tried without it",
    ],
  ])("a missing one costs the session, never its protection: %j", (text, remark) => {
    const objects = objectsOf(n1, tor, text);
    expect(configOf(objects).peers).toEqual([]);
    expect(remarksOf(objects)).toEqual([`error: m1.yaml:2: ${remark}`]);
  });
});

describe("settings", () => {
  test("overrides are merged field by field, later ones win, a BGPPeer's own fields win over all", () => {
    const objects = objectsOf(
      n1,
      configuration({
        timers: { holdTime: "30s", connectRetryTime: "9s" },
        kernel: { table: 100, maxPaths: 4 },
        overrides: [
          { nodeSelector: {}, timers: { holdTime: "60s" }, kernel: { metric: 7 } },
          { nodeSelector: {}, kernel: { metric: 8 } },
          { nodeSelector: { matchLabels: { no: "" } }, kernel: { metric: 9 } },
        ],
      }),
      peer("a", { peerAddress: "10.0.0.254", asNumber: 1 }),
      peer("b", { peerAddress: "10.0.0.253", asNumber: 1, timers: { holdTime: "6s" } }),
    );
    const config = configOf(objects);
    expect(config.kernel).toMatchObject({ table: 100, maxPaths: 4, metric: 8 });
    expect(peerNamed(config, "Global_10_0_0_254").timers).toMatchObject({
      holdMs: 60_000,
      keepaliveMs: 20_000,
      connectRetryMs: 9000,
    });
    expect(peerNamed(config, "Global_10_0_0_253").timers).toMatchObject({
      holdMs: 6000,
      keepaliveMs: 2000,
      connectRetryMs: 9000,
    });
  });

  test("a keepalive time from elsewhere never outlasts the hold time", () => {
    const objects = objectsOf(
      n1,
      configuration({ timers: { holdTime: "90s", keepaliveTime: "20s" } }),
      peer("a", { peerAddress: "10.0.0.254", asNumber: 1, timers: { holdTime: "9s" } }),
      peer("b", { peerAddress: "10.0.0.253", asNumber: 1, timers: { holdTime: "0s" } }),
    );
    expect(peerNamed(configOf(objects), "Global_10_0_0_254").timers.keepaliveMs).toBe(3000);
    expect(peerNamed(configOf(objects), "Global_10_0_0_253").timers).toMatchObject({ holdMs: 0, keepaliveMs: 0 });
  });

  test("static blocks go to the nodes selected, with their attributes", () => {
    const advertisements = [
      { cidr: "192.0.2.0/24", communities: ["65000:1"], localPref: 200 },
      { cidr: "198.51.100.0/24", nodeSelector: { matchLabels: { no: "" } } },
    ];
    const { originated } = configOf(objectsOf(n1, configuration({ advertisements, podCIDRs: { enabled: false } })));
    expect(originated).toEqual([
      {
        prefix: { family: "ipv4", words: [0xc000_0200], length: 24 },
        from: "static",
        source: "BGPConfiguration/default",
        blackhole: true,
        communities: [65_000 * 65_536 + 1],
        largeCommunities: [],
        localPref: 200,
      },
    ]);
  });

  test("CNI and masquerade are off unless asked for", () => {
    const off = configOf(objectsOf(n1, n2));
    expect([off.cni, off.masquerade]).toEqual([undefined, undefined]);
    const on = configOf(
      objectsOf(
        n1,
        n2,
        configuration({ cni: { enabled: true }, masquerade: { enabled: true, excludeCIDRs: ["192.168.0.0/16"] } }),
      ),
    );
    expect(on.cni).toMatchObject({
      plugin: "ptp",
      networkName: "linnet",
      path: "/etc/cni/net.d/10-linnet.conflist",
      portmap: true,
    });
    expect(on.cni?.podCidrs.map(formatPrefix)).toEqual(["10.244.1.0/24", "fd00:1::/64"]);
    expect(on.masquerade?.exclude.map(formatPrefix).sort()).toEqual([
      "10.0.0.1/32",
      "10.0.0.2/32",
      "10.244.1.0/24",
      "10.244.2.0/24",
      "192.168.0.0/16",
      "fd00:1::/64",
      "fd00:2::/64",
      "fd00::1/128",
      "fd00::2/128",
    ]);
  });
});

test("the order of objects does not matter, and equal objects give the very same configuration", async () => {
  const { objects } = await loadDirectory(join(import.meta.dirname, "../../../examples/tor"));
  const all = [...allObjects(objects)];
  const config = configOf(objects);
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
      expect(compile(setOf(shuffled), "n1").config).toStrictEqual(config);
      expect(compile(setOf(shuffled), "n1", config).config).toBe(config);
    }),
    { numRuns: 30 },
  );
});

test("a change to one neighbour leaves the others the very same values", () => {
  const before = configOf(objectsOf(n1, n2, peer("tor", { peerAddress: "10.0.0.254", asNumber: 1 })));
  const { config } = compile(objectsOf(n1, n2, peer("tor", { peerAddress: "10.0.0.254", asNumber: 2 })), "n1", before);
  if (config === undefined) throw new Error("no configuration");
  expect(peerNamed(config, "Mesh_10_0_0_2")).toBe(peerNamed(before, "Mesh_10_0_0_2"));
  expect(peerNamed(config, "Global_10_0_0_254")).not.toBe(peerNamed(before, "Global_10_0_0_254"));
  expect(config.originated).toBe(before.originated);
});
