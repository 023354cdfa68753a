import { expect, test } from "vitest";
import { compile } from "#config/compile/compile.ts";
import type { DrainConfig } from "#config/node-config.ts";
import { objectsOf, ourYaml } from "../objects-of.ts";

interface NodeParts {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly unschedulable?: boolean;
  readonly taints?: readonly string[];
  readonly ready?: { readonly status: string; readonly message: string };
}

function drainOf({ annotations = {}, unschedulable = false, taints = [], ready }: NodeParts, spec: object = {}) {
  const node = JSON.stringify({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n1", annotations },
    spec: { unschedulable, taints: taints.map((key) => ({ key, effect: "NoSchedule" })) },
    status: {
      addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
      conditions: [
        { type: "DiskPressure", status: "False" },
        ...(ready === undefined ? [] : [{ type: "Ready", ...ready }]),
      ],
    },
  });
  const { config, remarks } = compile(objectsOf(node, ourYaml("BGPConfiguration", "default", spec)), "n1");
  expect(remarks).toEqual([]);
  return config?.drain as DrainConfig;
}

const shutdown = { status: "False", message: "[container runtime is down, node is shutting down]" };
const outOfService = "node.kubernetes.io/out-of-service";

test.each<[string, NodeParts, object, readonly string[]]>([
  ["the annotation", { annotations: { "linnet.dev/drain": "true" } }, {}, ["annotation linnet.dev/drain"]],
  ["the annotation taken back", { annotations: { "linnet.dev/drain": "false" } }, {}, []],
  ["the taint of a node that is switched off", { taints: ["x", outOfService] }, {}, [`taint ${outOfService}`]],
  ["a taint of the operator's", { taints: ["x"] }, { drain: { taints: ["y", "x"] } }, ["taint x"]],
  ["which takes the usual one's place", { taints: [outOfService] }, { drain: { taints: ["x"] } }, []],
  ["a kubelet that shuts down", { ready: shutdown }, {}, ["the node is shutting down"]],
  ["unless that is turned off", { ready: shutdown }, { drain: { onNodeShutdown: false } }, []],
  ["a node that is not ready otherwise", { ready: { status: "False", message: "PLEG is not healthy" } }, {}, []],
  ["a message of the past", { ready: { ...shutdown, status: "Unknown" } }, {}, []],
  [
    "a cordoned node",
    { unschedulable: true, taints: ["node.kubernetes.io/unschedulable"] },
    { drain: { taints: ["x"] } },
    [],
  ],
])("%s", (_, node, spec, reasons) => {
  expect(drainOf(node, spec).reasons).toEqual(reasons);
});

test("only the kubelet's word makes the daemon's end one for good", () => {
  expect(drainOf({ ready: shutdown }).nodeShutdown).toBe(true);
  expect(drainOf({ taints: [outOfService] }).nodeShutdown).toBe(false);
});

test("the time until routes are withdrawn can differ between nodes", () => {
  expect(drainOf({}).withdrawMs).toBe(10_000);
  const overrides = [{ nodeSelector: {}, drain: { taints: ["z"] } }];
  expect(drainOf({ taints: ["z"] }, { drain: { withdrawAfter: "1m" }, overrides })).toEqual({
    reasons: ["taint z"],
    nodeShutdown: false,
    withdrawMs: 60_000,
  });
});
