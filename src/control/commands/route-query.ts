import type { Family } from "#route/family.ts";
import type { Prefix } from "#route/prefix.ts";
import { Refusal } from "../errors.ts";
import type { RouteRenderer, RouteTotals } from "../render/renderer.ts";
import type { Reply } from "../reply.ts";
import type { ReplyWriter } from "../reply-writer.ts";
import type { ExportVerdict, NetView, RouteTableView, RouteView } from "../views.ts";

/** What `show route` was asked. */
export interface RouteQuery {
  /** Tables to look at, in this order. */
  readonly tables: readonly NamedTable[];
  readonly target: RouteTarget | undefined;
  /** Only routes that this protocol brought. */
  readonly protocol: string | undefined;
  /** Only what a protocol is told, by what became of it; `exports` may miss tables whose channel is not up. */
  readonly toldTo: ToldTo | undefined;
  /** `where` and `filter`: the route as it is shown, undefined where it is not. */
  readonly accepts: ((net: NetView, route: RouteView) => RouteView | undefined) | undefined;
  readonly detailed: boolean;
  readonly primary: boolean;
  /** Routes that import policy rejected, instead of the others. */
  readonly filtered: boolean;
  readonly listing: "list" | "stats" | "count";
}

export interface NamedTable {
  readonly name: string;
  readonly family: Family;
  readonly table: RouteTableView;
}

export interface RouteTarget {
  readonly kind: "exact" | "longest" | "within";
  readonly prefix: Prefix;
}

export interface ToldTo {
  readonly mode: "export" | "preexport" | "noexport" | "exported";
  readonly verdict: (net: NetView) => ExportVerdict | undefined;
}

/** How many nets are looked at before others may have their turn, unless they fill a block. */
const NETS_BETWEEN_TURNS = 16;

interface Counters {
  shown: number;
  routes: number;
  nets: number;
}

/** The reply, one net at a time. @param notFound text of 8001 */
export function* showRoutes(out: ReplyWriter, query: RouteQuery, render: RouteRenderer, notFound: string): Reply {
  const lookup = query.target !== undefined && query.target.kind !== "within";
  const total: Counters = { shown: 0, routes: 0, nets: 0 };
  const listing = new Listing(out, query, render);
  let found = false;
  for (const table of query.tables) {
    const counters: Counters = { shown: 0, routes: 0, nets: 0 };
    if (lookup) {
      const net = lookUp(table.table, query);
      if (net === undefined) continue;
      found = true;
      const chosen = listing.choose(net, counters);
      for (const route of chosen) if (listing.write(table.name, net, route, route === chosen[0])) yield "turn";
      continue;
    }
    if (query.listing === "stats") listing.heading(table.name);
    if (countsAll(query)) Object.assign(counters, allOf(table.table));
    else yield* walkTable(table, query, listing, counters);
    if (query.listing !== "list") render.count(out, table.name, totals(counters, query), query.listing === "stats");
    total.shown += counters.shown;
    total.routes += counters.routes;
    total.nets += counters.nets;
  }
  if (lookup && !found) throw new Refusal(8001, notFound);
  const counted = !lookup && query.listing !== "list";
  return yield* render.end(counted ? totals(total, query) : undefined, query.listing === "stats");
}

/** Nothing is chosen and nothing listed: the table knows the answer. */
function countsAll({ listing, target, protocol, toldTo, accepts, primary, filtered }: RouteQuery): boolean {
  if (listing !== "count" || primary || filtered) return false;
  return target === undefined && protocol === undefined && toldTo === undefined && accepts === undefined;
}

const allOf = ({ counts: { nets, routes } }: RouteTableView): Counters => ({ nets, routes, shown: routes });

const totals = (counters: Counters, query: RouteQuery): RouteTotals => ({ ...counters, tables: query.tables.length });

