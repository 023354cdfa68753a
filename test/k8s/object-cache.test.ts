import { expect, test } from "vitest";
import { ObjectCache } from "#k8s/object-cache.ts";
import { always } from "#k8s/resources.ts";
import { node, peer } from "../support/api-server/cluster.ts";
import type { JsonObject } from "../support/api-server/patch.ts";

const put = (key: string, object: JsonObject, resourceVersion = "1") =>
  ({ is: "put", key, object, resourceVersion }) as const;

test("what did not change stays the same value, map and object", () => {
  const cache = new ObjectCache();
  cache.apply("Node", [put("n1", node("n1", 1)), put("n2", node("n2", 2))]);
  cache.apply("BGPPeer", [put("tor", peer("tor", {}))]);
  const before = cache.state().objects;
  cache.apply("Node", [put("n2", node("n2", 3), "2"), put("n1", node("n1", 1))]);
  const after = cache.state().objects;
  expect(after.BGPPeer).toBe(before.BGPPeer);
  expect(after.Node).not.toBe(before.Node);
  expect(after.Node.get("n1")).toBe(before.Node.get("n1"));
  expect(cache.state().objects).toBe(after);
});

test("an invalid object keeps its last valid state in force, and one that was never valid has none", () => {
  const cache = new ObjectCache();
  cache.apply("BGPPeer", [put("tor", peer("tor", {}))]);
  cache.apply("BGPPeer", [put("tor", peer("tor", { port: 0 }), "2"), put("new", peer("new", { port: 0 }))]);
  const { objects, remarks } = cache.state();
  expect([...objects.BGPPeer.keys()]).toEqual(["tor"]);
  expect(remarks.map(({ object }) => object)).toEqual(["BGPPeer/tor", "BGPPeer/new"]);
  cache.apply("BGPPeer", [{ is: "gone", key: "tor" }]);
  expect(cache.state().objects.BGPPeer.size).toBe(0);
});

test("what is saved is restored, and what the server no longer tells goes", () => {
  const cache = new ObjectCache();
  cache.apply("Node", [put("n1", node("n1", 1)), put("n2", node("n2", 2))]);
  const restored = new ObjectCache();
  for (const each of cache.save()) restored.restore(JSON.parse(JSON.stringify(each)));
  expect(restored.state().objects.Node.size).toBe(2);
  const [nodes] = always;
  if (nodes !== undefined) restored.settle(nodes, new Set(["n2"]));
  expect([...restored.state().objects.Node.keys()]).toEqual(["n2"]);
});
