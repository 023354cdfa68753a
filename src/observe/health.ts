import type { ObservedDaemon } from "./ports.ts";

export interface Health {
  readonly ok: boolean;
  /** One line a reason, for who reads the probe by hand. */
  readonly reasons: readonly string[];
}

export const STARTING = "waiting for a first configuration";

/**
 * Ready: the node's own routing stands. A session that another node's failure took down does not count, or one dead node
 * would make all others unready; only when every one of several sessions is down is the fault likely to be here.
 */
export function readiness(daemon: ObservedDaemon | undefined): Health {
  if (daemon === undefined) return { ok: false, reasons: [STARTING] };
  const reasons: string[] = [];
  const up = daemon.peers.filter(({ state }) => state === "Established").length;
  if (daemon.shuttingDown) reasons.push("the daemon is shutting down");
  if (daemon.recovering) reasons.push("waiting for neighbours after a restart");
  if (daemon.peers.length > 1 && up === 0) reasons.push(`none of ${daemon.peers.length} sessions is Established`);
  return { ok: reasons.length === 0, reasons };
}
