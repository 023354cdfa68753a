import type { ExportView, NetView, RouteTableView, RouteWalk } from "#control/views.ts";
import type { Family } from "#route/family.ts";
import type { Prefix } from "#route/prefix.ts";
import type { Daemon } from "../daemon.ts";
import { KERNEL_NAMES } from "./names.ts";
import type { RouteViews } from "./routes.ts";

/** The Loc-RIB of one family with all that stands behind it. */
export class TableView implements RouteTableView {
  readonly #family: Family;
  readonly #views: RouteViews;

  constructor(family: Family, views: RouteViews) {
    this.#family = family;
    this.#views = views;
  }

  get counts(): RouteTableView["counts"] {
    const { nets, paths, refused } = this.#views.rib.tables(this.#family);
    return { nets, routes: paths - refused };
  }

  exact(prefix: Prefix): NetView | undefined {
    this.#views.forget();
    const id = this.#views.rib.find(prefix);
    return id === 0 ? undefined : this.#views.net(this.#family, id);
  }

  longestMatch(prefix: Prefix): NetView | undefined {
    this.#views.forget();
    const id = this.#views.rib.lookUp({ family: prefix.family, words: prefix.words }, prefix.length);
    return id === 0 ? undefined : this.#views.net(this.#family, id);
  }

  walk(within: Prefix | undefined): RouteWalk {
    const walk = this.#views.rib.walk(this.#family, within);
    this.#views.resume();
    let batch: ArrayLike<number> | undefined = [];
    let next = 0;
    return {
      step: () => {
        if (batch === undefined) return "end";
        const id = batch[next++];
        if (id !== undefined) return this.#views.net(this.#family, id) ?? "more";
        next = 0;
        this.#views.forget();
        batch = walk.step();
        return batch === undefined ? "end" : "more";
      },
      resume: () => this.#views.resume(),
      close: () => {
        batch = undefined;
      },
    };
  }
}

/** What one protocol is told of one family; undefined where it is told nothing at all. */
export function exportView(
  daemon: Daemon,
  { rib }: RouteViews,
  protocol: string,
  family: Family,
): ExportView | undefined {
  if (protocol === KERNEL_NAMES[family]) return { of: kernelVerdict };
  const neighbour = daemon.rib.neighbour(protocol);
  if (neighbour?.session?.families.includes(family) !== true) return undefined;
  return {
    of(net) {
      const best = net.routes.find((route) => route.best);
      const verdict = rib.explainExport(neighbour, net.prefix);
      if (best === undefined || (verdict.kind !== "policy" && verdict.kind !== "community")) return undefined;
      return { route: best, accepted: verdict.told, sent: rib.isTold(neighbour, family, rib.find(net.prefix)) };
    },
  };
}

/** The kernel is told every best route, save that own prefixes are only held against loops. */
function kernelVerdict(net: NetView): ReturnType<ExportView["of"]> {
  const best = net.routes.find((route) => route.best);
  return best && { route: best, accepted: true, sent: !best.refused };
}
