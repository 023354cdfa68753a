import * as v from "valibot";
import { expect, test } from "vitest";
import { bgpNodeStatus } from "#config/schema/bgp-node-status.ts";
import { changeOf, nodeStatus } from "#k8s/writes/node-status.ts";
import { down, observedNode, START_MS, session } from "../../support/observed-node.ts";

const many = Array.from({ length: 500 }, (_, index) => session(`mesh${index}`, { origin: "mesh" }));

test("what is written has the schema's form, however much there is to say", () => {
  const sessions = [...many, down("tor", { remoteAs: undefined, lastError: { text: "x".repeat(999), ms: START_MS } })];
  const status = nodeStatus(observedNode({ sessions }), START_MS);
  const parsed = v.safeParse(bgpNodeStatus, { metadata: { name: "n1" }, status });
  expect(parsed.issues).toBe(undefined);
  expect(status.sessions).toEqual({ configured: 501, established: 500 });
});

test("those that are down stand first, then those of BGPPeers, and 64 are listed", () => {
  const sessions = [...many, session("tor1"), down("tor2"), down("mesh999", { origin: "mesh" })];
  const { neighbors } = nodeStatus(observedNode({ sessions }), START_MS);
  expect(neighbors.slice(0, 4).map(({ name }) => name)).toEqual(["tor2", "mesh999", "tor1", "mesh0"]);
  expect(neighbors.length).toBe(64);
});

test("numbers, states and nothing at all are told apart", () => {
  const at = (sessions: Parameters<typeof observedNode>[0], afterMs = 0) =>
    nodeStatus(observedNode(sessions), START_MS + afterMs);
  const before = at({ sessions: [session("tor")] });
  expect(changeOf(before, nodeStatus(observedNode({ sessions: [session("tor")] }), START_MS + 5000, before))).toBe(
    "none",
  );
  const routes = { received: 2, accepted: 2, advertised: 1 };
  expect(changeOf(before, at({ sessions: [session("tor", { families: { ipv4: routes } })] }))).toBe("counts");
  expect(changeOf(before, at({ sessions: [down("tor")] }))).toBe("state");
  const refused = { selected: 3, installed: 2, failed: 1 };
  expect(changeOf(before, at({ sessions: [session("tor")], tables: { ipv4: refused, ipv6: refused } }))).toBe("state");
});

test("dialling changes nothing from one second to the next", () => {
  const at = (state: "Connect" | "Active" | "OpenSent", sinceMs: number) =>
    nodeStatus(observedNode({ sessions: [down("tor", { state, sinceMs })] }), START_MS);
  expect(changeOf(at("Connect", START_MS + 1000), at("OpenSent", START_MS + 2000))).toBe("none");
});

test("the time of the last transition stays until the condition turns", () => {
  const first = nodeStatus(observedNode(), START_MS);
  const second = nodeStatus(observedNode(), START_MS + 60_000, first);
  const third = nodeStatus(observedNode({ routesReady: false }), START_MS + 90_000, second);
  const [a, b, c] = [first, second, third].map(({ conditions }) => conditions[0].lastTransitionTime);
  expect(b).toBe(a);
  expect(c).not.toBe(a);
});
