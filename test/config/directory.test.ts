import { expect, test } from "vitest";
import { emptyDirectory, readDirectory } from "#config/directory.ts";
import { formatRemark } from "#config/manifests.ts";
import { nodeYaml, ourYaml } from "./objects-of.ts";

const peer = (spec: object = {}): string =>
  ourYaml("BGPPeer", "tor", { peerAddress: "10.0.0.1", asNumber: 65000, ...spec });
const read = (files: Readonly<Record<string, string>>, previous = emptyDirectory) =>
  readDirectory(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    previous,
  );

test("an object that becomes invalid keeps its last valid state, and is reported", () => {
  const before = read({ "a.yaml": peer({ port: 1790 }) });
  const after = read({ "a.yaml": peer({ port: 0 }) }, before);
  expect(after.objects.BGPPeer.get("tor")?.value.spec.port).toBe(1790);
  expect(after.remarks.map(formatRemark)).toEqual(["a.yaml:2: BGPPeer/tor: spec.port: 0 is too small: at least 1"]);
});

test("the last valid state outlives many invalid ones, and ends with a valid one", () => {
  let state = read({ "a.yaml": peer({ port: 1790 }) });
  for (const port of [0, "x", 70_000]) state = read({ "a.yaml": peer({ port }) }, state);
  expect(state.objects.BGPPeer.get("tor")?.value.spec.port).toBe(1790);
  state = read({ "a.yaml": peer({ port: 1791 }) }, state);
  expect(state.objects.BGPPeer.get("tor")?.value.spec.port).toBe(1791);
  expect(state.remarks).toEqual([]);
});

test("an object that was never valid is not there", () => {
  expect(read({ "a.yaml": peer({ port: 0 }) }).objects.BGPPeer.size).toBe(0);
});

test("an object that is deleted is gone, valid or not", () => {
  const valid = read({ "a.yaml": peer(), "b.yaml": nodeYaml("n1", [], []) });
  expect(read({ "b.yaml": nodeYaml("n1", [], []) }, valid).objects.BGPPeer.size).toBe(0);
  const invalid = read({ "a.yaml": peer({ port: 0 }) }, valid);
  expect(read({}, invalid).objects.BGPPeer.size).toBe(0);
});

test("where a part of a file cannot be read, the file's objects that cannot be seen stay", () => {
  const before = read({ "a.yaml": nodeYaml("n1", [], []) + nodeYaml("n2", [], []), "b.yaml": nodeYaml("n3", [], []) });
  const after = read({ "a.yaml": `${nodeYaml("n1", ["10.0.0.1"], [])}---\n{"apiVersion": "v1"\n` }, before);
  expect([...after.objects.Node.keys()].sort()).toEqual(["n1", "n2"]);
  expect(after.objects.Node.get("n1")?.value.status.addresses).toHaveLength(1);
});

test("a file that cannot be opened keeps its objects in force", () => {
  const before = read({ "a.yaml": peer() });
  const after = readDirectory([{ path: "a.yaml", unreadable: "permission denied" }], before);
  expect(after.objects.BGPPeer.has("tor")).toBe(true);
  expect(after.remarks.map(formatRemark)).toEqual(["a.yaml:1: manifest: cannot be read: permission denied"]);
});

test("of two objects with one name the first stays, whatever order the files are listed in", () => {
  const files = { "b.yaml": peer({ port: 2 }), "a.yaml": peer({ port: 1 }) };
  const state = read(files);
  expect(state.objects.BGPPeer.get("tor")?.value.spec.port).toBe(1);
  expect(state.remarks.map(formatRemark)).toEqual([
    "b.yaml:2: BGPPeer/tor: metadata.name: there is another one in a.yaml, which stays in force",
  ]);
  expect(read({ "a.yaml": files["a.yaml"], "b.yaml": files["b.yaml"] }).objects).toEqual(state.objects);
});

test("a file that did not change gives the very same objects", () => {
  const before = read({ "a.yaml": peer(), "b.yaml": nodeYaml("n1", [], []) });
  const after = read({ "a.yaml": peer(), "b.yaml": nodeYaml("n2", [], []) }, before);
  expect(after.objects.BGPPeer.get("tor")).toBe(before.objects.BGPPeer.get("tor"));
});
