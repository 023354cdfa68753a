import { familyOf } from "../../test/support/lab/neighbour.ts";
import { pause } from "../../test/support/lab/until.ts";
import { type DataCentre, type Node, racks } from "../data-centre.ts";
import { type Claim, claimOf, type Finding, inParallel } from "./claim.ts";
import { seconds } from "./sessions.ts";

const patienceMs = 5000;
export const routesThere = "every kernel sends each pod block to the node that has it";

/** Asks each node's kernel where it would send a packet to each other node's pods. */
export async function routes({ nodes }: DataCentre): Promise<Claim[]> {
  const questions = nodes.flatMap((from) =>
    nodes.filter((to) => to !== from).flatMap((to) => ([0, 1] as const).map((family) => ({ from, to, family }))),
  );
  const began = performance.now();
  for (;;) {
    const findings = await inParallel(questions, 4, ({ from, to, family }) => question(from, to, family));
    const claim = claimOf(routesThere, findings, questions.length, "routes");
    const ms = performance.now() - began;
    if (!claim.holds && ms <= patienceMs) {
      await pause(20);
      continue;
    }
    const seen = await Promise.all(nodes.map(learned));
    return [{ ...claim, measured: `${claim.measured}, after ${seconds(ms)}`, seen }];
  }
}

async function question(from: Node, to: Node, family: 0 | 1): Promise<Finding> {
  const cidr = to.plan.podCidrs[family];
  const expected = from.plan.rack === to.plan.rack ? to.plan.addresses[family] : racks[from.plan.rack].gateway[family];
  const what = `${cidr} on ${from.plan.name}`;
  const inTable = (await from.host.routes(familyOf(cidr), [cidr])).filter(({ gateway }) => gateway === expected);
  if (inTable.length !== 1) return { what, wrong: `no route through ${expected}` };
  // Another route or rule may stand before it.
  const inForce = await from.host.tryRun(["ip", "route", "get", cidr.replace(/0\/24$|\/64$/, "7")]);
  const taken = /via (\S+)/.exec(inForce.stdout)?.[1] ?? (inForce.stdout || inForce.stderr).trim();
  return { what, wrong: taken === expected ? undefined : `packets go elsewhere: ${taken}` };
}

/** The learned routes of a node's kernel in one line. */
async function learned({ plan, host }: Node): Promise<string> {
  const all = [...(await host.routes(4)), ...(await host.routes(6))];
  const routed = all.filter(({ protocol, gateway }) => (protocol === "bgp" || protocol === "bird") && gateway);
  return `${plan.name}: ${routed.map(({ dst, gateway }) => `${dst} via ${gateway}`).join(", ")}`;
}
