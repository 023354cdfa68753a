import { ok, oneLine } from "../reply.ts";
import type { ReplyWriter } from "../reply-writer.ts";
import type { TimePrinter } from "../timeformat.ts";
import type { HopView, RouteView } from "../views.ts";
import {
  countText,
  Details,
  mark,
  writeHop,
  writeHops,
  writeNet,
  writeOrigin,
  writeRank,
  writeWay,
} from "./bird2-routes.ts";
import type { RouteRenderer } from "./renderer.ts";
import { Repeated } from "./repeated.ts";

/** `show route` as BIRD 1.6 writes it: a route is one line, unless it has several next hops. */
export function routesBird16(times: TimePrinter): RouteRenderer {
  const writeTail = (out: ReplyWriter, route: RouteView, first: boolean): void => {
    writeDestination(out, route);
    writeOrigin(out, route, times);
    out.text(mark(route, first));
    writeRank(out, route, true);
  };
  const tail = new Repeated<RouteView>((out, route) => writeTail(out, route, true));
  const hop = new Repeated<HopView>(writeHop);
  const details = new Details("unicast univ");
  return {
    heading() {},
    route(out, { prefix, route, first, detailed }) {
      out.begin(1007);
      writeNet(out, first ? prefix : undefined, 18);
      if (first) tail.write(out, route);
      else writeTail(out, route, false);
      out.end();
      if (route.hops.length > 1) writeHops(out, route.hops, hop);
      if (detailed) details.write(out, route);
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
