import { expect, test } from "vitest";
import { setOf } from "#config/objects.ts";
import { readObject } from "#config/validate.ts";
import { always } from "#k8s/resources.ts";
import { wanted } from "#k8s/wanted.ts";
import { configuration, node, peer } from "../support/api-server/cluster.ts";
import type { JsonObject } from "../support/api-server/patch.ts";

const kept = always.map(({ id }) => id);

const extra = (...objects: JsonObject[]): string[] => {
  const set = setOf(
    [node("n1", 1, { rack: "a" }), ...objects].map((object) => {
      const reading = readObject(object, { from: "api" });
      if (reading.is !== "object") throw new Error(JSON.stringify(reading));
      return reading.object;
    }),
  );
  const ids = wanted(set, "n1").map(({ id }) => id);
  expect(ids.slice(0, kept.length)).toEqual(kept);
  return ids.slice(kept.length);
};

const password = (name: string, key = "k"): JsonObject => ({
  password: { secretKeyRef: { namespace: "net", name, key } },
});
const rack = (name: string): JsonObject => ({ matchLabels: { rack: name } });

test("without advertisements and passwords nothing more is followed", () => {
  expect(extra(configuration(), peer("tor", {}))).toEqual([]);
});

test("Services are followed where this node advertises some", () => {
  const addresses = ["ClusterIP"];
  expect(extra(configuration({ serviceAdvertisements: [{ addresses }] }))).toEqual(["Service", "EndpointSlice"]);
  expect(extra(configuration({ serviceAdvertisements: [{ addresses, nodeSelector: rack("b") }] }))).toEqual([]);
});

test("a Secret is followed where a neighbour of this node needs it, once, with all its keys", () => {
  const peers = [
    peer("p1", password("one", "a")),
    peer("p2", password("one", "b")),
    peer("p3", { ...password("other"), nodeSelector: rack("b") }),
    peer("p4", { ...password("mine"), nodeSelector: rack("a") }),
  ];
  expect(extra(...peers)).toEqual(["Secret/net/one", "Secret/net/mine"]);
});

test("so is the mesh's", () => {
  const meshPassword = { secretKeyRef: { namespace: "net", name: "mesh", key: "k" } };
  expect(extra(configuration({ meshPassword }))).toEqual(["Secret/net/mesh"]);
});
