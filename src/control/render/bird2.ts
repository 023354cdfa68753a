import { formatAddress, formatRouterId, isLinkLocal } from "#route/address.ts";
import { formatPrefix } from "#route/prefix.ts";
import type { InterfaceAddressView, InterfaceView } from "../interface-view.ts";
import { type Lines, line, ok } from "../reply.ts";
import type { TimePrinter } from "../timeformat.ts";
import type { DaemonStatus, MemoryView, StaticView } from "../views.ts";
import { protocolsBird2 } from "./bird2-protocols.ts";
import { routesBird2 } from "./bird2-routes.ts";
import { bfdSessions, firstAddress, gatewayText, linkFlags, scopeOf, symbol, symbols } from "./parts.ts";
import type { Renderer } from "./renderer.ts";

/** Words of BIRD 2. @param version as `show status` says it */
export function bird2(version: string, times: TimePrinter, nowMs: number): Renderer {
  return {
    status: (status) => statusLines(status, version, times, nowMs),
    memory: memoryLines,
    protocols: (list, detailed) => protocolsBird2(list, detailed, times),
    interfaces: interfaceLines,
    interfaceSummary: summaryLines,
    statics: staticLines,
    bfdSessions: (protocol, list) => bfdSessions(protocol, list, times, 12),
    symbols,
    symbol,
    routes: routesBird2(times),
  };
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
    const total = Math.round((timer.totalMs ?? 0) / 1000);
    yield line(24, `  Wait timer is ${(timer.remainingMs / 1000).toFixed(3)}/${total}`);
  }
  return line(13, stateTexts[status.state]);
}

export const stateTexts = {
  running: "Daemon is up and running",
  reconfiguring: "Reconfiguration in progress",
  shuttingDown: "Shutdown in progress",
} as const;

function* memoryLines(rows: readonly MemoryView[]): Lines {
  yield line(1018, "BIRD memory usage");
  yield line(1018, `${"".padEnd(17)} Effective    Overhead`);
  for (const { name, usedBytes, spareBytes } of [...rows, totalMemory(rows)]) {
    yield line(1018, `${`${name}:`.padEnd(17)}${amount(usedBytes).padStart(10)}  ${amount(spareBytes).padStart(10)}`);
  }
  return ok;
}

export function totalMemory(rows: readonly MemoryView[]): MemoryView {
  return {
    name: "Total",
    usedBytes: rows.reduce((sum, row) => sum + row.usedBytes, 0),
    spareBytes: rows.reduce((sum, row) => sum + row.spareBytes, 0),
  };
}

const units = [" B", "kB", "MB", "GB"] as const;

/** A number of at most four digits before the point, and its unit. */
function amount(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 9999.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

function* interfaceLines(list: readonly InterfaceView[]): Lines {
  for (const view of list) {
    const master = view.master === undefined ? "" : ` master=${view.master}`;
    yield line(1001, `${view.name} ${upOrDown(view)} (index=${view.index}${master})`);
    yield line(1004, `\t${linkFlags(view)}`);
    for (const address of view.addresses) yield line(1003, addressText(address));
  }
  return ok;
}

const upOrDown = ({ adminUp, linkUp }: InterfaceView): string => (adminUp && linkUp ? "up" : "down");

function addressText({ address, length, opposite, preferred }: InterfaceAddressView): string {
  const words = [
    ...(preferred ? ["Preferred"] : []),
    ...(opposite === undefined ? [] : [`opposite ${formatAddress(opposite)}`]),
    `scope ${scopeOf(address)}`,
  ];
  return `\t${formatAddress(address)}/${length} (${words.join(", ")})`;
}

function* summaryLines(list: readonly InterfaceView[]): Lines {
  const row = (name: string, state: string, ipv4: string, ipv6: string) =>
    `${name.padEnd(10)} ${state.padEnd(6)} ${ipv4.padEnd(18)} ${ipv6}`;
  yield line(2005, row("Interface", "State", "IPv4 address", "IPv6 address"));
  for (const view of list) {
    const ipv4 = firstAddress(view, ({ family }) => family === "ipv4") ?? "";
    const ipv6 = firstAddress(view, (address) => address.family === "ipv6" && !isLinkLocal(address)) ?? "";
    yield line(1005, row(view.name, upOrDown(view), ipv4, ipv6));
  }
  return ok;
}

function* staticLines(list: readonly StaticView[]): Lines {
  for (const [index, { routes }] of list.entries()) {
    if (index > 0) yield line(1009, "");
    for (const { prefix, destination, hops } of routes) {
      const nowhere = destination === "unicast" ? "" : `\t${destination}`;
      yield line(1009, `${formatPrefix(prefix)}${nowhere}`);
      for (const hop of hops) yield line(1009, `\t${gatewayText(hop)}`);
    }
  }
  return ok;
}
