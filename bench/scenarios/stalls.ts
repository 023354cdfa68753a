import type { Lab } from "../bench.ts";
import type { Daemon } from "../daemons/daemon.ts";
import type { DaemonProcess } from "../lab/daemon-process.ts";
import type { Measurement } from "../scenario.ts";

/**
 * Since it was asked last: the longest stall of the daemon's main thread, the most processor time that it used in one turn,
 * and how long a thread stood still meanwhile that does nothing, which is the machine's doing. Nothing where the daemon
 * cannot say.
 */
export async function stallsOf(name: string, lab: Lab, daemon: Daemon, process: DaemonProcess): Promise<Measurement[]> {
  const stall = await daemon.longestStall?.(process.directory, process.mainPid);
  const idleMs = lab.idleThread.longestMs();
  if (stall === undefined) return [];
  return [
    { metric: `${name}: stall`, value: stall.delayMs, unit: "ms" },
    { metric: `${name}: stall, own cpu`, value: stall.cpuMs, unit: "ms" },
    { metric: `${name}: stall of an idle thread`, value: idleMs, unit: "ms" },
  ];
}
