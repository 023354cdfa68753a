import { expect, test } from "vitest";
import { compile } from "#config/compile/compile.ts";
import { formatRemark } from "#config/manifests.ts";
import { nodeYaml, objectsOf, ourYaml } from "../objects-of.ts";

const n1 = nodeYaml("n1", ["10.0.0.1"], []);
const secret = (name: string): string => {
  const metadata = { name, namespace: "kube-system" };
  return `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, stringData: { k: name } })}\n`;
};
const password = (name: string): object => ({ password: { secretKeyRef: { name, key: "k" } } });
const peer = (name: string, spec: object): string => ourYaml("BGPPeer", name, { asNumber: 65_000, ...spec });
const linkLocal = (link: string, spec: object): string =>
  peer(link, { peerAddress: "fe80::1", interface: link, ...spec });
const remarks = (...texts: string[]): string[] =>
  compile(objectsOf(n1, secret("a"), secret("b"), ...texts), "n1").remarks.map(
    (remark) => `${remark.severity}${remark.conflict ? ", conflict" : ""}: ${formatRemark(remark)}`,
  );

test("two passwords for one link-local address on two links are a conflict, said with the field and both neighbours", () => {
  expect(remarks(linkLocal("eth0", password("a")), linkLocal("eth1", password("b")))).toEqual([
    "error, conflict: m4.yaml:2: BGPPeer/eth1: spec.password: calls from fe80::1 have to be signed on every link with the password of Global_fe80__1_eth0 of BGPPeer/eth0; only our own calls begin this session",
  ]);
  expect(remarks(linkLocal("eth0", {}), linkLocal("eth1", password("b")))).toEqual([
    expect.stringMatching(
      /^error, conflict: .*BGPPeer\/eth0: spec.password: .*of Global_fe80__1_eth1 of BGPPeer\/eth1;/,
    ),
  ]);
});

test("one password for both, or none, is fine", () => {
  expect(remarks(linkLocal("eth0", password("a")), linkLocal("eth1", password("a")))).toEqual([]);
  expect(remarks(linkLocal("eth0", {}), linkLocal("eth1", {}))).toEqual([]);
});

test("two neighbours of one address on two ports: the second has no calls, which it may do without, unless it is passive", () => {
  const [one, two] = [peer("one", { peerAddress: "10.0.0.254" }), { peerAddress: "10.0.0.254", port: 1790 }];
  const calls = "calls from 10.0.0.254 are taken for Global_10_0_0_254 of BGPPeer/one";
  expect(remarks(one, peer("two", two))).toEqual([
    `warning: m4.yaml:2: BGPPeer/two: spec.port: ${calls}; only our own calls begin this session`,
  ]);
  expect(remarks(one, peer("two", { ...two, passive: true }))).toEqual([
    `error, conflict: m4.yaml:2: BGPPeer/two: spec.port: ${calls}; a passive session does not come up without them`,
  ]);
});

test("an object of many neighbours that all clash is told of the first, and how many more there are", () => {
  const nodes = ["10.0.0.2", "10.0.0.3", "10.0.0.4"].map((at, index) => nodeYaml(`n${index + 2}`, [at], []));
  const beside = ourYaml("BGPPeer", "beside", { peerSelector: {}, nodeSelector: {}, port: 1790 });
  expect(remarks(...nodes, beside)).toEqual([
    expect.stringMatching(
      /^warning: .*BGPPeer\/beside: spec.port: calls from 10.0.0.2 are taken for Mesh_10_0_0_2 of BGPConfiguration\/default; only .*; so it is with 2 more of its neighbours$/,
    ),
  ]);
});
