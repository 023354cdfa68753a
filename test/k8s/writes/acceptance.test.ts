import { expect, test } from "vitest";
import { acceptance, concerned, type Judged, writerRank } from "#k8s/writes/acceptance.ts";
import { NodeSearch } from "#k8s/writes/node-search.ts";
import { nodeYaml, objectsOf, ourYaml } from "../../config/objects-of.ts";
import { START_MS } from "../../support/observed-node.ts";

const source = { from: "api" } as const;
const wrong = {
  severity: "error",
  object: "BGPPeer/tor",
  path: ["spec", "asNumber"],
  text: "is too large",
  source,
} as const;
const tor: Judged = { kind: "BGPPeer", name: "tor", generation: 2, conditions: [], remarks: [] };
const peer = (changes: Partial<Judged>): Judged => ({ ...tor, ...changes });

const asking = ourYaml("BGPPeer", "tor", {
  ...{ peerAddress: "192.0.2.1", asNumber: 1 },
  importPolicies: ["in", "lost"],
  exportPolicies: ["out", "lost"],
});
const policy = (name: string): string => ourYaml("BGPPolicy", name, { statements: [{ action: "Accept" }] });

/** The conditions that are written. @param known text of the objects in force */
function allWritten(object: Judged, nowMs = START_MS, known = ""): Judged["conditions"] {
  const [request] = acceptance([object], objectsOf(known), new NodeSearch(), nowMs);
  return (request?.body as { status: { conditions: Judged["conditions"] } } | undefined)?.status.conditions ?? [];
}
const written = (object: Judged, nowMs = START_MS): Judged["conditions"][number] | undefined =>
  allWritten(object, nowMs)[0];

test("a valid object is accepted, an invalid one is not, and both say of which generation", () => {
  expect(written(tor)).toMatchObject({ type: "Accepted", status: "True", observedGeneration: 2 });
  expect(written(peer({ remarks: [wrong] }))).toMatchObject({
    status: "False",
    message: "not in force; the last valid state stays, if there was one: spec.asNumber: is too large",
  });
});

test("a warning alone is accepted", () => {
  expect(written(peer({ remarks: [{ ...wrong, severity: "warning" }] }))?.status).toBe("True");
});

test("what is there already is not written again; a new generation is, with the old time", () => {
  const before = written(tor);
  const conditions = before === undefined ? [] : [before];
  expect(conditions.length).toBe(1);
  expect(written(peer({ conditions }), START_MS + 1000)).toBe(undefined);
  const next = written(peer({ conditions, generation: 3 }), START_MS + 1000);
  expect(next?.lastTransitionTime).toBe(before?.lastTransitionTime);
  const turned = written(peer({ conditions, generation: 3, remarks: [wrong] }), START_MS + 1000);
  expect(turned?.lastTransitionTime).not.toBe(before?.lastTransitionTime);
});

test("a neighbour whose policies are not there says which, and from when they are", () => {
  const known = asking + policy("in") + policy("out");
  const lost = allWritten(tor, START_MS, known);
  expect(lost).toMatchObject([
    { type: "Accepted", status: "True" },
    {
      ...{ type: "ResolvedRefs", status: "False", reason: "PolicyNotFound", observedGeneration: 2 },
      message: "there is no BGPPolicy/lost: nothing passes until there is",
    },
  ]);
  expect(allWritten(peer({ conditions: lost }), START_MS + 1000, known)).toEqual([]);
  const found = allWritten(peer({ conditions: lost }), START_MS + 1000, known + policy("lost"));
  expect(found).toMatchObject([
    { type: "Accepted", lastTransitionTime: lost[0]?.lastTransitionTime },
    { type: "ResolvedRefs", status: "True", reason: "Resolved" },
  ]);
  expect(found[1]?.lastTransitionTime).not.toBe(lost[1]?.lastTransitionTime);
});

