import { setTimeout as sleep } from "node:timers/promises";
import { query } from "#control/client/io/query.ts";
import type { NodeReport } from "#control/reports.ts";
import type { Lab } from "../bench.ts";
import type { Daemon } from "../daemons/daemon.ts";
import { BenchApiServer } from "../lab/api-server.ts";
import type { DaemonProcess } from "../lab/daemon-process.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { plainSetup } from "./scene.ts";
import { stallsOf } from "./stalls.ts";

const settleMs = 5_000;
/** After it settled: until a daemon that has nothing to do is as small as it gets. */
const idleMs = 25_000;
const changingMs = 20_000;
const loadTimeoutMs = 60_000;
/** Our three kinds and Nodes; Services and EndpointSlices where they are advertised. */
const watchesOf = ({ services }: ClusterSize): number => (services === 0 ? 4 : 6);

interface ClusterSize {
  readonly nodes: number;
  readonly services: number;
}

const changes = `then ten changes a second for ${changingMs / 1000} s, heartbeats of all nodes beside them`;

export const api: Scenario = scenario("api", `a cluster's nodes from an API server, ${changes}`, {
  sizeOf: "nodes",
  defaultSizes: [1_000, 5_000],
  clusterOf: (nodes) => ({ nodes, services: 0 }),
});

export const services: Scenario = scenario("services", `Services from an API server, all advertised, ${changes}`, {
  sizeOf: "Services, one node for four",
  defaultSizes: [20_000],
  clusterOf: (count) => ({ nodes: Math.ceil(count / 4), services: count }),
});

interface Sizes extends Pick<Scenario, "sizeOf" | "defaultSizes"> {
  clusterOf(size: number): ClusterSize;
}

function scenario(name: string, about: string, { clusterOf, ...sizes }: Sizes): Scenario {
  return {
    ...{ name, about, needs: ["api"] },
    ...sizes,
    async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
      const cluster = clusterOf(size);
      const server = await BenchApiServer.start(lab.namespaces.daemon, cluster);
      try {
        const process = await lab.start(daemon, { ...plainSetup, neighbours: [], stalls: true, apiServer: server.url });
        return await measure(server, cluster, daemon, process, (name) => stallsOf(name, lab, daemon, process));
      } finally {
        server.stop();
      }
    },
  };
}

async function measure(
  server: BenchApiServer,
  cluster: ClusterSize,
  daemon: Daemon,
  process: DaemonProcess,
  stalls: (name: string) => Promise<Measurement[]>,
): Promise<Measurement[]> {
  const loadedMs = await loaded(server, daemon.controlSocket?.(process.directory) ?? "", cluster);
  await sleep(settleMs);
  await stalls("start"); // when no session is there that could suffer
  await sleep(idleMs);
  const idling = await stalls("idle");
  const idle = process.usage();
  const before = await server.report();
  server.change();
  await sleep(changingMs);
  const after = await server.report();
  const { cpuSeconds, residentOctets } = process.usage();
  const changing = await stalls("changing");
  server.forget();
  await sleep(settleMs);
  const listing = await stalls("listed again");
  const listed = await server.report();
  return [
    { metric: "loaded", value: loadedMs / 1e3, unit: "s" },
    ...idling,
    { metric: "idle: memory", value: idle.residentOctets / 2 ** 20, unit: "MB" },
    ...changing,
    { metric: "changing: cpu", value: ((cpuSeconds - idle.cpuSeconds) / (changingMs / 1000)) * 100, unit: "%" },
    { metric: "changing: memory", value: residentOctets / 2 ** 20, unit: "MB" },
    { metric: "changing: requests", value: after.requests - before.requests, unit: "" },
    ...listing,
    { metric: "listed again: requests", value: listed.requests - after.requests, unit: "" },
  ];
}

/** From now until all is watched, and every Service's address is originated beside the Pod CIDR. */
async function loaded(server: BenchApiServer, socket: string, cluster: ClusterSize): Promise<number> {
  const beganMs = performance.now();
  for (;;) {
    const elapsedMs = performance.now() - beganMs;
    if (elapsedMs > loadTimeoutMs) throw new Error("the objects were not taken in within a minute");
    const [node] = (await query(socket, "linnet status").catch(() => [])) as [NodeReport?];
    const prefixes = node?.tables.ipv4.nets ?? 0;
    if (prefixes > cluster.services && (await server.report()).watches === watchesOf(cluster)) return elapsedMs;
    await sleep(20);
  }
}
