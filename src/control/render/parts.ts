import { bug } from "#lib/bug.ts";
import { type Address, formatAddress, isLinkLocal } from "#route/address.ts";
import { contains, parsePrefix } from "#route/prefix.ts";
import type { InterfaceView } from "../interface-view.ts";
import { type Lines, line, ok, oneLine } from "../reply.ts";
import type { TimePrinter } from "../timeformat.ts";
import type { BfdSessionView, HopView } from "../views.ts";
import type { NamedSymbol } from "./renderer.ts";

/** What both dialects of BIRD write in the same way. */

/** `MultiAccess Broadcast Multicast AdminUp LinkUp MTU=1500` */
export function linkFlags(view: InterfaceView): string {
  return [
    view.multiAccess || view.loopback ? "MultiAccess" : "PtP",
    ...(view.broadcast ? ["Broadcast"] : []),
    ...(view.multicast ? ["Multicast"] : []),
    view.adminUp ? "AdminUp" : "AdminDown",
    view.linkUp ? "LinkUp" : "LinkDown",
    ...(view.loopback ? ["Loopback", "Ignored"] : []),
    `MTU=${view.mtu}`,
  ].join(" ");
}

const block = (text: string) => parsePrefix(text) ?? bug(`no prefix: ${text}`);

/** How far addresses reach (RFC 4007 in spirit); what is in no row is of the whole world. */
const scopes = [
  { name: "host", blocks: ["127.0.0.0/8", "::1/128"].map(block) },
  { name: "link", blocks: ["169.254.0.0/16", "fe80::/10"].map(block) },
  { name: "site", blocks: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].map(block) },
];

export function scopeOf(address: Address): string {
  return scopes.find(({ blocks }) => blocks.some((candidate) => contains(candidate, address)))?.name ?? "univ";
}

/** `10.0.0.1/24` of an interface; undefined where it has no fitting address. */
export function firstAddress(view: InterfaceView, fits: (address: Address) => boolean): string | undefined {
  const usable = view.addresses.filter(({ address }) => fits(address));
  const first = usable.find(({ preferred }) => preferred) ?? usable[0];
  return first === undefined ? undefined : `${formatAddress(first.address)}/${first.length}`;
}

/** A gateway as static routes name it. */
export function gatewayText({ gateway, interface: device }: HopView): string {
  if (gateway === undefined) return `dev ${device ?? "?"}`;
  return `via ${formatAddress(gateway)}${isLinkLocal(gateway) && device ? `%${device}` : ""}`;
}

/** @param width of the column of times, which is the one thing that the dialects do not share */
export function* bfdSessions(
  protocol: string,
  list: readonly BfdSessionView[],
  times: TimePrinter,
  width: number,
): Lines {
  const row = (address: string, device: string, state: string, since: string, interval: string, timeout: string) =>
    `${address.padEnd(25)} ${device.padEnd(10)} ${state.padEnd(10)} ${since.padEnd(width)}  ${interval} ${timeout.padStart(8)}`;
  yield line(1020, `${protocol}:`);
  yield line(1020, row("IP address", "Interface", "State", "Since", "Interval", "Timeout"));
  for (const { address, interface: device, state, sinceMs, intervalMs, timeoutMs } of list) {
    // The interval stands one column before its heading.
    const interval = (intervalMs / 1000).toFixed(3).padStart(7);
    const timeout = (timeoutMs / 1000).toFixed(3);
    yield line(1020, row(formatAddress(address), device ?? "---", state, times.protocol(sinceMs), interval, timeout));
  }
  return ok;
}

const symbolRow = (name: string, kind: string): string => `${name.padEnd(8)}\t${kind}`;

export function* symbols(list: readonly NamedSymbol[]): Lines {
  for (const { name, kind } of list) yield line(1010, symbolRow(name, kind));
  return ok;
}

export function symbol(name: string, kind: string | undefined): Lines {
  return oneLine(1010, symbolRow(name, kind ?? "undefined"));
}
