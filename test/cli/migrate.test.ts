import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { node } from "../support/api-server/cluster.ts";
import { builtIn, custom } from "../support/api-server/resources.ts";
import { ApiServer } from "../support/api-server/server.ts";
import { failure } from "../support/api-server/status.ts";

let directory: string;
let server: ApiServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "linnet-migrate-"));
  const calico = (plural: string, kind: string) => custom("crd.projectcalico.org", "v1", plural, kind);
  const resources = [...builtIn, calico("bgppeers", "BGPPeer"), calico("bgpconfigurations", "BGPConfiguration")];
  server = await new ApiServer({ resources }).start();
});
afterEach(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

/** The command in a process of its own; the API server lives in this one. */
async function linnet(
  args: readonly string[],
  input = "",
): Promise<{ status: number; stdout: string; stderr: string }> {
  const program = join(import.meta.dirname, "../../src/main.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, "migrate", ...args]);
  child.stdin.end(input);
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { status: Number(status), stdout, stderr };
}

function kubeconfig(): string {
  const file = join(directory, "kubeconfig");
  const config = {
    "current-context": "x",
    contexts: [{ name: "x", context: { cluster: "x" } }],
    clusters: [{ name: "x", cluster: { server: server.url } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const peer = {
  apiVersion: "crd.projectcalico.org/v1",
  kind: "BGPPeer",
  metadata: { name: "tor" },
  spec: { peerIP: "192.0.2.1", asNumber: 64_601 },
};

test("what the API server has is migrated; kinds that it does not have are none", async () => {
  server.put(peer);
  const annotated = node("n1", 1);
  server.put({ ...annotated, metadata: { name: "n1", annotations: { "projectcalico.org/ASNumber": "64600" } } });
  const { status, stdout, stderr } = await linnet(["calico", "--kubeconfig", kubeconfig()]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("# kubectl annotate node n1 linnet.dev/as-number=64600\n");
  expect(stdout).toContain("kind: BGPPeer\nmetadata:\n  name: tor\n");
});

test("Calico's objects are found where newer versions keep them", async () => {
  const newer = new ApiServer({ resources: [...builtIn, custom("projectcalico.org", "v3", "bgppeers", "BGPPeer")] });
  await server.stop();
  server = await newer.start();
  server.put({ ...peer, apiVersion: "projectcalico.org/v3" });
  const { status, stdout } = await linnet(["calico", "--kubeconfig", kubeconfig()]);
  expect(status).toBe(0);
  expect(stdout).toContain("kind: BGPPeer\nmetadata:\n  name: tor\n");
});

test("an API server that refuses is one line", async () => {
  server.interfere = () => failure(403, "Forbidden", "bgppeers is forbidden");
  const { status, stdout, stderr } = await linnet(["calico", "--kubeconfig", kubeconfig()]);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^\/apis?\/\S+ cannot be read: bgppeers is forbidden\n$/);
});

test("files and standard input give the same", async () => {
  const yaml = JSON.stringify(peer);
  const file = join(directory, "a.yaml");
  writeFileSync(file, yaml);
  const [first, second] = await Promise.all([linnet(["calico", "-f", file]), linnet(["calico"], yaml)]);
  expect(first).toEqual(second);
  expect(first.stdout).toContain("name: tor");
});

test.each([
  [["cilium"], "{}", "cilium is none of calico, kube-router, metallb\n"],
  [["calico"], "", "no objects in -\n"],
  [["calico", "-f", "/nonexistent"], "", /^\/nonexistent cannot be read: ENOENT/],
  [["calico", "-f", "x", "--kubeconfig", "y"], "", "give --file or --kubeconfig, not both\n"],
  [["calico", "--kubeconfig", "/nonexistent"], "", "kubeconfig /nonexistent cannot be read: it does not exist\n"],
  [["metallb"], "a: [", /^- cannot be read: /],
] as const)("%j: one line, and exit status 1", async (args, input, said) => {
  const { status, stdout, stderr } = await linnet(args, input);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(said);
  expect(stderr).not.toMatch(/^ {4}at /m);
});
