import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "#config/compile/compile.ts";
import { Memory } from "#config/compile/memory.ts";
import { formatRemark } from "#config/manifests.ts";
import type { NodeConfig } from "#config/node-config.ts";
import { allObjects, emptySet, type ObjectSet, withObject, withoutObject } from "#config/objects.ts";
import { nodeYaml, objectsOf, ourYaml } from "../objects-of.ts";

test("what was made stays while its inputs are the very same", () => {
  const memory = new Memory();
  const inputs = [{}, 1];
  const first = memory.recall("a", inputs, () => ({}));
  expect(memory.recall("a", [...inputs], () => ({}))).toBe(first);
  expect(memory.recall("b", inputs, () => ({}))).not.toBe(first);
  expect(memory.recall("a", [{}, 1], () => ({}))).not.toBe(first);
  const object = {};
  const one = memory.recallOf("a", object, [1], () => ({}));
  expect(memory.recallOf("a", object, [1], () => ({}))).toBe(one);
  expect(memory.recallOf("a", {}, [1], () => ({}))).not.toBe(one);
  expect(memory.recallOf("a", object, [2], () => ({}))).not.toBe(one);
});

/** Objects that meet: addresses, blocks, router ids, names and policies collide often. */
const small = fc.integer({ min: 1, max: 3 });
const node = fc
  .record({ name: small, address: small, block: small, six: fc.boolean(), rack: small, reflects: fc.boolean() })
  .map((one) => {
    const addresses = [`10.0.0.${one.address}`, ...(one.six ? [`fd00::${one.name}`] : [])];
    const blocks = [`10.1.${one.block}.0/24`, ...(one.six ? [`fd00:${one.block}::/64`] : [])];
    const annotations = one.reflects ? { "linnet.dev/reflector-cluster-id": "9.9.9.9" } : {};
    return nodeYaml(`n${one.name}`, addresses, blocks, { labels: { rack: `r${one.rack}` }, annotations });
  });
const rack = small.map((number) => ({ matchLabels: { rack: `r${number}` } }));
const peer = fc
  .record({ name: small, address: small, policy: small, nodeSelector: rack, port: fc.constantFrom(179, 1790) })
  .map((one) =>
    ourYaml("BGPPeer", `p${one.name}`, {
      peerAddress: `10.0.0.${one.address}`,
      asNumber: 65_000,
      importPolicies: [`q${one.policy}`],
      nodeSelector: one.nodeSelector,
      port: one.port,
    }),
  );
const pair = fc.record({ name: small, a: rack, b: rack }).map((one) => {
  return ourYaml("BGPPeer", `p${one.name}`, { nodeSelector: one.a, peerSelector: one.b });
});
const policy = small.map((number) => ourYaml("BGPPolicy", `q${number}`, { statements: [{ action: "Accept" }] }));
const namespaced = (kind: string, name: string, labels: object) => ({
  kind,
  metadata: { name, namespace: "x", labels },
});
const service = fc.record({ name: small, address: small, rack: small, local: fc.boolean() }).map((one) =>
  JSON.stringify({
    apiVersion: "v1",
    ...namespaced("Service", `s${one.name}`, { rack: `r${one.rack}` }),
    spec: {
      clusterIPs: [`10.96.0.${one.address}`],
      externalIPs: [`10.97.0.${one.address}`],
      internalTrafficPolicy: one.local ? "Local" : "Cluster",
    },
  }),
);
const slice = fc.record({ name: small, service: small, node: small, ready: fc.boolean() }).map((one) =>
  JSON.stringify({
    apiVersion: "discovery.k8s.io/v1",
    ...namespaced("EndpointSlice", `e${one.name}`, { "kubernetes.io/service-name": `s${one.service}` }),
    addressType: "IPv4",
    endpoints: [{ nodeName: `n${one.node}`, conditions: { ready: one.ready } }],
  }),
);
const configuration = fc.record({ rack, hold: small, full: fc.boolean(), masquerade: fc.boolean() }).map((one) =>
  ourYaml("BGPConfiguration", "default", {
    nodeMesh: one.full ? "Full" : "Disabled",
    reflectors: one.full ? [] : [{ nodeSelector: one.rack }],
    timers: { holdTime: `${one.hold * 3}s` },
    overrides: [{ nodeSelector: one.rack, asNumber: 64_513 }],
    masquerade: { enabled: one.masquerade },
    serviceAdvertisements: [
      { addresses: ["ClusterIP"], serviceSelector: one.rack, communities: ["1:1"] },
      { addresses: ["ClusterIP", "ExternalIP"], nodeSelector: one.rack },
    ],
  }),
);
const change = fc.oneof(
  {
    arbitrary: fc.oneof(node, node, peer, pair, policy, configuration, service, slice).map((put) => ({ put })),
    weight: 4,
  },
  { arbitrary: fc.nat(20).map((drop) => ({ drop })), weight: 1 },
);

function changed(objects: ObjectSet, { put, drop }: { put?: string; drop?: number }): ObjectSet {
  if (put !== undefined) return [...allObjects(objectsOf(put))].reduce(withObject, objects);
  const victim = [...allObjects(objects)][drop ?? 0];
  return victim === undefined ? objects : withoutObject(objects, victim.kind, victim.name);
}

test("whatever happened before, the result is that of a compilation without a memory", () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
      let objects = emptySet;
      let previous: NodeConfig | undefined;
      for (const one of changes) {
        objects = changed(objects, one);
        const [next, fresh] = [compile(objects, "n1", previous), compile(objects, "n1")];
        expect(next.config).toStrictEqual(fresh.config);
        expect(next.remarks.map(formatRemark)).toEqual(fresh.remarks.map(formatRemark));
        previous = next.config ?? previous;
      }
    }),
    { numRuns: 150 },
  );
});
