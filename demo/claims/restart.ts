import { type Flow, Traffic, total } from "../../test/support/lab/traffic.ts";
import { pause, until } from "../../test/support/lab/until.ts";
import type { DataCentre, Node } from "../data-centre.ts";
import type { Claim } from "./claim.ts";
import { seconds } from "./sessions.ts";

export const nothingLost = "no packet is lost while a daemon is killed and started again";

const packetsPerSecond = 1000;
const awayMs = 1500;
/** Long enough that a wrong sweep of routes would be seen. */
const watchMs = 2500;

/** A flow each way and family between the first pods of all nodes. */
export function flowsBetweenNodes(nodes: readonly Node[]): Flow[] {
  const pods = nodes.flatMap((node) => node.pods.slice(0, 1));
  return pods.flatMap((from) =>
    pods
      .filter((to) => to !== from)
      .flatMap((to) => to.addresses.map((address) => ({ from: from.agent, to: to.agent, address }))),
  );
}

/** Kills the first node's daemon with SIGKILL under traffic, starts it again, and counts. */
export async function restart({ nodes }: DataCentre): Promise<Claim[]> {
  const [node] = nodes;
  if (!node) throw new Error("no node");
  const flows = flowsBetweenNodes(nodes);
  const traffic = await Traffic.start(flows, packetsPerSecond);
  await pause(500);
  const killed = performance.now();
  await node.router.kill();
  await pause(awayMs);
  await node.router.start();
  await allUp(node);
  const back = performance.now();
  await pause(watchMs);
  const results = await traffic.stop();
  const { sent, lost, longestGapMs } = total(results);
  const hurt = results
    .filter((result) => result.lost > 0)
    .map(({ flow, lost: count }) => `${flow.from.host.name} to ${flow.address}: ${count}`);
  const measured = [
    `${lost} of ${sent.toLocaleString("en")} packets lost (${flows.length} flows, ${packetsPerSecond} a second each)`,
    `sessions back ${seconds(back - killed)} after SIGKILL`,
    `longest pause ${longestGapMs} ms`,
    ...hurt.slice(0, 3),
  ];
  return [{ name: nothingLost, holds: lost === 0 && sent > 0, measured: measured.join("; ") }];
}

/** All sessions of a node are Established. */
export async function allUp({ plan, router }: Node): Promise<void> {
  await until(`${plan.name}: all sessions are back`, 30, async () => {
    const { up, all } = await router.established();
    return up === all;
  });
}
