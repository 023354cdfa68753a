import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { apiAccess } from "#k8s/io/api-access.ts";
import { ApiClient, ApiError, type ApiRequest } from "#k8s/io/api-client.ts";
import type { JsonObject } from "./patch.ts";
import { apiVersionOf, builtIn, ours, type Served } from "./resources.ts";
import { ApiServer } from "./server.ts";

/** An API server that tests are held against: the one in memory, or a real one. All else goes over its wire. */
export class ServerUnderTest {
  readonly kubeconfig: string;
  readonly client: ApiClient;
  readonly #stop: () => Promise<void>;
  readonly #made: JsonObject[] = [];

  private constructor(kubeconfig: string, client: ApiClient, stop: () => Promise<void>) {
    this.kubeconfig = kubeconfig;
    this.client = client;
    this.#stop = stop;
  }

  static async by(kubeconfig: string, stop: () => Promise<void>): Promise<ServerUnderTest> {
    return new ServerUnderTest(kubeconfig, new ApiClient(await apiAccess(kubeconfig, {}), "linnet-test"), stop);
  }

  /** Makes an object, or makes it so, its status too. @throws ApiError where the server refuses it */
  async put(object: JsonObject): Promise<void> {
    const { status, ...rest } = object;
    const asked = { method: "PATCH", query: { fieldManager: "test", force: "true" } } as const;
    const contentType = "application/apply-patch+yaml";
    await this.client.request({ ...asked, path: pathOf(object), contentType, body: rest });
    this.#made.push(object);
    if (status === undefined) return;
    const { apiVersion, kind, metadata } = object as { apiVersion: string; kind: string; metadata: JsonObject };
    const named = { name: metadata.name, ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) };
    const body = { apiVersion, kind, metadata: named, status };
    await this.client.request({ ...asked, path: `${pathOf(object)}/status`, contentType, body });
  }

  get(object: JsonObject): Promise<JsonObject> {
    return this.client.request({ method: "GET", path: pathOf(object) }) as Promise<JsonObject>;
  }

  async remove(object: JsonObject): Promise<void> {
    await this.#ask({ method: "DELETE", path: pathOf(object) });
  }

  /** Events about an object. */
  async events(name: string): Promise<JsonObject[]> {
    const path = "/apis/events.k8s.io/v1/namespaces/default/events";
    const { items } = (await this.client.request({ method: "GET", path })) as { items: JsonObject[] };
    return items.filter(({ regarding }) => (regarding as { name?: string } | undefined)?.name === name);
  }

  /** Removes what was made. */
  async clear(): Promise<void> {
    for (const object of this.#made.splice(0)) await this.remove(object);
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.#stop();
  }

  /** What is not there need not be removed. */
  async #ask(request: ApiRequest): Promise<void> {
    try {
      await this.client.request(request);
    } catch (error) {
      if (!(error instanceof ApiError && error.fault.kind === "status" && error.fault.code === 404)) throw error;
    }
  }
}

