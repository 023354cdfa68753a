import { formatRouterId } from "#route/address.ts";
import { type Lines, line } from "../reply.ts";
import type { TimePrinter } from "../timeformat.ts";
import type { DaemonStatus } from "../views.ts";
import { protocolsBird2 } from "./bird2-protocols.ts";
import { routesBird2 } from "./bird2-routes.ts";
import type { Renderer } from "./renderer.ts";

export function bird2(version: string, times: TimePrinter, nowMs: number): Renderer {
  return {
    status: (status) => statusLines(status, version, times, nowMs),
    protocols: (list, detailed) => protocolsBird2(list, detailed, times),
    routes: routesBird2(times),
  } as Renderer;
}

function* statusLines(status: DaemonStatus, version: string, times: TimePrinter, nowMs: number): Lines {
  yield line(1000, `BIRD ${version}`);
  yield line(1011, `Router ID is ${formatRouterId(status.routerId)}`);
  yield line(1011, `Hostname is ${status.hostname}`);
  yield line(1011, `Current server time is ${times.base(nowMs)}`);
  yield line(1011, `Last reboot on ${times.base(status.startedMs)}`);
  yield line(1011, `Last reconfiguration on ${times.base(status.reconfiguredMs)}`);
  if (status.recovery !== undefined) {
    const { waitingFor, timer } = status.recovery;
    yield line(24, "Graceful restart recovery in progress");
    yield line(24, `  Waiting for ${waitingFor} channels to recover`);
    yield line(
      24,
      `  Wait timer is ${(timer.remainingMs / 1000).toFixed(3)}/${Math.round((timer.totalMs ?? 0) / 1000)}`,
    );
  }
  return line(13, stateTexts[status.state]);
}

export const stateTexts = {
  running: "Daemon is up and running",
  reconfiguring: "Reconfiguration in progress",
  shuttingDown: "Shutdown in progress",
} as const;
