import { formatAddress } from "#route/address.ts";
import { formatPrefix } from "#route/prefix.ts";
import { line, ok, oneLine } from "../reply.ts";
import type { TimePrinter } from "../timeformat.ts";
import type { HopView } from "../views.ts";
import { countText, extraLines, hopLine, mark, origin, rank, typeName } from "./bird2-routes.ts";
import type { RouteItem, RouteRenderer } from "./renderer.ts";

/** `show route` as BIRD 1.6 writes it: a route is one line, unless it has several next hops. */
export function routesBird16(times: TimePrinter): RouteRenderer {
  return {
    heading: () => [],
    route(item) {
      const { route } = item;
      const lines = [line(1007, headLine(item, times))];
      if (route.hops.length > 1) lines.push(...route.hops.map((hop) => line(1007, hopLine(hop, true))));
      if (!item.detailed) return lines;
      lines.push(line(1008, `\tType: ${typeName(route)} unicast univ`));
      return [...lines, ...extraLines(route).map((text) => line(1012, text))];
    },
    count: () => [],
    end: (totals) => (totals === undefined ? oneLine(ok.code, ok.text) : oneLine(14, countText(totals))),
  };
}

function headLine(item: RouteItem, times: TimePrinter): string {
  const { prefix, route, first } = item;
  const net = (first ? formatPrefix(prefix) : "").padEnd(18);
  return `${net} ${destination(item)} [${origin(route, times)}]${mark(item)}${rank(route, true)}`;
}

function destination({ route: { destination: where, hops } }: RouteItem): string {
  const [hop] = hops;
  if (where !== "unicast") return where;
  return hops.length > 1 || hop === undefined ? "multipath" : way(hop);
}

function way({ gateway, interface: device }: HopView): string {
  return gateway === undefined ? `dev ${device ?? "?"}` : `via ${formatAddress(gateway)} on ${device ?? "?"}`;
}
