import { expect, test } from "vitest";
import { readObject } from "#config/validate.ts";
import { ObjectCache } from "#k8s/object-cache.ts";
import { always, secretNamed } from "#k8s/resources.ts";
import { node, peer, secret, service } from "../support/api-server/cluster.ts";
import type { JsonObject } from "../support/api-server/patch.ts";

const put = (key: string, object: JsonObject) => ({ is: "put", key, text: JSON.stringify(object) }) as const;

test("what did not change stays the same value, map and object", () => {
  const cache = new ObjectCache();
  cache.apply("Node", [put("n1", node("n1", 1)), put("n2", node("n2", 2))]);
  cache.apply("BGPPeer", [put("tor", peer("tor", {}))]);
  const before = cache.state().objects;
  cache.apply("Node", [put("n2", node("n2", 3))]);
  const after = cache.state().objects;
  expect(after.BGPPeer).toBe(before.BGPPeer);
  expect(after.Node).not.toBe(before.Node);
  expect(after.Node.get("n1")).toBe(before.Node.get("n1"));
  expect(before.Node.get("n2")).not.toBe(after.Node.get("n2"));
  expect(cache.state().objects).toBe(after);
});

test("an invalid object keeps its last valid state in force, and one that was never valid has none", () => {
  const cache = new ObjectCache();
  cache.apply("BGPPeer", [put("tor", peer("tor", {}))]);
  cache.apply("BGPPeer", [put("tor", peer("tor", { port: 0 })), put("new", peer("new", { port: 0 }))]);
  const { objects, remarks } = cache.state();
  expect([...objects.BGPPeer.keys()]).toEqual(["tor"]);
  expect(remarks.map(({ object }) => object)).toEqual(["BGPPeer/tor", "BGPPeer/new"]);
  cache.apply("BGPPeer", [put("new", peer("new", {}))]);
  expect(cache.state().remarks.map(({ object }) => object)).toEqual(["BGPPeer/tor"]);
  cache.apply("BGPPeer", [{ is: "gone", key: "tor" }]);
  expect([...cache.state().objects.BGPPeer.keys()]).toEqual(["new"]);
  expect(cache.state().remarks).toEqual([]);
});

test("our own objects are judged as they are told, valid or not", () => {
  const cache = new ObjectCache();
  const conditions = [
    { type: "Accepted", status: "True", reason: "Valid", message: "", lastTransitionTime: "2026-11-21T00:00:00Z" },
  ];
  const tor = peer("tor", { port: 0 });
  cache.apply("BGPPeer", [put("tor", { ...tor, metadata: { name: "tor", generation: 3 }, status: { conditions } })]);
  cache.apply("Node", [put("n1", node("n1", 1))]);
  expect(cache.judged()).toMatchObject([{ kind: "BGPPeer", name: "tor", generation: 3, conditions }]);
  expect(cache.judged()[0]?.remarks).toHaveLength(1);
  cache.apply("BGPPeer", [{ is: "gone", key: "tor" }]);
  expect(cache.judged()).toEqual([]);
});

test("what is followed no more is forgotten, valid or not, and nothing else", () => {
  const cache = new ObjectCache();
  cache.apply("Node", [put("n1", node("n1", 1)), put("n2", { ...node("n2", 2), spec: { podCIDRs: ["x"] } })]);
  cache.apply("Secret", [put("net/a", secret("net", "a", {})), put("net/b", secret("net", "b", {}))]);
  cache.forget(secretNamed("net", "a", []));
  expect([...cache.state().objects.Secret.keys()]).toEqual(["net/b"]);
  expect([cache.state().objects.Node.size, cache.state().remarks.length]).toEqual([1, 1]);
  for (const resource of always) cache.forget(resource);
  expect([cache.state().objects.Node.size, cache.state().remarks.length]).toEqual([0, 0]);
  expect(cache.state().objects.Secret.size).toBe(1);
});

test("Services and slices say the same each time they are asked, and are the same values until they change", () => {
  const cache = new ObjectCache();
  const web = service("shop", "web");
  cache.apply("Service", [put("shop/web", web), put("shop/other", service("shop", "other"))]);
  const kept = cache.state().objects.Service.get("shop/web");
  const reading = readObject(web, { from: "api" });
  const expected = reading.is === "object" ? reading.object : undefined;
  for (let time = 0; time < 3; time++) expect(kept?.value).toEqual(expected?.value);
  expect([kept?.kind, kept?.name, kept?.source]).toEqual(["Service", "shop/web", { from: "api" }]);
  cache.apply("Service", [put("shop/other", service("shop", "other"))]);
  expect(cache.state().objects.Service.get("shop/web")).toBe(kept);
});