function lookUp(table: RouteTableView, { target, filtered }: RouteQuery): NetView | undefined {
  if (target === undefined) return undefined;
  if (target.kind === "longest") return table.longestMatch(target.prefix);
  const net = table.exact(target.prefix);
  return net?.routes.some((route) => route.filtered === filtered) ? net : undefined;
}

function* walkTable(
  { name, table }: NamedTable,
  query: RouteQuery,
  listing: Listing,
  counters: Counters,
): Generator<"turn"> {
  const walk = table.walk(query.target?.prefix);
  let quiet = 0;
  try {
    for (let net = walk.step(); net !== "end"; net = walk.step()) {
      if (net !== "more") {
        const chosen = listing.choose(net, counters);
        for (const route of chosen) {
          if (!listing.write(name, net, route, route === chosen[0])) continue;
          yield "turn";
          walk.resume();
        }
      }
      // A step without a net may have sorted some thousand.
      if (net !== "more" && ++quiet < NETS_BETWEEN_TURNS) continue;
      quiet = 0;
      yield "turn";
      walk.resume();
    }
  } finally {
    walk.close();
  }
}

/** Chooses routes and puts them into words; a table's heading comes with its first route. */
class Listing {
  readonly #out: ReplyWriter;
  readonly #query: RouteQuery;
  readonly #render: RouteRenderer;
  #headed: string | undefined;
  /** Blocks that were full at the last turn. */
  #blocks: number;

  constructor(out: ReplyWriter, query: RouteQuery, render: RouteRenderer) {
    this.#out = out;
    this.#query = query;
    this.#render = render;
    this.#blocks = out.blocks;
  }

  heading(table: string): void {
    if (this.#headed === table) return;
    const first = this.#headed === undefined;
    this.#headed = table;
    this.#render.heading(this.#out, table, first);
  }

  /** Counts one net's routes. @returns those that are listed */
  choose(net: NetView, counters: Counters): readonly RouteView[] {
    const { listing } = this.#query;
    const present = this.#present(net.routes);
    if (present.length === 0) return none;
    counters.nets++;
    counters.routes += present.length;
    const chosen = this.#selected(net, present);
    counters.shown += chosen.length;
    return listing === "count" ? none : chosen;
  }

  /**
   * Writes a chosen route.
   * @param first of those of its net
   * @returns whether a block was filled since it last said so: then it is time for others
   */
  write(table: string, { prefix }: NetView, route: RouteView, first: boolean): boolean {
    this.heading(table);
    this.#render.route(this.#out, { table, prefix, route, first, detailed: this.#query.detailed });
    const filled = this.#out.blocks !== this.#blocks;
    this.#blocks = this.#out.blocks;
    return filled;
  }

  #present(routes: readonly RouteView[]): readonly RouteView[] {
    const { filtered, primary } = this.#query;
    const wanted = routes.every((route) => route.filtered === filtered)
      ? routes
      : routes.filter((route) => route.filtered === filtered);
    return primary ? wanted.filter((route, index) => route.best || (filtered && index === 0)) : wanted;
  }

  #selected(net: NetView, present: readonly RouteView[]): readonly RouteView[] {
    const { protocol, accepts, toldTo } = this.#query;
    if (protocol === undefined && accepts === undefined && toldTo === undefined) return present;
    const candidates = toldTo === undefined ? present : told(toldTo, net);
    const brought = protocol === undefined ? candidates : candidates.filter((route) => route.protocol === protocol);
    if (accepts === undefined) return brought;
    return brought.map((route) => accepts(net, route)).filter((route) => route !== undefined);
  }
}

const none: readonly RouteView[] = [];

function told({ mode, verdict }: ToldTo, net: NetView): readonly RouteView[] {
  const offered = verdict(net);
  if (offered === undefined) return [];
  const wanted = {
    preexport: true,
    export: offered.accepted,
    noexport: !offered.accepted,
    exported: offered.sent,
  } as const;
  return wanted[mode] ? [offered.route] : [];
}
