import { ok, oneLine } from "../reply.ts";
import type { ReplyWriter } from "../reply-writer.ts";
import type { TimePrinter } from "../timeformat.ts";
import type { RouteView } from "../views.ts";
import {
  countText,
  mark,
  writeDetails,
  writeHops,
  writeNet,
  writeOrigin,
  writeRank,
  writeWay,
} from "./bird2-routes.ts";
import type { RouteRenderer } from "./renderer.ts";

/** `show route` as BIRD 1.6 writes it: a route is one line, unless it has several next hops. */
export function routesBird16(times: TimePrinter): RouteRenderer {
  return {
    heading() {},
    route(out, item) {
      const { route } = item;
      out.begin(1007);
      writeNet(out, item, 18);
      writeDestination(out, route);
      writeOrigin(out, route, times);
      out.text(mark(item));
      writeRank(out, route, true);
      out.end();
      if (route.hops.length > 1) writeHops(out, route.hops);
      if (item.detailed) writeDetails(out, route, "unicast univ");
    },
    count() {},
    end: (totals) => (totals === undefined ? oneLine(ok.code, ok.text) : oneLine(14, countText(totals))),
  };
}

function writeDestination(out: ReplyWriter, { destination, hops }: RouteView): void {
  const [hop] = hops;
  if (destination !== "unicast") out.text(destination);
  else if (hops.length > 1 || hop === undefined) out.text("multipath");
  else writeWay(out, hop);
}
