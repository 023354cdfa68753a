import fc from "fast-check";
import { expect, test } from "vitest";
import { migrateCalico } from "#migrate/calico.ts";
import { foreignObjects } from "#migrate/foreign.ts";
import { migrateKubeRouter } from "#migrate/kube-router.ts";
import { migrateMetallb } from "#migrate/metallb.ts";
import { fromCalicoSelector } from "#migrate/selectors.ts";
import { faultsOf } from "./read.ts";

const systems = { calico: migrateCalico, "kube-router": migrateKubeRouter, metallb: migrateMetallb };
const group = { calico: "crd.projectcalico.org/v1", "kube-router": "v1", metallb: "metallb.io/v1beta1" };

const names = [
  "peerIP",
  "peerAddress",
  "asNumber",
  "myASN",
  "peerASN",
  "nodeSelector",
  "cidr",
  "importV4",
  "communities",
];
const more = [
  "matchOperator",
  "action",
  "nodeSelectors",
  "matchLabels",
  "holdTime",
  "serviceClusterIPs",
  "secretKeyRef",
];
const value = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      -1,
      64_512,
      "",
      "all()",
      "In",
      "Reject",
      "10.0.0.0/8",
      "192.0.2.1:179",
      "90s",
    ),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names, ...more), tie("json"), { maxKeys: 5 }),
  ),
})).json;
const kinds = [
  "BGPConfiguration",
  "BGPPeer",
  "BGPFilter",
  "IPPool",
  "Node",
  "BGPAdvertisement",
  "Community",
  "DaemonSet",
];

test.each(Object.keys(systems) as (keyof typeof systems)[])(
  "whatever %s's objects hold, what is printed is valid",
  (system) => {
    const object = fc.record({
      apiVersion: fc.constantFrom(group[system], "v1"),
      kind: fc.constantFrom(...kinds),
      metadata: fc.record({ name: fc.constantFrom("default", "a", "B_c"), annotations: value }),
      spec: value,
    });
    fc.assert(
      fc.property(fc.array(object, { maxLength: 4 }), (objects) => {
        expect(faultsOf(systems[system](foreignObjects(objects)))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  },
);

test.each<[string, object | undefined]>([
  ["all()", {}],
  ["a == 'b'", { matchLabels: { a: "b" } }],
  ['a != "b"', { matchExpressions: [{ key: "a", operator: "NotIn", values: ["b"] }] }],
  ["has(x/y) && x/z == 'w'", { matchLabels: { "x/z": "w" }, matchExpressions: [{ key: "x/y", operator: "Exists" }] }],
  ["a not in {'b', 'c'}", { matchExpressions: [{ key: "a", operator: "NotIn", values: ["b", "c"] }] }],
  ["a == 'b' || a in {'c', 'd'}", { matchExpressions: [{ key: "a", operator: "In", values: ["b", "c", "d"] }] }],
  [
    "(a == 'b' || a == 'c') && has(d)",
    {
      matchExpressions: [
        { key: "a", operator: "In", values: ["b", "c"] },
        { key: "d", operator: "Exists" },
      ],
    },
  ],
  ["a == 'b' || a == 'c' && has(d)", undefined],
  ["a == 'b' || a != 'c'", undefined],
  ["a == 'b' && a == 'c'", undefined],
  ["a == 'b' || c == 'd'", undefined],
  ["!(a == 'b')", undefined],
  ["a contains 'b'", undefined],
])("Calico's selector %s", (text, selector) => {
  expect(fromCalicoSelector(text)).toEqual(selector);
});
