import { familyOf } from "../../test/support/lab/neighbour.ts";
import { pause } from "../../test/support/lab/until.ts";
import type { DataCentre, Node, Pod } from "../data-centre.ts";
import { type Claim, claimOf, inParallel } from "./claim.ts";
import { seconds } from "./sessions.ts";

export const awayNoticed = "traffic to a node that is gone is refused, not swallowed";

/** Takes the second node off the net without a word, and measures until the others' pods are told so. */
export async function nodeAway({ lab, nodes, timers }: DataCentre): Promise<Claim[]> {
  const gone = nodes[1];
  const target = gone?.pods[0];
  if (!gone || !target) throw new Error("no second node");
  // The hold time, then the time that a restarting daemon is given, and a little for the kernel.
  const boundMs = (timers.hold + timers.restart + 2) * 1000;
  const callers = nodes.filter((node) => node !== gone).flatMap((node) => node.pods.slice(0, 1));
  await takeAway(
    lab.hosts.find(({ name }) => name === `rack-${gone.plan.rack}`),
    gone,
  );
  const began = performance.now();
  const calls = callers.flatMap((from) => target.addresses.map((address) => ({ from, address })));
  const findings = await inParallel(calls, calls.length, async ({ from, address }) => {
    const refusal = await refused(from, address, began, boundMs);
    const what = `${from.name} to ${address}`;
    return refusal === undefined ? { what, wrong: "no refusal", ms: boundMs } : { what, wrong: undefined, ms: refusal };
  });
  const slowest = Math.max(...findings.map(({ ms }) => ms));
  const claim = claimOf(awayNoticed, findings, calls.length, "paths");
  return [{ ...claim, measured: `${claim.measured} within ${seconds(slowest)} (hold time ${timers.hold} s)` }];
}

/** As if its power failed: nothing comes from it any more, and its neighbours' links stay up. */
async function takeAway(
  rack: { ip(...args: string[]): Promise<string> } | undefined,
  { plan, router }: Node,
): Promise<void> {
  if (!rack) throw new Error("no switch");
  await rack.ip("link", "set", plan.name, "down");
  await router.kill();
}

/** @returns milliseconds from `began` to the first ICMP answer that refuses; undefined: none in time */
async function refused(from: Pod, address: string, began: number, boundMs: number): Promise<number | undefined> {
  const ping = from.host.spawn(`ping-${familyOf(address)}`, ["stdbuf", "-oL", "ping", "-n", "-i", "0.1", address]);
  try {
    while (performance.now() - began < boundMs) {
      if (/unreachable/i.test(ping.log())) return performance.now() - began;
      await pause(10);
    }
    return undefined;
  } finally {
    await ping.end("SIGKILL");
  }
}
