import { pause } from "../../test/support/lab/until.ts";
import type { DataCentre, Node } from "../data-centre.ts";
import { type Claim, claimOf, type Finding } from "./claim.ts";

export const sessionsUp = "every session is Established";

/** Starts everything, and measures from there until each node has all its sessions. */
export async function startAndConverge({ tor, nodes }: DataCentre): Promise<Claim[]> {
  await tor.start();
  return sessions(nodes, 20_000, ({ router }) => router.start());
}

/** Whether each node has all its sessions, at once or soon. */
export async function sessions(
  nodes: readonly Node[],
  patienceMs = 20_000,
  first: (node: Node) => Promise<void> = async () => {},
): Promise<Claim[]> {
  const results = await Promise.all(
    nodes.map(async (node) => {
      const began = performance.now();
      await first(node);
      for (;;) {
        const { up, all } = await node.router.established();
        const ms = performance.now() - began;
        if (up === all || ms > patienceMs) return { node, up, all, ms };
        await pause(20);
      }
    }),
  );
  const findings = results.flatMap(({ node, up, all, ms }) =>
    Array.from(
      { length: all },
      (_, index): Finding => ({
        what: node.plan.name,
        wrong: index < up ? undefined : `a session is not there after ${seconds(ms)}`,
      }),
    ),
  );
  const claim = claimOf(sessionsUp, findings, findings.length, "session ends");
  const times = results.map(({ node, ms }) => `${node.plan.name} ${seconds(ms)}`).join(", ");
  return [{ ...claim, measured: `${claim.measured}; from the daemon's start: ${times}` }];
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
