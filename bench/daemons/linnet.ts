import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { daemonAddress, daemonAddress6, localAs } from "../lab/address-plan.ts";
import { type Daemon, markPrefix, type Neighbour, type Setup } from "./daemon.ts";
import { versionOf } from "./version.ts";

const program = join(import.meta.dirname, "../../bin/linnet");

/** The daemon of this checkout, as a user runs it: bundled, which was done before. */
export const linnet: Daemon = {
  name: "linnet",
  features: new Set(["kernel", "originate", "mark", "birdc", "api"]),
  version: () => versionOf({ command: program }, ["--version"]),
  prepare(setup, directory) {
    const provider = setup.apiServer === undefined ? manifests(setup, directory) : api(setup.apiServer, directory);
    const args = ["run", "--node", "bench", ...provider, "--control", socket(directory), "--log-level", "warn"];
    return [{ command: program, args, environment: environment(setup, directory) }];
  },
  controlSocket: socket,
  async longestStall(directory, pid) {
    rmSync(delayFile(directory), { force: true });
    process.kill(pid, "SIGUSR2");
    for (;;) {
      await sleep(5);
      const text = existsSync(delayFile(directory)) ? readFileSync(delayFile(directory), "utf8") : "";
      const [delayMs = 0, cpuMs = 0] = text.split(" ").map(Number);
      if (text.endsWith("\n")) return { delayMs, cpuMs };
    }
  },
};

function manifests(setup: Setup, directory: string): string[] {
  const folder = join(directory, "manifests");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "all.json"), JSON.stringify({ kind: "List", items: objects(setup) }));
  return ["--manifests", folder];
}

function api(server: string, directory: string): string[] {
  const kubeconfig = {
    "current-context": "bench",
    contexts: [{ name: "bench", context: { cluster: "bench" } }],
    clusters: [{ name: "bench", cluster: { server } }],
  };
  const file = join(directory, "kubeconfig");
  writeFileSync(file, JSON.stringify(kubeconfig));
  return ["--kubeconfig", file, "--cache", join(directory, "objects.cache")];
}

function socket(directory: string): string {
  return join(directory, "bird.ctl");
}

const delayFile = (directory: string): string => join(directory, "loop-delay");

/** `BENCH_NODE_OPTIONS` is for profiles: `--cpu-prof --cpu-prof-dir=/tmp/profiles`. */
function environment({ stalls }: Setup, directory: string): Record<string, string> {
  const { BENCH_NODE_OPTIONS: extra } = process.env;
  const options = [extra, stalls ? `--import=${loopDelay(directory)}` : undefined];
  return {
    NODE_OPTIONS: options.filter((option) => option !== undefined).join(" "),
    BENCH_LOOP_DELAY: delayFile(directory),
  };
}

/** Without its types: a daemon that took them out itself would be 18 MB larger for what it is watched with. */
function loopDelay(directory: string): string {
  const file = join(directory, "loop-delay.mjs");
  writeFileSync(file, stripTypeScriptTypes(readFileSync(join(import.meta.dirname, "loop-delay.ts"), "utf8")));
  return file;
}

const group = "linnet.dev/v1alpha1";

function objects(setup: Setup): object[] {
  const accept = { match: {}, action: "Accept" };
  return [
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "bench" },
      spec: { podCIDRs: setup.originate === undefined ? [] : [setup.originate] },
      status: { addresses: [daemonAddress(0), daemonAddress6(0)].map((address) => ({ type: "InternalIP", address })) },
    },
    {
      apiVersion: group,
      kind: "BGPConfiguration",
      metadata: { name: "default" },
      spec: {
        asNumber: localAs,
        nodeMesh: "Disabled",
        timers: { holdTime: `${setup.holdSeconds}s` },
        // The others are not asked to keep routes of neighbours that are lost, either.
        gracefulRestart: { enabled: false },
        // The others have no ECMP unless asked for.
        kernel: { install: setup.kernel, maxPaths: 1, setSysctls: true },
      },
    },
    policy("all", [accept]),
    policy("mark", [{ match: { prefixes: [{ cidr: markPrefix }] }, action: "Accept" }]),
    policy("none", [{ match: {}, action: "Reject" }]),
    ...setup.neighbours.map((neighbour) => peer(setup, neighbour)),
  ];
}

const policy = (name: string, statements: readonly object[]): object => ({
  apiVersion: group,
  kind: "BGPPolicy",
  metadata: { name },
  spec: { statements },
});

const peer = (setup: Setup, neighbour: Neighbour): object => ({
  apiVersion: group,
  kind: "BGPPeer",
  metadata: { name: `n${neighbour.index}` },
  spec: {
    peerAddress: neighbour.address,
    asNumber: neighbour.as,
    passive: true,
    sourceAddress: daemonAddress(neighbour.link),
    families: setup.families.map((family) => (family === "ipv4" ? "IPv4" : "IPv6")),
    reflectorClient: neighbour.client,
    importPolicies: ["all"],
    exportPolicies: [neighbour.export],
  },
});
