import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { addressesOf } from "../../demo/data-centre.ts";
import { imageArchive } from "../../tools/image.ts";
import { ApiHost } from "../support/lab/api-host.ts";
import { birdStates } from "../support/lab/birdc.ts";
import { CniRuntime } from "../support/lab/cni.ts";
import { Container, type Surroundings } from "../support/lab/container.ts";
import type { Host } from "../support/lab/host.ts";
import { layoutFaults, type UnpackedImage, unpackedImage } from "../support/lab/image.ts";
import { Lab } from "../support/lab/lab.ts";
import { type KubernetesObject, kustomize } from "../support/lab/manifests.ts";
import type { ContainerSpec, PodSpec } from "../support/lab/pod-spec.ts";
import { run, tryRun } from "../support/lab/run.ts";
import { until } from "../support/lab/until.ts";

/** Two nodes and an API server on one switch; the containers are those of deploy/, started by runc from the image. */

const API = { address: "192.0.2.10", port: 6443 };
const nodes = [1, 2] as const;
const address = (index: number): string => `192.0.2.${index}`;
const address6 = (index: number): string => `2001:db8::${index}`;

const project = join(import.meta.dirname, "../..");

let lab: Lab;
let image: UnpackedImage;
let pod: PodSpec;
let cleanupPod: PodSpec;
let defaults: Readonly<Record<string, string>>;
const hosts = new Map<number, Host>();
const daemons = new Map<number, Container>();

beforeAll(async () => {
  lab = await Lab.create("image");
  image = await unpackedImage(join(lab.folder, "image"));
  const objects = await kustomize("deploy");
  pod = podOf(objects);
  cleanupPod = podOf(await kustomize("deploy/cleanup"));
  defaults = objects.find(({ kind }) => kind === "ConfigMap")?.data as Record<string, string>;
  const api = await lab.host("api");
  for (const index of nodes) hosts.set(index, await lab.host(`n${index}`));
  await lab.switch("switch", [
    { host: api, device: "eth0", addresses: [`${API.address}/24`] },
    ...nodes.map((index) => ({
      host: host(index),
      device: "eth0",
      addresses: [`${address(index)}/24`, `${address6(index)}/64`],
    })),
  ]);
  await startApiServer(api);
}, 240_000);

afterAll(async () => {
  for (const daemon of daemons.values()) await daemon.stop(5);
  await lab.close();
});

afterEach(({ task }) => {
  if (task.result?.state === "fail") console.error(lab.logs());
});

function host(index: number): Host {
  const found = hosts.get(index);
  if (found === undefined) throw new Error(`there is no node ${index}`);
  return found;
}

function podOf(objects: readonly KubernetesObject[]): PodSpec {
  const [set] = objects.filter(({ kind }) => kind === "DaemonSet");
  if (set === undefined) throw new Error("there is no DaemonSet");
  return (set.spec as { template: { spec: PodSpec } }).template.spec;
}

async function startApiServer(api: Host): Promise<void> {
  const objects = nodes.flatMap((index) => [
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: `n${index}` },
      spec: { podCIDRs: [`10.244.${index}.0/24`, `fd00:10:244:${index}::/64`] },
      status: { addresses: [address(index), address6(index)].map((each) => ({ type: "InternalIP", address: each })) },
    },
    {
      apiVersion: "linnet.dev/v1alpha1",
      kind: "BGPPeer",
      metadata: { name: `secured-${index}` },
      spec: {
        nodeSelector: { matchExpressions: [{ key: "node", operator: "In", values: [String(index)] }] },
        peerAddress: address6(3 - index),
        interface: "eth0",
        asNumber: "internal",
        ttlSecurity: 1,
        password: { secretKeyRef: { name: "bgp-passwords", key: "mesh" } },
      },
    },
  ]);
  for (const each of objects)
    if (each.kind === "Node") Object.assign(each.metadata, { labels: { node: each.metadata.name.slice(1) } });
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "bgp-passwords", namespace: "kube-system" },
    data: { mesh: Buffer.from("s3cret").toString("base64") },
  };
  await ApiHost.start(api, [...objects, secret]);
}

function containerOf(name: string, of: PodSpec): ContainerSpec {
  const found = [...(of.initContainers ?? []), ...of.containers].find((each) => each.name === name);
  if (found === undefined) throw new Error(`the pod has no container ${name}`);
  return found;
}

interface Changes {
  readonly capabilities?: readonly string[];
  readonly apiPort?: number;
}

