import { bundle } from "../../tools/bundle.ts";
import { bird } from "./bird.ts";
import type { Daemon } from "./daemon.ts";
import { frr } from "./frr.ts";
import { gobgp } from "./gobgp.ts";
import { kernelFloor } from "./kernel-floor.ts";
import { linnet } from "./linnet.ts";
import { newestRoot } from "./newest.ts";
import { nullRelay } from "./null-relay.ts";
import { openbgpd } from "./openbgpd.ts";

/** Names of what is no competitor. */
export const yardsticks: ReadonlySet<string> = new Set([nullRelay.name, kernelFloor.name]);

/** Names of every daemon the bench knows, in the order of the tables. */
export const daemonNames = ["null", "c", "linnet", "bird2", "bird3", "frr", "gobgp", "openbgpd"] as const;
export type DaemonName = (typeof daemonNames)[number];

/** Those that are installed; Linnet is bundled first. @param missing is told the others */
export async function installedDaemons(
  names: readonly DaemonName[],
  newest: boolean,
  missing: (name: DaemonName) => void,
): Promise<Daemon[]> {
  if (names.includes("linnet")) await bundle();
  return names.flatMap((name) => {
    const daemon = daemonOf(name, newest);
    if (daemon.version() !== undefined) return [daemon];
    missing(name);
    return [];
  });
}

/** @param newest take the others from Debian's newest, not from this machine */
function daemonOf(name: DaemonName, newest: boolean): Daemon {
  const from = (package_: string): { root?: string } => (newest ? { root: newestRoot(package_) } : {});
  const make: Record<DaemonName, () => Daemon> = {
    null: () => nullRelay,
    c: () => kernelFloor,
    linnet: () => linnet,
    bird2: () => bird("bird2", { command: "bird", ...from("bird2") }),
    // Debian's stable release has none.
    bird3: () => bird("bird3", { command: newest ? "bird" : "bird3", ...from("bird3") }),
    frr: () => frr("frr", from("frr")),
    gobgp: () => gobgp("gobgp", { command: "gobgpd", ...from("gobgpd") }),
    openbgpd: () => openbgpd("openbgpd", { command: "/usr/sbin/bgpd", ...from("openbgpd") }),
  };
  return make[name]();
}
