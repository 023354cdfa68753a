import type { ReplyLine } from "#control/line-protocol.ts";
import { attributeLines } from "#control/render/attributes.ts";
import type { RouteItem } from "#control/render/renderer.ts";
import { line } from "#control/reply.ts";
import type { TimePrinter } from "#control/timeformat.ts";
import type { HopView, RouteView } from "#control/views.ts";
import { formatAddress } from "#route/address.ts";
import { formatPrefix } from "#route/prefix.ts";

/** `show route` of both dialects, put together as text: slow and obvious. */

export function bird2Lines({ prefix, route, first, detailed }: RouteItem, times: TimePrinter): ReplyLine[] {
  const net = (first ? formatPrefix(prefix) : "").padEnd(20);
  const head = `${net} ${route.destination} ${tail(route, first, false, times)}`;
  const lines = [head, ...route.hops.map((hop) => hopText(hop, route.hops.length > 1))].map((text) => line(1007, text));
  return detailed ? [...lines, ...details(route, "univ")] : lines;
}

function details(route: RouteView, scope: string): ReplyLine[] {
  const attributes = route.attributes();
  const texts = attributes === undefined ? [] : attributeLines(attributes);
  return [line(1008, `\tType: BGP ${scope}`), ...texts.map((text) => line(1012, text))];
}

export function bird16Lines({ prefix, route, first, detailed }: RouteItem, times: TimePrinter): ReplyLine[] {
  const net = (first ? formatPrefix(prefix) : "").padEnd(18);
  const [hop] = route.hops;
  const only = route.hops.length === 1 && hop !== undefined ? way(hop) : "multipath";
  const where = route.destination === "unicast" ? only : route.destination;
  const others = route.hops.length > 1 ? route.hops.map((each) => hopText(each, true)) : [];
  const lines = [`${net} ${where} ${tail(route, first, true, times)}`, ...others].map((text) => line(1007, text));
  return detailed ? [...lines, ...details(route, "unicast univ")] : lines;
}

function tail(route: RouteView, first: boolean, free: boolean, times: TimePrinter): string {
  const gateway = route.hops[0]?.gateway;
  const told = route.from === undefined ? undefined : formatAddress(route.from);
  const from = told === undefined || (gateway && formatAddress(gateway) === told) ? "" : ` from ${told}`;
  const best = route.best || (route.filtered && first) ? " *" : "";
  const began = route.began();
  const cost = { unknown: "/?", unreachable: "/-" }[String(route.igpMetric)] ?? `/${route.igpMetric}`;
  const shown = began === undefined || route.igpMetric === undefined || (route.igpMetric === 0 && !free) ? "" : cost;
  const as = began?.as === undefined ? "" : `AS${began.as}`;
  const source = began === undefined ? "" : ` [${as}${"ie?"[began.origin]}]`;
  return `[${route.protocol} ${times.route(route.sinceMs)}${from}]${route.refused ? " !" : best} (${route.preference}${shown})${source}`;
}

const way = ({ gateway, interface: device }: HopView): string =>
  gateway === undefined ? `dev ${device ?? "?"}` : `via ${formatAddress(gateway)} on ${device ?? "?"}`;

function hopText(hop: HopView, several: boolean): string {
  return `\t${way(hop)}${hop.onlink && hop.gateway ? " onlink" : ""}${several ? ` weight ${hop.weight}` : ""}`;
}
