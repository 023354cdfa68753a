import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Namespaces, needsRoot } from "../cni/namespaces.ts";

const program = join(import.meta.dirname, "../../src/main.ts");
const namespaces = new Namespaces("lcli");
let folder: string;

/** Manifests of one node with a neighbour, whose CNI file is to be in `folder`. */
const manifests = (cni: string): string => `
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDRs: [10.244.1.0/24, "fd00:10:244:1::/64"]}
status: {addresses: [{type: InternalIP, address: 10.0.0.1}, {type: InternalIP, address: "fd00::1"}]}
---
apiVersion: linnet.dev/v1alpha1
kind: BGPConfiguration
metadata: {name: default}
spec:
  asNumber: 64512
  cni: {enabled: true, path: ${join(folder, "net.d/10-linnet.conflist")}${cni}}
  masquerade: {enabled: true}
---
apiVersion: linnet.dev/v1alpha1
kind: BGPPeer
metadata: {name: tor}
spec: {peerAddress: 10.0.0.254, asNumber: 65000}
---
apiVersion: linnet.dev/v1alpha1
kind: BGPPeer
metadata: {name: uplink}
spec: {interface: eth1, asNumber: external}
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "linnet-node-"));
  if (needsRoot.skip) return;
  namespaces.add("node");
  for (const line of [
    "link add eth0 mtu 9000 type veth peer name rack",
    "link set rack up",
    "address add 10.0.0.1/24 dev eth0",
    "link set eth0 up",
    "route add default via 10.0.0.254",
  ]) {
    namespaces.run("node", ["ip", ...line.split(" ")]);
  }
});
afterEach(() => {
  namespaces.removeAll();
  rmSync(folder, { recursive: true });
});

function linnet(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const argv = ["netns", "exec", namespaces.nameOf("node"), process.execPath, program, ...args];
  const { status, stdout, stderr } = spawnSync("ip", [...argv, "--manifests", folder], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Routes that carry our mark. */
const ours = (): string =>
  ["-4", "-6"]
    .map((family) => namespaces.run("node", ["ip", family, "route", "show", "table", "all", "proto", "bgp"]))
    .join("");

test(
  "--dry-run tells sessions, own prefixes, the CNI file with the uplink's MTU and the masquerade table, and touches nothing",
  needsRoot,
  () => {
    writeFileSync(join(folder, "a.yaml"), manifests(""));
    const { status, stdout, stderr } = linnet("run", "--node", "n1", "--dry-run");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const line of [
      "node n1: AS 64512, router id 10.0.0.1, port 179",
      "  Global_10_0_0_254: 10.0.0.254 AS 65000; families ipv4 ipv6; import by default; export by default",
      "  Global_eth1: whoever is found on eth1 AS external; families ipv4 ipv6; import by default; export by default",
      "  10.244.1.0/24 from node/n1, blackhole in the kernel",
      `CNI file ${join(folder, "net.d/10-linnet.conflist")}:`,
      '      "mtu": 9000,',
      "nftables table inet linnet:",
      "\t\tip saddr @pods4 ip daddr != @inside4 masquerade fully-random",
    ]) {
      expect(stdout.split("\n")).toContain(line);
    }
    expect(ours()).toBe("");
    expect(namespaces.run("node", ["nft", "list", "ruleset"])).toBe("");
    expect(existsSync(join(folder, "net.d"))).toBe(false);
  },
);

test.each([
  ["ptp", "", 9000, { type: "ptp" }],
  ["a bridge", ", plugin: bridge", 9000, { type: "bridge", bridge: "linnet0", isGateway: true }],
  ["an MTU of its own", ", mtu: 1400", 1400, { type: "ptp" }],
])("cni install writes %s, whole or not at all, and once", needsRoot, (_what, settings, mtu, plugin) => {
  writeFileSync(join(folder, "a.yaml"), manifests(settings));
  const path = join(folder, "net.d/10-linnet.conflist");
  expect(linnet("cni", "install", "--node", "n1")).toEqual({ status: 0, stdout: `${path}: written\n`, stderr: "" });
  const { plugins } = JSON.parse(readFileSync(path, "utf8")) as { plugins: object[] };
  expect(plugins[0]).toMatchObject({ ...plugin, mtu, ipMasq: false });
  expect(plugins[1]).toMatchObject({ type: "portmap" });
  expect(linnet("cni", "install", "--node", "n1").stdout).toBe(`${path}: is already as it should be\n`);
  expect(readdirSync(join(folder, "net.d"))).toEqual(["10-linnet.conflist"]);
});

test("cni install without a CNI configuration, or without the node, is one line", needsRoot, () => {
  writeFileSync(join(folder, "a.yaml"), manifests("").replace("enabled: true, path", "enabled: false, path"));
  const off = "BGPConfiguration/default: spec.cni.enabled is not true\n";
  expect(linnet("cni", "install", "--node", "n1")).toEqual({ status: 1, stdout: "", stderr: off });
  const { status, stderr } = linnet("cni", "install", "--node", "n9");
  expect([status, stderr.trimEnd().split("\n")]).toEqual([
    1,
    ["Node/n9: there is no Node object of this name: nothing can be run for it"],
  ]);
});
