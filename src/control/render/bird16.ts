import { formatAddress, formatRouterId } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { formatPrefix } from "#route/prefix.ts";
import type { InterfaceAddressView, InterfaceView } from "../interface-view.ts";
import { type Lines, line, ok } from "../reply.ts";
import type { TimePrinter } from "../timeformat.ts";
import type { DaemonStatus, MemoryView, StaticView } from "../views.ts";
import { stateTexts, totalMemory } from "./bird2.ts";
import { protocolsBird16 } from "./bird16-protocols.ts";
import { routesBird16 } from "./bird16-routes.ts";
import { bfdSessions, firstAddress, gatewayText, linkFlags, scopeOf, symbol, symbols } from "./parts.ts";
import type { Renderer } from "./renderer.ts";

/** Words of Calico's fork of BIRD 1.6, which is one daemon for each family. */
export function bird16(version: string, family: Family, times: TimePrinter, nowMs: number): Renderer {
  return {
    status: (status) => statusLines(status, version, times, nowMs),
    memory: memoryLines,
    protocols: (list, detailed) => protocolsBird16(list, detailed, times),
    interfaces: (list) => interfaceLines(list, family),
    interfaceSummary: (list) => summaryLines(list, family),
    statics: staticLines,
    bfdSessions: (protocol, list) => bfdSessions(protocol, list, times, 10),
    symbols,
    symbol,
    routes: routesBird16(times),
  };
}

function* statusLines(status: DaemonStatus, version: string, times: TimePrinter, nowMs: number): Lines {
  yield line(1000, `BIRD ${version}`);
  yield line(1011, `Router ID is ${formatRouterId(status.routerId)}`);
  yield line(1011, `Current server time is ${times.base(nowMs)}`);
  yield line(1011, `Last reboot on ${times.base(status.startedMs)}`);
  yield line(1011, `Last reconfiguration on ${times.base(status.reconfiguredMs)}`);
  if (status.recovery !== undefined) {
    const { waitingFor, timer } = status.recovery;
    yield line(24, "Graceful restart recovery in progress");
    yield line(24, `  Waiting for ${waitingFor} protocols to recover`);
    const [remaining, total] = [timer.remainingMs, timer.totalMs ?? 0].map((ms) => Math.floor(ms / 1000));
    yield line(24, `  Wait timer is ${remaining}/${total}`);
  }
  return line(13, stateTexts[status.state]);
}

function* memoryLines(rows: readonly MemoryView[]): Lines {
  yield line(1018, "BIRD memory usage");
  for (const row of [...rows, totalMemory(rows)]) {
    yield line(1018, `${`${row.name}:`.padEnd(17)} ${amount(row.usedBytes + row.spareBytes)}`);
  }
  return ok;
}

function amount(bytes: number): string {
  if (bytes < 10_000) return `${String(Math.round(bytes)).padStart(4)}  B`;
  const kilobytes = Math.round(bytes / 1024);
  return kilobytes < 10_000
    ? `${String(kilobytes).padStart(4)} kB`
    : `${String(Math.round(kilobytes / 1024)).padStart(4)} MB`;
}

/** An interface without an address of the family counts as down. */
function upOrDown({ adminUp, linkUp, addresses }: InterfaceView, family: Family): string {
  return adminUp && linkUp && addresses.some(({ address }) => address.family === family) ? "up" : "DOWN";
}

function* interfaceLines(list: readonly InterfaceView[], family: Family): Lines {
  for (const view of list) {
    yield line(1001, `${view.name} ${upOrDown(view, family)} (index=${view.index})`);
    yield line(1004, `\t${linkFlags(view)}`);
    const addresses = view.addresses.filter(({ address }) => address.family === family);
    for (const [index, address] of addresses.entries()) yield line(1003, addressText(address, index === 0, family));
  }
  return ok;
}

function addressText({ address, length, opposite }: InterfaceAddressView, first: boolean, family: Family): string {
  const words = [
    ...(first ? ["Primary"] : family === "ipv6" ? ["Unselected"] : []),
    ...(opposite === undefined ? [] : [`opposite ${formatAddress(opposite)}`]),
    `scope ${scopeOf(address)}`,
  ];
  return `\t${formatAddress(address)}/${length} (${words.join(", ")})`;
}

function* summaryLines(list: readonly InterfaceView[], family: Family): Lines {
  const row = (name: string, state: string, address: string) => `${name.padEnd(9)} ${state.padEnd(5)} ${address}`;
  yield line(2005, row("interface", "state", "address"));
  for (const view of list) {
    const address = firstAddress(view, (candidate) => candidate.family === family) ?? "";
    yield line(1005, row(view.name, upOrDown(view, family), address));
  }
  return ok;
}

function* staticLines(list: readonly StaticView[]): Lines {
  for (const { routes } of list) {
    for (const { prefix, destination, hops } of routes) {
      const where = destination === "unicast" ? hops.map(gatewayText).join(" ") : destination;
      yield line(1009, `${formatPrefix(prefix)} ${where}`);
    }
  }
  return ok;
}
