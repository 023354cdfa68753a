import { query } from "#control/client/io/query.ts";
import { DEFAULT_SOCKET } from "#control/client/options.ts";
import { reportJson } from "#control/client/report-json.ts";
import { type Paint, withColours, withoutColours } from "#control/client/screen.ts";
import { statusScreen } from "#control/client/status-screen.ts";
import type { NeighbourReport, NodeReport } from "#control/reports.ts";

/** `linnet status`: one screen. @returns the exit status: 0 the node is well, 1 it is not, or no daemon answers */
export async function status(flags: { socket?: string; json?: boolean }): Promise<number> {
  try {
    const [node, ...neighbours] = await query(flags.socket ?? DEFAULT_SOCKET, "linnet status");
    const { lines, well, problems } = statusScreen(node as NodeReport, neighbours as NeighbourReport[], paint());
    if (flags.json === true) console.log(reportJson({ well, problems, ...(node as NodeReport), neighbours }));
    else for (const line of lines) console.log(line);
    return well ? 0 : 1;
  } catch (error) {
    console.error(`linnet: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** Colours on a terminal, unless they are not wanted (https://no-color.org). */
export function paint(): Paint {
  const { NO_COLOR } = process.env;
  return process.stdout.isTTY && !NO_COLOR ? withColours : withoutColours;
}
