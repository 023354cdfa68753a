import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ChangeFilter } from "#k8s/changes.ts";
import { always, forServices } from "#k8s/resources.ts";
import { trim } from "#k8s/trim.ts";

const nodes = always.find(({ kind }) => kind === "Node");
if (nodes === undefined) throw new Error("Nodes are not watched");

const node = (name: string, address: string, noise: string) => ({
  metadata: {
    name,
    resourceVersion: noise,
    managedFields: [noise],
    annotations: { other: noise, "linnet.dev/drain": "x" },
  },
  spec: { podCIDRs: ["10.244.1.0/24"], taints: [{ key: "a", value: noise }] },
  status: {
    addresses: [{ type: "InternalIP", address }],
    conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: noise }],
  },
});

test("only what the daemon uses is kept", () => {
  expect(trim(node("n1", "192.0.2.1", "1"), nodes.shape)).toEqual({
    metadata: { name: "n1", annotations: { "linnet.dev/drain": "x" } },
    spec: { podCIDRs: ["10.244.1.0/24"], taints: [{ key: "a" }] },
    status: { addresses: [{ type: "InternalIP", address: "192.0.2.1" }] },
  });
});

test("what was trimmed stays as it is when it is trimmed again", () => {
  for (const { shape } of [...always, ...forServices]) {
    const one = node("n1", "192.0.2.1", "1");
    const down = { type: "Ready", status: "False", message: "node is shutting down", reason: "x" };
    for (const value of [one, { ...one, status: { ...one.status, conditions: [down] }, spec: { clusterIPs: ["x"] } }]) {
      const once = trim(value, shape);
      expect(trim(once, shape)).toEqual(once);
    }
  }
});

test("of the condition Ready only its failure is kept: it tells of a node that shuts down", () => {
  const ready = (status: string) => ({
    type: "Ready",
    status,
    message: "node is shutting down",
    lastHeartbeatTime: "1",
  });
  const conditions = [{ type: "DiskPressure", status: "False", message: "" }, null, ready("False")];
  const kept = (list: readonly unknown[]) => trim({ status: { conditions: list } }, nodes.shape);
  expect(kept(conditions)).toEqual({
    status: { conditions: [{ type: "Ready", status: "False", message: "node is shutting down" }] },
  });
  expect(kept([ready("True"), ready("Unknown")])).toEqual({ status: {} });
});

test.each([[null], [7], ["text"], [[1, 2]], [{ metadata: 3, status: { addresses: "none" } }]])(
  "trimming %j never throws and makes nothing up",
  (value) => {
    expect(JSON.stringify(value)).toContain(JSON.stringify(trim(value, nodes.shape)).slice(1, -1));
  },
);

test("a heartbeat is no change; a new address is one", () => {
  const filter = new ChangeFilter(nodes);
  expect(filter.apply(node("n1", "192.0.2.1", "1"))).toHaveLength(1);
  expect(filter.apply(node("n1", "192.0.2.1", "2"))).toEqual([]);
  expect(filter.apply(node("n1", "192.0.2.9", "3"))).toMatchObject([{ is: "put", key: "n1" }]);
});

test("a Pod that comes back on its node is no change of its Service", () => {
  const slices = forServices.find(({ kind }) => kind === "EndpointSlice");
  if (slices === undefined) throw new Error("EndpointSlices are not watched");
  const filter = new ChangeFilter(slices);
  const slice = (address: string, generation: number, ready: boolean) => ({
    metadata: { name: "web-a", namespace: "shop", generation, labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], nodeName: "n1", conditions: { ready, serving: ready } }],
  });
  expect(filter.apply(slice("10.0.0.1", 1, true))).toHaveLength(1);
  expect(filter.apply(slice("10.0.0.2", 2, true))).toEqual([]);
  expect(filter.apply(slice("10.0.0.2", 3, false))).toHaveLength(1);
});

test("of what was known before only the difference is told", () => {
  const before = new ChangeFilter(nodes);
  before.replace([node("n1", "192.0.2.1", "1"), node("n2", "192.0.2.2", "1"), node("n3", "192.0.2.3", "1")]);
  const after = new ChangeFilter(nodes, before.known);
  const changes = after.replace([node("n1", "192.0.2.1", "7"), node("n2", "192.0.2.9", "7")]);
  expect(changes.map(({ is, key }) => `${is} ${key}`)).toEqual(["put n2", "gone n3"]);
});

test("after any history the changes told add up to what the server has", () => {
  const object = fc.record({
    name: fc.constantFrom("a", "b", "c"),
    address: fc.constantFrom("192.0.2.1", "192.0.2.2"),
  });
  const event = fc.oneof(
    fc.record({ put: object }),
    fc.record({ gone: object }),
    fc.record({ list: fc.uniqueArray(object, { selector: ({ name }) => name }) }),
  );
  fc.assert(
    fc.property(fc.array(event), (events) => {
      let noise = 0;
      const filter = new ChangeFilter(nodes);
      const server = new Map<string, string>();
      const told = new Map<string, string>();
      for (const happened of events) {
        if ("list" in happened) server.clear();
        const objects = "list" in happened ? happened.list : "put" in happened ? [happened.put] : [];
        for (const { name, address } of objects) server.set(name, address);
        if ("gone" in happened) server.delete(happened.gone.name);
        const api = objects.map(({ name, address }) => node(name, address, `${++noise}`));
        const changes =
          "list" in happened
            ? filter.replace(api)
            : "put" in happened
              ? api.flatMap((each) => filter.apply(each))
              : filter.remove({ metadata: { name: happened.gone.name } });
        for (const change of changes) {
          if (change.is === "gone") told.delete(change.key);
          else
            told.set(
              change.key,
              (JSON.parse(change.text) as ReturnType<typeof node>).status.addresses[0]?.address ?? "",
            );
        }
        expect(told).toEqual(server);
        expect(filter.size).toBe(server.size);
      }
    }),
  );
});

const recordings = join(import.meta.dirname, "../../../shared/k8s-transcripts/v1.36.2-cluster3");
test.skipIf(!existsSync(recordings))(
  "the recorded heartbeats of a real cluster are next to no changes (needs ../shared)",
  () => {
    const [body = ""] = globSync(join(recordings, "007-watch-nodes/body"));
    const events = readFileSync(body, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; object: object });
    const modified = events.filter(({ type }) => type === "MODIFIED");
    expect(modified.length).toBeGreaterThan(100);
    const filter = new ChangeFilter(nodes);
    const changes = modified.flatMap(({ object }) => filter.apply(object));
    expect(changes.length).toBeLessThan(12); // a node was switched off, came back and was deleted: its taints
  },
);
