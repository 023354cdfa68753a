import type { Clock } from "#lib/clock.ts";
import type { Daemon } from "./daemon.ts";

/** How often is looked whether all were told. */
const LOOK_MS = 50;
/** How long telling may take after the routes are withdrawn. */
const TELL_MS = 2_000;

/** Takes the node out of service before the daemon ends for good. @returns when neighbours were told; bounded in time */
export function depart({ drain, ribView, config }: Daemon, clock: Clock): Promise<void> {
  const endMs = clock.nowMs() + config.drain.withdrawMs + TELL_MS;
  drain.ask("the daemon ends for good");
  return new Promise((resolve) => {
    const look = (): void => {
      const done = drain.state.stage === "gone" && ribView.isSettled;
      if (done || clock.nowMs() >= endMs) resolve();
      else clock.after(LOOK_MS, look);
    };
    look();
  });
}
