import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { overlays } from "../deploy/objects.ts";
import { type KubernetesObject, kustomize, objectsOf } from "../support/lab/manifests.ts";
import { run, tryRun } from "../support/lab/run.ts";

/** The chart by Helm's template engine (Go's text/template, Sprig), and by Helm itself where the machine has it. */

const project = join(import.meta.dirname, "../..");
const chart = join(project, "deploy/chart");
const engine = join(project, "test/support/helm/render.go");
const seconds = 120; // the first time, Go compiles it

const goEnvironment = { GO111MODULE: "off", GOPATH: "/usr/share/gocode", GOFLAGS: "", CGO_ENABLED: "0" };
const engineRun = (values: object): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  tryRun(["go", "run", engine, chart, "kube-system"], { input: JSON.stringify(values), env: goEnvironment, seconds });

/** All that the chart installs; Helm installs what is in crds/ as it is, before all else. */
async function rendered(values: object): Promise<KubernetesObject[]> {
  const { code, stdout, stderr } = await engineRun(values);
  if (code !== 0) throw new Error(stderr);
  const definitions = globSync("crds/*", { cwd: chart }).flatMap((file) =>
    objectsOf(readFileSync(join(chart, file), "utf8")),
  );
  return [...definitions, ...objectsOf(stdout)];
}

const byName = (objects: readonly KubernetesObject[]): Record<string, KubernetesObject> =>
  Object.fromEntries(
    objects
      .map((object) => [`${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`, object] as const)
      .sort(),
  );
const one = (objects: readonly KubernetesObject[], kind: string): KubernetesObject | undefined =>
  objects.find((object) => object.kind === kind);

test.each(overlays)(
  "with topology %s the chart installs the objects of the overlay, and no other",
  { timeout: 180_000 },
  async (topology) => {
    const objects = await rendered({ topology });
    expect(objects.length).toBe(11);
    expect(byName(objects)).toEqual(byName(await kustomize(`deploy/overlays/${topology}`)));
  },
);

test("kubectl apply -k deploy/ is the overlay mesh, as is the chart without values", async () => {
  const base = byName(await kustomize("deploy"));
  expect(base).toEqual(byName(await kustomize("deploy/overlays/mesh")));
  expect(base).toEqual(byName(await rendered({})));
});

test("values change what they name, and nothing else", async () => {
  const objects = await rendered({
    image: { repository: "registry.example/linnet", tag: "9.9" },
    imagePullSecrets: [{ name: "pull" }],
    httpPort: 9999,
    env: [{ name: "KUBERNETES_SERVICE_HOST", value: "192.0.2.1" }],
    passwordSecrets: ["a", "b"],
    defaults: "one: 1\ntwo: 2\n",
  });
  const { spec } = one(objects, "DaemonSet") as unknown as { spec: { template: { spec: Record<string, unknown> } } };
  const pod = spec.template.spec;
  const [container] = pod.containers as Record<string, unknown>[];
  expect(container).toMatchObject({ image: "registry.example/linnet:9.9", ports: [{}, { hostPort: 9999 }] });
  expect(container?.args).toContain("--http=9999");
  expect(container?.env).toMatchObject([
    { name: "NODE_NAME" },
    { name: "KUBERNETES_SERVICE_HOST", value: "192.0.2.1" },
  ]);
  expect(pod.imagePullSecrets).toEqual([{ name: "pull" }]);
  expect(one(objects, "Role")?.rules).toMatchObject([{ resourceNames: ["a", "b"] }]);
  expect(one(objects, "ConfigMap")?.data).toEqual({ "defaults.yaml": "one: 1\ntwo: 2\n" });
});

/** Paths of everything in the objects, with what stands there. */
function leaves(value: unknown, path = ""): Map<string, unknown> {
  if (typeof value !== "object" || value === null) return new Map([[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, `${path}/${key}`)]));
}