test("what names nothing has nothing to find, and an invalid neighbour says what its state in force names", () => {
  const plain = ourYaml("BGPPeer", "tor", { peerAddress: "192.0.2.1", asNumber: 1 });
  expect(allWritten(tor, START_MS, plain).map(({ type }) => type)).toEqual(["Accepted", "ResolvedRefs"]);
  expect(allWritten({ ...tor, kind: "BGPPolicy" }).map(({ type }) => type)).toEqual(["Accepted"]);
  expect(allWritten(peer({ remarks: [wrong] })).map(({ type }) => type)).toEqual(["Accepted"]);
  const invalid = allWritten(peer({ remarks: [wrong] }), START_MS, asking);
  expect(invalid.map(({ status }) => status)).toEqual(["False", "False"]);
});

test("the first three nodes by name write, in that order", () => {
  const nodes = ["n4", "n2", "n1", "n3"];
  expect(nodes.map((name) => writerRank(nodes, name))).toEqual([undefined, 1, 0, 2]);
});

test("a neighbour whose selector no node answers to says so, and which selector that is", () => {
  const inRack = (rack: string): string => nodeYaml(`n-${rack}`, ["192.0.2.7"], [], { labels: { rack } });
  const known = ourYaml("BGPPeer", "tor", {
    ...{ peerAddress: "192.0.2.1", asNumber: 1 },
    nodeSelector: { matchLabels: { rack: "a" } },
  });
  const lost = allWritten(tor, START_MS, known + inRack("b"));
  expect(lost.map(({ type }) => type)).toEqual(["Accepted", "ResolvedRefs", "NodesSelected"]);
  expect(lost[2]).toMatchObject({
    ...{ status: "False", reason: "NoMatchingNode", observedGeneration: 2 },
    message: "no node has the labels that spec.nodeSelector asks for",
  });
  expect(allWritten(peer({ conditions: lost }), START_MS + 1000, known + inRack("b"))).toEqual([]);
  const found = allWritten(peer({ conditions: lost }), START_MS + 1000, known + inRack("b") + inRack("a"));
  expect(found[2]).toMatchObject({ type: "NodesSelected", status: "True", reason: "Selected" });
});

test("of a configuration every selector that nobody answers to is named", () => {
  const nobody = { matchLabels: { role: "nobody" } };
  const known = ourYaml("BGPConfiguration", "default", {
    reflectors: [{ nodeSelector: {} }, { nodeSelector: nobody, clientSelector: {} }],
    overrides: [{ nodeSelector: nobody }],
    advertisements: [{ cidr: "192.0.2.0/24" }, { cidr: "198.51.100.0/24", nodeSelector: nobody }],
    serviceAdvertisements: [{ addresses: ["ClusterIP"], nodeSelector: nobody }],
  });
  const configuration = peer({ kind: "BGPConfiguration", name: "default" });
  const [, selected] = allWritten(configuration, START_MS, known + nodeYaml("n1", ["192.0.2.7"], []));
  expect(selected?.message).toBe(
    "no node has the labels that spec.reflectors[1].nodeSelector, spec.overrides[0].nodeSelector, " +
      "spec.advertisements[1].nodeSelector, spec.serviceAdvertisements[0].nodeSelector ask for",
  );
  expect(allWritten(configuration, START_MS, ourYaml("BGPConfiguration", "default", {})).length).toBe(1);
});

test("what is wrong with a BGPPeer is told by nodes that it selects, since others may not see it", () => {
  const node = (name: string, rack: string): string => nodeYaml(name, [], [], { labels: { rack } });
  const nodes = ["n1", "n2", "n3", "n4"].map((name) => node(name, "a")).join("") + node("n8", "b") + node("n9", "b");
  const inRack = (name: string, rack: string): string =>
    ourYaml("BGPPeer", name, { ...{ peerAddress: "192.0.2.1", asNumber: 1 }, nodeSelector: { matchLabels: { rack } } });
  const between = ourYaml("BGPPeer", "between", { nodeSelector: { matchLabels: { rack: "b" } }, peerSelector: {} });
  const objects = objectsOf(nodes, inRack("b", "b"), inRack("nobody", "c"), between);
  const told = (object: string | undefined): string[] => [...concerned(objects, object)].sort();
  const all = ["n1", "n2", "n3", "n4", "n8", "n9"];
  expect(told("BGPPeer/b")).toEqual(["n8", "n9"]);
  for (const object of [undefined, "BGPPeer/nobody", "BGPPeer/between", "BGPPeer/lost", "BGPPolicy/b"]) {
    expect(told(object)).toEqual(all);
  }
});
