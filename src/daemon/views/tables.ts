import type { ExportView, NetView, RouteTableView, RouteView, RouteWalk } from "#control/views.ts";
import { prefixOf } from "#rib/table/prefix-table.ts";
import type { Family } from "#route/family.ts";
import { contains, type Prefix } from "#route/prefix.ts";
import type { Daemon } from "../daemon.ts";
import { KERNEL_NAMES } from "./names.ts";
import type { RouteViews } from "./routes.ts";

/** Prefix numbers that one step of a walk looks at: some 10 µs. */
const STEP = 64;

/** The Loc-RIB of one family with all that stands behind it. */
export class TableView implements RouteTableView {
  readonly #family: Family;
  readonly #views: RouteViews;

  constructor(family: Family, views: RouteViews) {
    this.#family = family;
    this.#views = views;
  }

  get counts(): RouteTableView["counts"] {
    const { loc } = this.#views.side(this.#family);
    return { nets: loc.prefixes.size, routes: loc.paths.size - loc.filtered.reduce((sum, count) => sum + count, 0) };
  }

  exact(prefix: Prefix): NetView | undefined {
    const id = this.#views.side(this.#family).loc.prefixes.find(prefix);
    return id === 0 ? undefined : this.#views.net(this.#family, id);
  }

  longestMatch(prefix: Prefix): NetView | undefined {
    const { loc } = this.#views.side(this.#family);
    const id = loc.prefixes.longestMatch(prefix.words, prefix.length, (candidate) => loc.bestOf(candidate) !== 0);
    return id === 0 ? undefined : this.#views.net(this.#family, id);
  }

  walk(within: Prefix | undefined): RouteWalk {
    const [family, views] = [this.#family, this.#views];
    const { prefixes } = views.side(family).loc;
    let next = 1;
    return {
      step() {
        for (const stop = Math.min(next + STEP, prefixes.end); next < stop; ) {
          const id = next++;
          if (!prefixes.has(id)) continue;
          if (within !== undefined && !contains(within, prefixOf(prefixes, id))) continue;
          const net = views.net(family, id);
          if (net !== undefined) return net;
        }
        return next < prefixes.end ? "more" : "end";
      },
      close() {
        next = Number.POSITIVE_INFINITY;
      },
    };
  }
}

/** What one protocol is told of one family; undefined where it is told nothing at all. */
export function exportView(
  daemon: Daemon,
  views: RouteViews,
  protocol: string,
  family: Family,
): ExportView | undefined {
  if (protocol === KERNEL_NAMES[family]) return { of: (net) => kernelVerdict(net) };
  const side = views.side(family);
  const id = daemon.rib.neighbour(protocol)?.id;
  const group = id === undefined ? undefined : side.groups.of(id);
  if (id === undefined || group === undefined) return undefined;
  return {
    of(net) {
      const prefix = side.loc.prefixes.find(net.prefix);
      const best = net.routes.find((route) => route.best);
      if (prefix === 0 || best === undefined || side.loc.paths.neighbourOf(side.loc.bestOf(prefix)) === id)
        return undefined;
      return { route: best, accepted: group.exportedSet(prefix) !== 0, sent: group.hasTold(prefix, id) };
    },
  };
}

/** The kernel is told every best route, save that own prefixes are only held against loops. */
function kernelVerdict(net: NetView): { route: RouteView; accepted: boolean; sent: boolean } | undefined {
  const best = net.routes.find((route) => route.best);
  return best && { route: best, accepted: true, sent: !best.refused };
}