function container(
  index: number,
  name: string,
  of: PodSpec,
  { capabilities, apiPort = API.port }: Changes = {},
): Container {
  const kubeconfig = host(index).path("kubeconfig");
  const config = {
    "current-context": "x",
    contexts: [{ name: "x", context: { cluster: "x" } }],
    clusters: [{ name: "x", cluster: { server: `http://${API.address}:${apiPort}` } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const around: Surroundings = {
    configMaps: { "linnet-defaults": defaults },
    env: { NODE_NAME: `n${index}`, KUBECONFIG: kubeconfig },
    files: [kubeconfig],
    ...(capabilities && { capabilities }),
  };
  return new Container(image.unpacked, host(index), of, containerOf(name, of), around);
}

/** HTTP status of a probe, as the node's kubelet asks for it; 0: no answer. */
async function probe(index: number, path: string): Promise<number> {
  const ask = `fetch("http://${address(index)}:9179${path}").then(({ status }) => console.log(status), () => console.log(0))`;
  return Number((await host(index).run([process.execPath, "-e", ask])).trim());
}

const disk = (index: number, path: string): string => host(index).path("disk", path);
const routes = async (index: number, family: 4 | 6): Promise<string[]> =>
  (await host(index).routes(family, ["proto", "bgp"])).map(({ dst, gateway, via }) => `${dst} ${gateway ?? via?.host}`);
const daemonOf = (index: number): Container => daemons.get(index) ?? container(index, "linnet", pod);

test("the archive's blobs are what their names say, and nothing else is in it", () => {
  expect(layoutFaults(image.layout)).toEqual([]);
});

test("the same checkout gives the same octets", async () => {
  expect((await imageArchive()).equals(image.archive)).toBe(true);
});

test("every program and library in the image finds its libraries there", async () => {
  const root = join(image.unpacked, "rootfs");
  const list = (pattern: string): Promise<string> => run(["find", root, "-type", "f", "-name", pattern]);
  const files = [...(await list("*.so*")).split("\n"), ...(await list("koffi.node")).split("\n")].filter(Boolean);
  const programs = ["/usr/bin/node", "/usr/sbin/nft", "/usr/lib/cni/ptp"];
  const elf = [...files.map((file) => file.slice(root.length)), ...programs];
  for (const file of elf.filter((each) => !each.includes("/ld-"))) {
    const loader = (await run(["find", join(root, "lib64/"), "-name", "ld-*"])).trim().slice(root.length);
    expect(await run(["chroot", root, loader, "--list", file]), file).not.toContain("not found");
  }
  expect(elf.length).toBeGreaterThan(20);
});

test("the init container puts CNI plugins onto the node, without any capability", async () => {
  for (const index of nodes) {
    const { code, stdout, stderr } = await container(index, "cni-plugins", pod).finish();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.match(/: installed/g)).toHaveLength(5);
  }
  mkdirSync(disk(1, "empty"), { recursive: true });
  expect(await run([disk(1, "opt/cni/bin/ptp")], { env: { CNI_COMMAND: "VERSION" } })).toContain("cniVersion");
});

test("with what the DaemonSet allows, and no objects but Nodes, sessions come up and routes arrive in both kernels", async () => {
  for (const index of nodes) {
    await host(index).sysctl({ "net.ipv4.ip_forward": 0, "net.ipv6.conf.all.forwarding": 0 });
    const daemon = container(index, "linnet", pod);
    daemons.set(index, daemon);
    daemon.start();
  }
  for (const index of nodes) {
    const other = 3 - index;
    await until(`n${index}: routes to n${other}`, 20, async () =>
      (await routes(index, 4)).includes(`10.244.${other}.0/24 ${address(other)}`),
    );
    await until(`n${index}: IPv6 routes`, 30, async () =>
      (await routes(index, 6)).some((each) => each.startsWith(`fd00:10:244:${other}::/64 `)),
    );
  }
});

test("the process has the two capabilities, no new privileges, a seccomp filter, and a root that it cannot write to", async () => {
  const NET_BIND_SERVICE = 1n << 10n;
  const NET_ADMIN = 1n << 12n;
  for (const field of ["CapEff", "CapPrm", "CapBnd"])
    expect(BigInt(`0x${await daemonOf(1).processStatus(field)}`)).toBe(NET_ADMIN | NET_BIND_SERVICE);
  expect(await daemonOf(1).processStatus("CapAmb")).toMatch(/^0+$/);
  expect([await daemonOf(1).processStatus("NoNewPrivs"), await daemonOf(1).processStatus("Seccomp")]).toEqual([
    "1",
    "2",
  ]);
  const write = 'require("fs").writeFileSync("/opt/linnet/x", "")';
  await expect(daemonOf(1).exec("/usr/bin/node", "-e", write)).rejects.toThrow(/EROFS/);
});

test("the session with a password, TTL security and an interface is up as well", async () => {
  await until("the secured session", 30, async () => {
    const states = birdStates(await daemonOf(1).exec("/usr/bin/birdc", "show", "protocols"));
    return [...states].some(([name, state]) => name.startsWith("Node_") && state === "established");
  });
});

test("the defaults are in force: CNI configuration on the node, masquerade table, sysctls", async () => {
  for (const index of nodes) {
    const conflist = JSON.parse(readFileSync(disk(index, "etc/cni/net.d/10-linnet.conflist"), "utf8")) as object;
    expect(conflist).toMatchObject({ name: "linnet", plugins: [{ type: "ptp", mtu: 1500 }, { type: "portmap" }] });
    await until("the masquerade table", 10, () => host(index).run(["nft", "list", "table", "inet", "linnet"]));
    const forwarding = ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"];
    expect((await host(index).run(["sysctl", "-n", ...forwarding])).trim().split("\n")).toEqual(["1", "1"]);
  }
});

test("pods that this configuration connects reach those of the other node, in both families", async () => {
  const pods = await Promise.all(
    nodes.map(async (index) => {
      const sandbox = await lab.host(`pod${index}`);
      const runtime = new CniRuntime(host(index), disk(index, "etc/cni/net.d/10-linnet.conflist"));
      return { sandbox, addresses: addressesOf(await runtime.add(`sandbox-${index}`, sandbox)) };
    }),
  );
  const [first, second] = pods;
  for (const [from, to] of [
    [first, second],
    [second, first],
  ])
    for (const target of to?.addresses ?? []) await from?.sandbox.run(["ping", "-c", "1", "-W", "2", target]);
  expect(pods.flatMap(({ addresses }) => addresses)).toHaveLength(4);
});

test("alive and ready; another node's end changes neither", async () => {
  await until("n1 is ready", 30, async () => (await probe(1, "/readyz")) === 200);
  await daemonOf(2).stop(10);
  await until("n1 lost its session", 30, async () => {
    const states = birdStates(await daemonOf(1).exec("/usr/bin/birdc", "show", "protocols"));
    return ![...states].some(([name, state]) => name.startsWith("Mesh_") && state === "established");
  });
  expect(await probe(1, "/livez")).toBe(200);
  // Routes of the other one stand: it left for a restart.
  expect(await routes(1, 4)).toContain(`10.244.2.0/24 ${address(2)}`);
});

test("deploy/cleanup leaves nothing of ours on a node", async () => {
  await daemonOf(1).stop(10);
  expect((await routes(1, 4)).length).toBeGreaterThan(0);
  expect(existsSync(disk(1, "var/lib/linnet/objects.cache"))).toBe(true);
  const { code, stderr } = await container(1, "cleanup", cleanupPod).finish();
  expect([code, stderr]).toEqual([0, ""]);
  expect([await routes(1, 4), await routes(1, 6)]).toEqual([[], []]);
  expect(existsSync(disk(1, "etc/cni/net.d/10-linnet.conflist"))).toBe(false);
  expect(existsSync(disk(1, "var/lib/linnet/objects.cache"))).toBe(false);
  expect((await host(1).tryRun(["nft", "list", "table", "inet", "linnet"])).stderr).toContain("No such file");
});

test("a daemon that never reached the API server is alive, and not ready", async () => {
  rmSync(disk(2, "var/lib/linnet/objects.cache"), { force: true });
  const lost = container(2, "linnet", pod, { apiPort: 1 });
  daemons.set(2, lost);
  lost.start();
  await until("it answers", 30, async () => (await probe(2, "/livez")) === 200);
  expect(await probe(2, "/readyz")).toBe(503);
  await lost.stop(10);
});

test.each([
  ["NET_ADMIN", ["NET_BIND_SERVICE"], "the capability CAP_NET_ADMIN is missing"],
  ["NET_BIND_SERVICE", ["NET_ADMIN"], "port 179: permission denied"],
] as const)("without %s the daemon cannot work, and says so in one line", async (_lacking, capabilities, said) => {
  const bare = container(2, "linnet", pod, { capabilities });
  daemons.set(2, bare);
  const daemon = bare.start();
  await until(said, 30, () => daemon.log().includes(said));
  await bare.stop(10);
  expect(daemon.log()).not.toMatch(/^ {4}at /m);
});

test("what the Dockerfile's build stage runs gives the files of the archive", async () => {
  const stage = readFileSync(join(project, "deploy/Dockerfile"), "utf8").split(/^FROM /m)[1] ?? "";
  const copies = [...stage.matchAll(/^COPY (.+) (\S+)$/gm)].map(
    ([, sources = "", to = ""]) => [sources.split(" "), to] as const,
  );
  const [, command = ""] = /^RUN (node .+)$/m.exec(stage) ?? [];
  const [context, made] = [join(lab.folder, "context"), join(lab.folder, "made")];
  mkdirSync(context);
  for (const [sources, to] of copies)
    for (const source of sources)
      cpSync(join(project, source), join(context, to, to === "./" ? source : ""), { recursive: true });
  // npm and apt would fetch what is here already.
  await run(["cp", "-a", join(project, "node_modules"), join(context, "node_modules")], { seconds: 60 });
  cpSync(join(project, ".tools/image"), join(context, ".tools/image"), { recursive: true });
  const [program = "", ...words] = command.replace(" /image", ` ${made}`).split(" ");
  await run(["env", "-C", context, program.replace("node", process.execPath), ...words], { seconds: 60 });
  for (const folder of ["etc", "opt", "usr"]) {
    const argv = ["diff", "-r", "--no-dereference", join(made, folder), join(image.unpacked, "rootfs", folder)];
    expect(await tryRun(argv, { seconds: 60 })).toEqual({ code: 0, stdout: "", stderr: "" });
  }
  expect(copies.length).toBeGreaterThan(2);
});
