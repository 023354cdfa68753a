import { query } from "#control/client/io/query.ts";
import { DEFAULT_SOCKET } from "#control/client/options.ts";
import { reportJson } from "#control/client/report-json.ts";
import { whyScreen } from "#control/client/why-screen.ts";
import type { WhyReport } from "#control/reports.ts";
import { parseAddress } from "#route/address.ts";
import { parseInterfaceAddress } from "#route/prefix.ts";
import { paint } from "./status.ts";

/** `linnet why DESTINATION`. @returns the exit status: 0, or 1 where nothing is known, or no daemon answers */
export async function why(destination: string, flags: { socket?: string; json?: boolean }): Promise<number> {
  if (parseInterfaceAddress(destination) === undefined && parseAddress(destination) === undefined) {
    console.error(`linnet: ${destination} is neither an address nor a prefix`);
    return 1;
  }
  try {
    const [answer] = await query(flags.socket ?? DEFAULT_SOCKET, `linnet why ${destination}`);
    const report = answer as WhyReport;
    if (flags.json === true) console.log(reportJson(report));
    else for (const line of whyScreen(destination, report, Date.now(), paint())) console.log(line);
    return report.prefix === undefined ? 1 : 0;
  } catch (error) {
    console.error(`linnet: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
