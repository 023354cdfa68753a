import { formatAddress, sameAddress } from "#route/address.ts";
import { formatPrefix } from "#route/prefix.ts";
import type { ReplyLine } from "../line-protocol.ts";
import { line, ok } from "../reply.ts";
import type { TimePrinter } from "../timeformat.ts";
import type { HopView, RouteView } from "../views.ts";
import { attributeLines } from "./attributes.ts";
import type { RouteItem, RouteRenderer, RouteTotals } from "./renderer.ts";

/** `show route` as BIRD 2 writes it. */
export function routesBird2(times: TimePrinter): RouteRenderer {
  const hopLines = hopLinesOf();
  return {
    heading(table, first) {
      return [...(first ? [] : [line(1007, "")]), line(1007, `Table ${table}:`)];
    },
    route(item) {
      const { route } = item;
      const lines = [line(1007, headLine(item, times)), ...hopLines(route.hops)];
      if (item.detailed) lines.push(...detailLines(route));
      return lines;
    },
    count(table, counts) {
      return [line(1007, `${countText(counts)} in table ${table}`)];
    },
    *end(totals, listed) {
      if (totals === undefined || totals.tables < 2) return ok;
      if (listed) yield line(1007, "");
      return line(14, `Total: ${countText(totals)} in ${totals.tables} tables`);
    },
  };
}

/** Routes of one listing share their next hops: each list of these is put into words once. */
function hopLinesOf(): (hops: readonly HopView[]) => readonly ReplyLine[] {
  const known = new WeakMap<readonly HopView[], readonly ReplyLine[]>();
  return (hops) => {
    let lines = known.get(hops);
    if (lines === undefined) {
      lines = hops.map((hop) => line(1007, hopLine(hop, hops.length > 1)));
      known.set(hops, lines);
    }
    return lines;
  };
}

export const countText = ({ shown, routes, nets }: RouteTotals): string =>
  `${shown} of ${routes} routes for ${nets} networks`;

function headLine(item: RouteItem, times: TimePrinter): string {
  const { prefix, route, first } = item;
  const net = (first ? formatPrefix(prefix) : "").padEnd(20);
  return `${net} ${route.destination} [${origin(route, times)}]${mark(item)}${rank(route, false)}`;
}

/** Who said so and when, and from whom if that is not the gateway. */
export function origin(route: RouteView, times: TimePrinter): string {
  const [hop] = route.hops;
  const elsewhere = route.from && !(hop?.gateway && sameAddress(hop.gateway, route.from));
  const from = elsewhere && route.from ? ` from ${formatAddress(route.from)}` : "";
  return `${route.protocol} ${times.route(route.sinceMs)}${from}`;
}

/** `*`: the best (of rejected routes, the first), `!`: the best, and the kernel refused it. */
export function mark({ route, first }: RouteItem): string {
  if (route.refused) return " !";
  return route.best || (route.filtered && first) ? " *" : "";
}

const originLetters = ["i", "e", "?"] as const;

/** Preference and cost, then where a BGP route began. @param free costs of 0 are shown as well */
export function rank(route: RouteView, free: boolean): string {
  const began = route.began();
  if (began === undefined) return ` (${route.preference})`;
  const as = began.as === undefined ? "" : `AS${began.as}`;
  return ` (${route.preference}${cost(route, free)}) [${as}${originLetters[began.origin]}]`;
}

function cost({ igpMetric }: RouteView, free: boolean): string {
  if (igpMetric === undefined || (igpMetric === 0 && !free)) return "";
  if (igpMetric === "unknown") return "/?";
  return igpMetric === "unreachable" ? "/-" : `/${igpMetric}`;
}

export function hopLine(hop: HopView, several: boolean): string {
  const weight = several ? ` weight ${hop.weight}` : "";
  const onlink = hop.onlink ? " onlink" : "";
  const device = hop.interface ?? "?";
  if (hop.gateway === undefined) return `\tdev ${device}${weight}`;
  return `\tvia ${formatAddress(hop.gateway)} on ${device}${onlink}${weight}`;
}

const typeNames = { bgp: "BGP", static: "static", device: "device", kernel: "inherit" } as const;

/** How a route came to be, as the line `Type:` names it. */
export const typeName = ({ source }: RouteView): string => typeNames[source];

function detailLines(route: RouteView): ReplyLine[] {
  const lines = [line(1008, `\tType: ${typeName(route)} univ`)];
  return [...lines, ...extraLines(route).map((text) => line(1012, text))];
}

/** Attributes of the route and of the kernel's entry it was learned from. */
export function extraLines(route: RouteView): string[] {
  const attributes = route.source === "bgp" ? route.attributes() : undefined;
  const lines = attributes === undefined ? [] : attributeLines(attributes);
  if (route.kernel !== undefined) {
    lines.push(`\tKernel.source: ${route.kernel.source}`, `\tKernel.metric: ${route.kernel.metric}`);
  }
  return lines;
}
