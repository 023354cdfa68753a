import { copyFileSync } from "node:fs";
import { CniRuntime } from "../../test/support/lab/cni.ts";
import type { Host } from "../../test/support/lab/host.ts";
import { familyOf } from "../../test/support/lab/neighbour.ts";
import { addressesOf, type DataCentre, mtu, type Node } from "../data-centre.ts";
import type { Claim } from "./claim.ts";

export const asFast = "TCP between pods is as fast as over static routes without Linnet";

const leastRounds = 2;
const mostRounds = 8;
/** Long enough to get over what else a machine does for a moment, and the same for a path that is slow. */
const secondsEach = "1";
/** Below this it is not as fast: runs of one and the same thing differ by as much on a busy machine. */
const leastRatio = 0.85;
/** Above and below these, further rounds could teach nothing. */
const surelyAsFast = 0.95;
const surelySlower = 0.5;

interface Path {
  readonly from: Host;
  readonly to: Host;
  readonly addresses: readonly string[];
}

/**
 * iperf3 from the first pod of node 1 to that of node 2, in turns with a twin of this path: two more nodes on a switch,
 * pods made by the same plugins with the same configuration, and static routes in place of a daemon. Of each the best
 * run counts, since disturbance can only make it slower; on a busy machine it takes more rounds to see an undisturbed one.
 */
export async function throughput(centre: DataCentre): Promise<Claim[]> {
  const [one, two] = centre.nodes.slice(0, 2).map((node) => node.pods[0]);
  if (!one || !two) throw new Error("no pods");
  const path: Path = { from: one.host, to: two.host, addresses: two.addresses };
  const twin = await (twins.get(centre) ?? staticTwin(centre));
  const claims: Claim[] = [];
  for (const family of [0, 1] as const) {
    const best = { path: 0, twin: 0 };
    for (let round = 0; round < mostRounds; round++) {
      const ratio = best.path / best.twin;
      if (round >= leastRounds && (ratio >= surelyAsFast || ratio <= surelySlower)) break;
      best.twin = Math.max(best.twin, await iperf(twin, family));
      best.path = Math.max(best.path, await iperf(path, family));
    }
    const ratio = best.path / best.twin;
    claims.push({
      name: `${asFast}, IPv${familyOf(path.addresses[family] ?? "")}`,
      holds: ratio >= leastRatio,
      measured: `${gigabits(best.path)} with Linnet, ${gigabits(best.twin)} without: ${Math.round(ratio * 100)} %`,
    });
  }
  return claims;
}

function gigabits(bitsPerSecond: number): string {
  return `${(bitsPerSecond / 1e9).toFixed(2)} Gbit/s`;
}

/** @returns bits a second that arrived; 0 where iperf3 could not connect */
async function iperf({ from, to, addresses }: Path, family: 0 | 1): Promise<number> {
  const address = addresses[family] ?? "";
  const server = to.spawn("iperf3", ["iperf3", "-s", "-1", "-B", address]);
  try {
    await to.listening(5201);
    const argv = ["iperf3", "-c", address, "-t", secondsEach, "-J", "--connect-timeout", "3000"];
    const { code, stdout } = await from.tryRun(argv, { seconds: 15 });
    if (code !== 0) return 0;
    const report = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } };
    return report.end.sum_received.bits_per_second;
  } finally {
    await server.end("SIGKILL");
  }
}

const twins = new WeakMap<DataCentre, Promise<Path>>();

/** Nodes 1 and 2 once more, with their addresses and pod blocks, on a switch of their own. */
function staticTwin(centre: DataCentre): Promise<Path> {
  const twin = buildTwin(centre);
  twins.set(centre, twin);
  return twin;
}

async function buildTwin({ lab, nodes }: DataCentre): Promise<Path> {
  const pair = await Promise.all(
    nodes.slice(0, 2).map(async (node) => ({ node, host: await lab.host(`static-${node.plan.name}`) })),
  );
  await lab.switch(
    "static-rack",
    pair.map(({ node, host }) => ({ host, device: "eth0", addresses: node.plan.addresses.map(onLink) })),
    mtu,
  );
  const ends = [];
  for (const { node, host } of pair) {
    await host.forward();
    const others = pair.filter((other) => other.host !== host).map((other) => other.node.plan);
    await host.ipBatch(
      others.flatMap(({ podCidrs, addresses }) => podCidrs.map((cidr, i) => `route add ${cidr} via ${addresses[i]}`)),
    );
    ends.push(await twinPod(lab, node, host));
  }
  const [from, to] = ends;
  if (!from || !to) throw new Error("no pair of nodes");
  return { from: from.pod, to: to.pod, addresses: to.addresses };
}

async function twinPod(
  lab: DataCentre["lab"],
  node: Node,
  host: Host,
): Promise<{ pod: Host; addresses: readonly string[] }> {
  const conflist = host.path("10-static.conflist");
  copyFileSync(node.router.conflist, conflist);
  const pod = await lab.host(`${host.name}-p1`);
  const added = await new CniRuntime(host, conflist).add(`${pod.name}-sandbox`, pod);
  return { pod, addresses: addressesOf(added) };
}

function onLink(address: string): string {
  return `${address}/${familyOf(address) === 4 ? 24 : 64}`;
}
