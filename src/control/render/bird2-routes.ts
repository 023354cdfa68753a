import { sameAddress } from "#route/address.ts";
import type { Prefix } from "#route/prefix.ts";
import type { ReplyLine } from "../line-protocol.ts";
import { line, ok } from "../reply.ts";
import type { ReplyWriter } from "../reply-writer.ts";
import type { TimePrinter } from "../timeformat.ts";
import type { HopView, RouteView } from "../views.ts";
import { writeAddress, writePrefix } from "./addresses.ts";
import { attributeLines } from "./attributes.ts";
import type { RouteRenderer, RouteTotals } from "./renderer.ts";
import { Repeated } from "./repeated.ts";

/** `show route` as BIRD 2 writes it. */
export function routesBird2(times: TimePrinter): RouteRenderer {
  const writeTail = (out: ReplyWriter, route: RouteView, first: boolean): void => {
    out.text(route.destination);
    writeOrigin(out, route, times);
    out.text(mark(route, first));
    writeRank(out, route, false);
  };
  const tail = new Repeated<RouteView>((out, route) => writeTail(out, route, true));
  const hop = new Repeated(writeHop);
  const details = new Details("univ");
  return {
    heading(out, table, first) {
      if (!first) out.line(line(1007, ""));
      out.line(line(1007, `Table ${table}:`));
    },
    route(out, { prefix, route, first, detailed }) {
      out.begin(1007);
      writeNet(out, first ? prefix : undefined, 20);
      if (first) tail.write(out, route);
      else writeTail(out, route, false);
      out.end();
      writeHops(out, route.hops, hop);
      if (detailed) details.write(out, route);
    },
    count: (out, table, counts) => out.line(line(1007, `${countText(counts)} in table ${table}`)),
    *end(totals, listed) {
      if (totals === undefined || totals.tables < 2) return ok;
      if (listed) yield line(1007, "");
      return line(14, `Total: ${countText(totals)} in ${totals.tables} tables`);
    },
  };
}

export const countText = ({ shown, routes, nets }: RouteTotals): string =>
  `${shown} of ${routes} routes for ${nets} networks`;

/** The column of prefixes. @param prefix undefined: it stands in a line above */
export function writeNet(out: ReplyWriter, prefix: Prefix | undefined, width: number): void {
  if (prefix !== undefined) writePrefix(out, prefix);
  out.padTo(width);
  out.text(" ");
}

/** Who said so and when, and from whom if that is not the gateway. */
export function writeOrigin(out: ReplyWriter, route: RouteView, times: TimePrinter): void {
  const { from, hops } = route;
  out.text(" [");
  out.text(route.protocol);
  out.text(" ");
  out.text(times.route(route.sinceMs));
  const gateway = hops[0]?.gateway;
  if (from !== undefined && !(gateway !== undefined && sameAddress(gateway, from))) {
    out.text(" from ");
    writeAddress(out, from);
  }
  out.text("]");
}

/** `*`: the best (of rejected routes, the first of its net), `!`: the best, and the kernel refused it. */
export function mark(route: RouteView, first: boolean): string {
  if (route.refused) return " !";
  return route.best || (route.filtered && first) ? " *" : "";
}

const originLetters = ["i]", "e]", "?]"] as const;

/** Preference and cost, then where a BGP route began. @param free costs of 0 are shown as well */
export function writeRank(out: ReplyWriter, route: RouteView, free: boolean): void {
  const began = route.began();
  out.text(" (");
  out.decimal(route.preference);
  if (began !== undefined) out.text(cost(route, free));
  out.text(")");
  if (began === undefined) return;
  out.text(" [");
  if (began.as !== undefined) {
    out.text("AS");
    out.decimal(began.as);
  }
  out.text(originLetters[began.origin]);
}

function cost({ igpMetric }: RouteView, free: boolean): string {
  if (igpMetric === undefined || (igpMetric === 0 && !free)) return "";
  if (igpMetric === "unknown") return "/?";
  return igpMetric === "unreachable" ? "/-" : `/${igpMetric}`;
}

/** A line for each next hop. */
export function writeHops(out: ReplyWriter, hops: readonly HopView[], each: Repeated<HopView>): void {
  for (const hop of hops) {
    out.begin(1007);
    each.write(out, hop);
    if (hops.length > 1) {
      out.text(" weight ");
      out.decimal(hop.weight);
    }
    out.end();
  }
}

export function writeHop(out: ReplyWriter, hop: HopView): void {
  out.text("\t");
  writeWay(out, hop);
  if (hop.onlink && hop.gateway !== undefined) out.text(" onlink");
}

export function writeWay(out: ReplyWriter, { gateway, interface: device }: HopView): void {
  if (gateway === undefined) {
    out.text("dev ");
  } else {
    out.text("via ");
    writeAddress(out, gateway);
    out.text(" on ");
  }
  out.text(device ?? "?");
}

const typeNames = { bgp: "BGP", static: "static", device: "device", kernel: "inherit" } as const;

/** How a route came to be, and all its attributes: lines that are made once for routes that follow each other and are the same object. */
export class Details {
  readonly #scope: string;
  #route: RouteView | undefined;
  #lines: readonly ReplyLine[] = [];

  /** @param scope words behind the type */
  constructor(scope: string) {
    this.#scope = scope;
  }

  write(out: ReplyWriter, route: RouteView): void {
    if (route !== this.#route) {
      const type = line(1008, `\tType: ${typeNames[route.source]} ${this.#scope}`);
      this.#lines = [type, ...extraLines(route).map((text) => line(1012, text))];
      this.#route = route;
    }
    for (const each of this.#lines) out.line(each);
  }
}

/** Attributes of the route and of the kernel's entry it was learned from. */
function extraLines(route: RouteView): string[] {
  const attributes = route.source === "bgp" ? route.attributes() : undefined;
  const lines = attributes === undefined ? [] : attributeLines(attributes);
  if (route.kernel !== undefined) {
    lines.push(`\tKernel.source: ${route.kernel.source}`, `\tKernel.metric: ${route.kernel.metric}`);
  }
  return lines;
}
