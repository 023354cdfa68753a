import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CustomResourceDefinition } from "kubernetes-models/apiextensions.k8s.io/v1";
import { DaemonSet } from "kubernetes-models/apps/v1";
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import { ServiceAccount } from "kubernetes-models/v1";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "#config/compile/compile.ts";
import { readDirectory } from "#config/directory.ts";
import type { KubernetesObject } from "../support/lab/manifests.ts";
import { manifestFiles, overlayDefaults, overlays } from "./objects.ts";

/** Kubernetes' OpenAPI documents as validators and types. A kind that we begin to use is one more row. */
const models = {
  CustomResourceDefinition,
  DaemonSet,
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  ServiceAccount,
};
const modules: Readonly<Record<string, string>> = {
  "apiextensions.k8s.io/v1": "apiextensions.k8s.io/v1",
  "apps/v1": "apps/v1",
  "rbac.authorization.k8s.io/v1": "rbac.authorization.k8s.io/v1",
  v1: "v1",
};

const root = join(import.meta.dirname, "../..");
let directory: string;
beforeAll(() => {
  mkdirSync(join(root, ".reports"), { recursive: true });
  directory = mkdtempSync(join(root, ".reports/schema-")); // inside, so that packages are found
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What is wrong with an object by its schema; undefined: nothing. */
function fault(object: KubernetesObject): string | undefined {
  const { kind, apiVersion } = object;
  const Model = models[kind as keyof typeof models];
  if (Model === undefined || Model.apiVersion !== apiVersion) return `no schema of ${apiVersion} ${kind}`;
  try {
    new Model(object as never).validate();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The schemas let unknown fields pass, as the API server's do with a warning; TypeScript does not. */
function unknownFields(objects: readonly KubernetesObject[]): string {
  const lines = objects.flatMap((object, index) => {
    const { kind, apiVersion } = object;
    return [
      `import type { I${kind} as Type${index} } from "kubernetes-models/${modules[apiVersion]}";`,
      `export const object${index}: Type${index} = ${JSON.stringify(object, undefined, 1)};`,
    ];
  });
  const file = join(directory, "objects.ts");
  writeFileSync(file, `${lines.join("\n")}\n`);
  const flags = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--ignoreConfig",
  ];
  return spawnSync(join(root, "node_modules/.bin/tsc"), [...flags, file], { encoding: "utf8", cwd: root }).stdout;
}

test.each([...manifestFiles])("deploy/%s is valid by Kubernetes' schemas", (_path, objects) => {
  expect(objects.length).toBeGreaterThan(0);
  expect(objects.flatMap((object) => fault(object) ?? [])).toEqual([]);
});

test("the check notices a wrong type", () => {
  const [[object]] = [manifestFiles.get("base/daemonset.yaml") ?? []];
  const broken = { ...object, spec: { ...(object?.spec as object), minReadySeconds: "ten" } } as KubernetesObject;
  expect(fault(broken)).toContain("minReadySeconds");
});

test("no manifest has a field that Kubernetes does not know", () => {
  expect(unknownFields([...manifestFiles.values()].flat())).toBe("");
});

test("the check notices an unknown field", () => {
  const [[object]] = [manifestFiles.get("base/daemonset.yaml") ?? []];
  const broken = { ...object, spec: { ...(object?.spec as object), maxUnavailable: 1 } } as KubernetesObject;
  expect(unknownFields([broken])).toContain("maxUnavailable");
});

test.each(overlays)("the defaults of the overlay %s are valid, and give a node its configuration", (overlay) => {
  const node = [
    "---\napiVersion: v1\nkind: Node",
    "metadata: { name: n1, labels: { topology.linnet.dev/rack-as: '64601' } }",
    "spec: { podCIDRs: [10.244.1.0/24] }",
    "status: { addresses: [{ type: InternalIP, address: 192.0.2.10 }] }\n",
  ].join("\n");
  const { objects, remarks } = readDirectory([{ path: "defaults.yaml", text: overlayDefaults(overlay) + node }]);
  expect(remarks).toEqual([]);
  const { config, remarks: found } = compile(objects, "n1");
  expect(found).toEqual([]);
  expect(config?.cni?.path).toBe("/etc/cni/net.d/10-linnet.conflist");
});

test("every volume that is mounted is one of its pod, and the other way round", () => {
  interface Pod {
    readonly volumes?: readonly { readonly name: string }[];
    readonly initContainers?: readonly Mounting[];
    readonly containers: readonly Mounting[];
  }
  interface Mounting {
    readonly volumeMounts?: readonly { readonly name: string }[];
  }
  const pods = [...manifestFiles.values()].flat().flatMap(({ kind, spec }) => {
    return kind === "DaemonSet" ? [(spec as { template: { spec: Pod } }).template.spec] : [];
  });
  expect(pods.length).toBe(2);
  for (const { volumes = [], containers, initContainers = [] } of pods) {
    const mounts = [...containers, ...initContainers].flatMap(({ volumeMounts = [] }) => volumeMounts);
    const mounted = new Set(mounts.map(({ name }) => name));
    expect([...mounted].sort()).toEqual(volumes.map(({ name }) => name).sort());
  }
});
