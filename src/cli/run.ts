import { KernelPort } from "#kernel/io/kernel-port.ts";
import { textLog } from "#lib/io/logs.ts";
import type { Log } from "#lib/log.ts";
import { type RunFlags, readRunFlags } from "./flags.ts";

/**
 * `linnet run`. The kernel's thread comes first: to start it takes longer than to load the daemon and to read its objects,
 * and it does so beside both.
 * @returns the exit status, when the daemon was told to stop or could not begin
 */
export async function run(given: object): Promise<number> {
  let log = textLog("info");
  try {
    const flags = await readRunFlags(given);
    log = await logOf(flags);
    if (flags.dryRun) return await (await import("./dry-run.ts")).dryRun(flags);
    const opening = KernelPort.open("write");
    opening.catch(() => {}); // who waits for it hears of it
    return await (await import("./run-daemon.ts")).runDaemon(flags, log, opening);
  } catch (error) {
    const { isExpected } = await import("./configured.ts");
    if (!isExpected(error)) throw error;
    log.error(error.message);
    process.exit(1); // what has begun by now would go on for ever
  }
}

/** What few nodes need is loaded when it is needed: every start would pay for it. */
const logOf = async ({ logFormat, logLevel }: RunFlags): Promise<Log> =>
  logFormat === "json" ? (await import("#lib/io/json-log.ts")).jsonLog(logLevel) : textLog(logLevel);