/** Each value of the chart, another one than its own, and how often it is found in the objects. */
const flips: readonly (readonly [values: object, seen: string, times: number])[] = [
  [{ image: { repository: "other.example/image" } }, "other.example/image", 2],
  [{ image: { tag: "7.7.7" } }, "7.7.7", 2],
  [{ image: { pullPolicy: "Always" } }, "Always", 2],
  [{ imagePullSecrets: [{ name: "pull" }] }, "pull", 1],
  [{ defaults: "other: true" }, "other: true", 1],
  [{ passwordSecrets: ["one"] }, "one", 1],
  [{ httpPort: 9191 }, "9191", 3],
  [{ bgpPort: 1790 }, "1790", 2],
  [{ env: [{ name: "ONE", value: "ONE" }] }, "ONE", 2],
  [{ unnumbered: true }, "NET_RAW", 1],
  [{ cniPluginFolder: "/elsewhere" }, "/elsewhere", 1],
  [{ cniConfigurationFolder: "/elsewhere" }, "/elsewhere", 1],
  [{ resources: { requests: { cpu: "99m" } } }, "99m", 1],
  [{ nodeSelector: { "kubernetes.io/os": "plan9" } }, "plan9", 1],
  [{ tolerations: [{ operator: "Equal" }] }, "Equal", 1],
  [{ maxUnavailable: 17 }, "17", 1],
  [{ terminationGracePeriodSeconds: 77 }, "77", 1],
];

test("every value of the chart is in the objects where it belongs, and changes nothing besides", async () => {
  const own = parse(readFileSync(join(chart, "values.yaml"), "utf8")) as Record<string, unknown>;
  const flipped = new Set(flips.flatMap(([values]) => Object.keys(values)));
  expect(Object.keys(own).filter((key) => key !== "topology" && !flipped.has(key))).toEqual([]);
  const before = leaves(byName(await rendered({})));
  for (const [values, seen, times] of flips) {
    const after = leaves(byName(await rendered(values)));
    const changed = [...after].filter(([path, value]) => before.get(path) !== value);
    expect(
      changed.map(([, value]) => String(value).includes(seen)),
      JSON.stringify(values),
    ).toEqual(Array.from({ length: times }, () => true));
    const gone = [...before.keys()].filter((path) => !after.has(path));
    expect(gone, JSON.stringify(values)).toEqual([]);
  }
}, 120_000);

/** `--set passwordSecrets={}` is a list of one empty name to Helm; lists have no name either: it would allow all of them. */
test.each([[[]], [[""]], [null]])("passwordSecrets %j: no role about Secrets", async (passwordSecrets) => {
  const objects = await rendered({ passwordSecrets });
  expect(objects.length).toBe(9);
  expect(JSON.stringify(objects)).not.toContain('"secrets"');
});

test("a topology that does not exist is refused with a sentence", async () => {
  const { code, stderr } = await engineRun({ topology: "star" });
  expect(code).not.toBe(0);
  expect(stderr).toContain('topology "star" is none of mesh, tor, unnumbered and reflectors');
});

const helm = await tryRun(["helm", "version", "--short"]).catch(() => undefined);
test.skipIf(helm?.code !== 0)("helm itself renders the same (skipped where there is no helm)", async () => {
  const argv = ["helm", "template", "linnet", chart, "--namespace", "kube-system", "--include-crds"];
  expect(byName(objectsOf(await run(argv)))).toEqual(byName(await rendered({})));
});

const kubectl = await tryRun(["kubectl", "version", "--client"]).catch(() => undefined);
test.skipIf(kubectl?.code !== 0)("kubectl itself builds the same (skipped where there is no kubectl)", async () => {
  for (const folder of ["deploy", ...overlays.map((overlay) => `deploy/overlays/${overlay}`)]) {
    const built = objectsOf(await run(["kubectl", "kustomize", join(project, folder)]));
    expect(byName(built), folder).toEqual(byName(await kustomize(folder)));
  }
});
