import { setTimeout as sleep } from "node:timers/promises";
import { query } from "#control/client/io/query.ts";
import { DEFAULT_SOCKET } from "#control/client/options.ts";
import { drainNote } from "#control/client/status-screen.ts";
import type { DrainReport, NodeReport } from "#control/reports.ts";

interface DrainFlags {
  readonly undo?: boolean;
  readonly wait?: boolean;
  readonly socket?: string;
}

/** How often `--wait` asks. */
const ASK_MS = 250;

/** `linnet drain`. @returns the exit status: 0, or 1 where no daemon answers, or something else still drains the node */
export async function drain({ undo = false, wait = false, socket = DEFAULT_SOCKET }: DrainFlags): Promise<number> {
  try {
    const [answer] = await query(socket, undo ? "linnet drain undo" : "linnet drain");
    const report = wait && !undo ? await gone(socket) : (answer as DrainReport);
    console.log(drainNote(report));
    return undo === (report.stage === "off") ? 0 : 1;
  } catch (error) {
    console.error(`linnet: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** @returns the state once nothing is left to be told, or somebody took the drain back */
async function gone(socket: string): Promise<DrainReport> {
  for (;;) {
    const [node] = (await query(socket, "linnet status")) as [NodeReport];
    const report = node.drain ?? { stage: "off", reasons: [], told: true };
    if (report.stage === "off" || (report.stage === "gone" && report.told)) return report;
    await sleep(ASK_MS);
  }
}
