import type { HopView, NetView, RouteView } from "#control/views.ts";
import type { PathView, RibView } from "#rib/views.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import type { Hop } from "#route/hop-set.ts";
import type { Prefix } from "#route/prefix.ts";
import type { Daemon } from "../daemon.ts";
import { STATIC_NAMES } from "./names.ts";

/** BIRD's preferences. */
const STATIC_PREFERENCE = 200;
const BGP_PREFERENCE = 100;

const ORDER: Readonly<Record<PathView["standing"], number>> = {
  best: 0,
  equal: 1,
  lost: 1,
  unreachable: 2,
  filtered: 3,
  looped: 3,
};

/** Paths of the RIB, as the control socket shows routes. */
export class RouteViews {
  readonly rib: RibView;
  readonly #daemon: Daemon;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    this.rib = daemon.ribView;
  }

  /** All paths of a prefix: the best, those it beat, those that policy refused. undefined where it has none. */
  net(family: Family, id: number): NetView | undefined {
    const prefix = this.rib.prefix(family, id);
    const paths = this.paths(family, id);
    if (prefix === undefined || paths.length === 0) return undefined;
    return { prefix, routes: paths.map((path) => this.route(prefix, path)) };
  }

  /** A prefix's paths in the order in which they are shown. */
  paths(family: Family, id: number): PathView[] {
    return this.rib.paths(family, id).sort((a, b) => ORDER[a.standing] - ORDER[b.standing]);
  }

  route(prefix: Prefix, path: PathView): RouteView {
    const best = path.standing === "best";
    const common = {
      best,
      filtered: path.standing === "filtered" || path.standing === "looped",
      sinceMs: path.sinceMs,
      refused: best && this.#daemon.kernel.installer.failureOf(prefix) !== undefined,
      kernel: undefined,
      stale: path.isStale,
    };
    return path.neighbour === undefined
      ? { ...common, ...ownRoute(prefix.family, path) }
      : { ...common, ...this.#learned(path, path.neighbour.config.name, path.neighbour.session?.address) };
  }

  hops(hops: readonly Hop[]): HopView[] {
    const { links } = this.#daemon.kernel;
    return hops.map(({ gateway, link, weight, onlink }) => ({
      gateway,
      interface: links.get(link)?.name,
      weight,
      onlink,
    }));
  }

  #learned(path: PathView, name: string, address: RouteView["from"]): LearnedRoute {
    const reachable = path.metric !== undefined;
    return {
      protocol: name,
      source: "bgp",
      from: address ?? this.#daemon.config.peers.find((peer) => peer.name === name)?.address,
      destination: reachable ? "unicast" : "unreachable",
      hops: this.hops(path.resolution?.hops ?? []),
      preference: BGP_PREFERENCE,
      igpMetric: path.metric ?? "unreachable",
      attributes: () => path.attributes(),
    };
  }
}

type LearnedRoute = Pick<
  RouteView,
  "protocol" | "source" | "from" | "destination" | "hops" | "preference" | "igpMetric" | "attributes"
>;

function ownRoute(family: Family, { own }: PathView): LearnedRoute {
  return {
    protocol: STATIC_NAMES[family],
    source: "static",
    from: undefined,
    destination: own?.blackhole === true ? "blackhole" : "unreachable",
    hops: [],
    preference: STATIC_PREFERENCE,
    igpMetric: undefined,
    attributes: (): Attributes | undefined => undefined,
  };
}