function pathOf({ kind, metadata }: JsonObject): string {
  const { name, namespace } = metadata as { name: string; namespace?: string };
  const served = [...builtIn, ...ours].find((each) => each.kind === kind) as Served;
  const version = apiVersionOf(served);
  const root = served.group === "" ? `/api/${version}` : `/apis/${version}`;
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${served.plural}/${name}`;
}

function kubeconfigIn(directory: string, server: string, cluster: object, user: object): string {
  const file = join(directory, "kubeconfig");
  const config = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster: { server, ...cluster } }],
    users: [{ name: "u", user }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

export async function inMemory(): Promise<ServerUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), "linnet-"));
  const server = await new ApiServer().start();
  return ServerUnderTest.by(kubeconfigIn(directory, server.url, {}, { token: "t" }), async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });
}

const { TEST_KUBECONFIG: given = "", KUBEBUILDER_ASSETS: assets = "" } = process.env;

/** Which real server there is: one that TEST_KUBECONFIG names, or the programs in KUBEBUILDER_ASSETS; undefined: none. */
export const realServer: string | undefined =
  given !== ""
    ? given
    : ["etcd", "kube-apiserver"].every((name) => existsSync(join(assets, name)))
      ? assets
      : undefined;
/** For the titles of tests that need one. */
export const realServerOrWhyNot = realServer ?? "skipped: neither TEST_KUBECONFIG nor KUBEBUILDER_ASSETS names one";

const CONFIGURATIONS = "/apis/linnet.dev/v1alpha1/bgpconfigurations";

/** The same, to be written to. @throws Error where Linnet is in use */
export async function realUnused(): Promise<ServerUnderTest> {
  const server = await real();
  const { items } = (await server.client.request({ method: "GET", path: CONFIGURATIONS })) as { items: unknown[] };
  if (items.length === 0) return server;
  await server.stop();
  throw new Error("the cluster has a BGPConfiguration: tests would put theirs in its place");
}

/** Our definitions are made there first. */
export async function real(): Promise<ServerUnderTest> {
  const server =
    given !== "" ? await ServerUnderTest.by(given, () => Promise.resolve()) : await startControlPlane(assets);
  try {
    await define(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function define(server: ServerUnderTest): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const query = { fieldManager: "test", force: "true" };
  const files = globSync(join(import.meta.dirname, "../../../deploy/crds/bgp*.yaml"));
  for (const file of files) {
    const body = parse(readFileSync(file, "utf8")) as { metadata: { name: string } };
    const request = { method: "PATCH", query, contentType: "application/apply-patch+yaml", body } as const;
    await server.client.request({ ...request, path: `${path}/${body.metadata.name}` });
  }
  for (const { plural } of ours) {
    await eventually(() => server.client.request({ method: "GET", path: `/apis/linnet.dev/v1alpha1/${plural}` }));
  }
}

/** etcd and kube-apiserver as envtest has them: no kubelet, no controllers, everything allowed. */
async function startControlPlane(folder: string): Promise<ServerUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), "linnet-control-plane-"));
  const [clients, peers, secure] = [await freePort(), await freePort(), await freePort()];
  const key = join(directory, "service-accounts.pem");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }));
  const tokens = join(directory, "tokens.csv");
  writeFileSync(tokens, 'admin-token,admin,admin,"system:masters"\n');
  const etcd = spawn(join(folder, "etcd"), [
    ...["--data-dir", join(directory, "etcd"), "--listen-peer-urls", `http://127.0.0.1:${peers}`],
    ...[
      "--listen-client-urls",
      `http://127.0.0.1:${clients}`,
      "--advertise-client-urls",
      `http://127.0.0.1:${clients}`,
    ],
  ]);
  const apiServer = spawn(join(folder, "kube-apiserver"), [
    `--etcd-servers=http://127.0.0.1:${clients}`,
    `--cert-dir=${join(directory, "certificates")}`,
    ...["--bind-address=127.0.0.1", `--secure-port=${secure}`, "--service-cluster-ip-range=10.96.0.0/16"],
    ...["--service-account-issuer=https://127.0.0.1/", `--service-account-key-file=${key}`],
    ...[`--service-account-signing-key-file=${key}`, `--token-auth-file=${tokens}`, "--authorization-mode=RBAC"],
    "--disable-admission-plugins=ServiceAccount",
  ]);
  const children = [apiServer, etcd];
  const cluster = { "insecure-skip-tls-verify": true };
  const kubeconfig = kubeconfigIn(directory, `https://127.0.0.1:${secure}`, cluster, { token: "admin-token" });
  const server = await ServerUnderTest.by(kubeconfig, async () => {
    // Nothing is to be kept; asked to end, the API server would first wait for half a minute.
    await Promise.all(children.map((child) => new Promise((resolve) => child.once("exit", resolve).kill("SIGKILL"))));
    rmSync(directory, { recursive: true });
  });
  await eventually(() => server.client.request({ method: "GET", path: "/api/v1/namespaces/default" }));
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server that starts is asked until it answers. */
async function eventually(ask: () => Promise<unknown>): Promise<void> {
  const endMs = performance.now() + 60_000;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(200);
    }
  }
}
