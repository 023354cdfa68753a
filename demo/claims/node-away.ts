import { familyOf } from "../../test/support/lab/neighbour.ts";
import { pause } from "../../test/support/lab/until.ts";
import type { DataCentre, Pod } from "../data-centre.ts";
import { type Claim, claimOf, type Finding, inParallel } from "./claim.ts";
import { seconds } from "./sessions.ts";

const backMs = 20_000;
export const backAgain = "a node that comes back is reached again";
export const awayNoticed = "traffic to a node that is gone is refused, not swallowed";

/**
 * Takes the second node off the net without a word, and measures until the others' pods are told so; then puts it back,
 * and measures until they reach its pods again.
 */
export async function nodeAway({ lab, nodes, timers }: DataCentre): Promise<Claim[]> {
  const node = nodes[1];
  const target = node?.pods[0];
  const rack = lab.hosts.find(({ name }) => name === `rack-${node?.plan.rack}`);
  if (!node || !target || !rack) throw new Error("no second node");
  const callers = nodes.filter((other) => other !== node).flatMap(({ pods }) => pods.slice(0, 1));
  const paths = callers.flatMap((from) => target.addresses.map((address) => ({ from, address })));
  // The hold time, then the time that a restarting daemon is given, and a little for the kernel.
  const boundMs = (timers.hold + timers.restart + 2) * 1000;

  // As if its power failed: nothing comes from it any more, and its neighbours' links stay up.
  await rack.ip("link", "set", node.plan.name, "down");
  const gone = performance.now();
  await node.router.kill();
  const refusals = await pings(paths, /unreachable/i, "refusal", gone, boundMs);

  await rack.ip("link", "set", node.plan.name, "up");
  const back = performance.now();
  await node.router.start();
  const answers = await pings(paths, /bytes from/, "answer", back, backMs);
  return [
    timedClaim(awayNoticed, refusals, `hold time ${timers.hold} s, restart time ${timers.restart} s`),
    timedClaim(backAgain, answers, "from its daemon's start"),
  ];
}

interface Path {
  readonly from: Pod;
  readonly address: string;
}

type TimedFinding = Finding & { readonly ms: number };

/**
 * Pings along all paths until something is printed that matches.
 * @param awaited what that is, in one word
 * @param began as performance.now() gives it; counted from there
 */
function pings(
  paths: readonly Path[],
  match: RegExp,
  awaited: string,
  began: number,
  boundMs: number,
): Promise<TimedFinding[]> {
  return inParallel(paths, paths.length, async ({ from, address }) => {
    const argv = ["stdbuf", "-oL", "ping", "-n", "-i", "0.1", address];
    const ping = from.host.spawn(`${awaited}-${familyOf(address)}`, argv);
    try {
      const what = `${from.name} to ${address}`;
      for (;;) {
        const ms = performance.now() - began;
        if (match.test(ping.log())) return { what, wrong: undefined, ms };
        if (ms > boundMs) return { what, wrong: `no ${awaited}`, ms };
        await pause(10);
      }
    } finally {
      await ping.end("SIGKILL");
    }
  });
}

function timedClaim(name: string, findings: readonly TimedFinding[], remark: string): Claim {
  const slowest = Math.max(...findings.map(({ ms }) => ms));
  const claim = claimOf(name, findings, findings.length, "paths");
  return { ...claim, measured: `${claim.measured} within ${seconds(slowest)} (${remark})` };
}
