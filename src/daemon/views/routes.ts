import type { HopView, NetView, RouteView } from "#control/views.ts";
import type { FamilySide } from "#rib/family-side.ts";
import { LOCAL } from "#rib/neighbours.ts";
import { UNREACHABLE } from "#rib/table/next-hop-table.ts";
import { ageOf, BLACKHOLE, FILTERED, LOOPED, OUT, secondOf } from "#rib/table/path-table.ts";
import { prefixOf } from "#rib/table/prefix-table.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import type { Hop } from "#route/hop-set.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";
import type { Daemon } from "../daemon.ts";
import { STATIC_NAMES } from "./names.ts";

const STATIC_PREFERENCE = 200;
const BGP_PREFERENCE = 100;

/** Paths of the RIB, as the control socket shows routes. */
export class RouteViews {
  readonly #daemon: Daemon;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  side(family: Family): FamilySide {
    return this.#daemon.rib.sides[family];
  }

  /** All paths of a prefix: the best, those it beat, those that policy refused. undefined where it has none. */
  net(family: Family, id: number): NetView | undefined {
    const paths = this.paths(family, id);
    if (paths.length === 0) return undefined;
    return {
      prefix: prefixOf(this.side(family).loc.prefixes, id),
      routes: paths.map((path) => this.route(family, path)),
    };
  }

  /** Numbers of a prefix's paths in the order in which they are shown. */
  paths(family: Family, id: number): number[] {
    const { loc } = this.side(family);
    const best = loc.bestOf(id);
    const found: number[] = [];
    for (let path = loc.headOf(id); path !== 0; path = loc.paths.next(path)) found.push(path);
    const order = (path: number): number => (path === best ? 0 : loc.decision.stands(path) ? 1 : 2);
    return found.sort((a, b) => order(a) - order(b));
  }

  route(family: Family, path: number): RouteView {
    const { loc } = this.side(family);
    const neighbour = loc.paths.neighbourOf(path);
    const state = loc.paths.stateOf(path);
    const prefix = loc.paths.prefixOf(path);
    const best = loc.bestOf(prefix) === path;
    const common = {
      best,
      filtered: (state & OUT) !== 0,
      sinceMs: this.#daemon.startedMs + secondOf(state) * 1000,
      refused: best && this.#refused(prefixOf(loc.prefixes, prefix)),
      kernel: undefined,
      attributes: () => this.attributes(family, path),
    };
    if (neighbour === LOCAL) return { ...common, ...this.#own(family, path) };
    const known = this.#daemon.rib.neighbourById(neighbour);
    const metric = loc.decision.metricOf(path);
    return {
      ...common,
      protocol: known?.config.name ?? `neighbour${neighbour}`,
      source: "bgp",
      from: known?.session?.address ?? this.#addressOf(known?.config.name),
      destination: metric === UNREACHABLE ? "unreachable" : "unicast",
      hops: this.hops(this.resolution(family, path)?.hops ?? []),
      preference: BGP_PREFERENCE,
      stale: ageOf(state, loc.generations[neighbour] ?? 0) > 0,
      igpMetric: metric === UNREACHABLE ? "unreachable" : metric,
    };
  }

  /** As policy left them. */
  attributes(family: Family, path: number): Attributes | undefined {
    const { loc } = this.side(family);
    if (loc.paths.neighbourOf(path) === LOCAL) return undefined;
    return this.decode(loc.paths.attributesOf(path));
  }

  decode(set: number): Attributes {
    const { attributes, parts } = this.#daemon.rib;
    const start = attributes.startOf(set);
    return parts.codec.decode(attributes.arena.bytes, start, start + attributes.lengthOf(set));
  }

  /** How the path's next hop is reached. */
  resolution(family: Family, path: number): { readonly hops: readonly Hop[] } | undefined {
    const { loc } = this.side(family);
    return this.#daemon.rib.nextHops.resolutionOf(loc.decision.nextHopOf(path));
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

  isLooped = (family: Family, path: number): boolean => (this.side(family).loc.paths.stateOf(path) & LOOPED) !== 0;
  isRefusedByPolicy = (family: Family, path: number): boolean =>
    (this.side(family).loc.paths.stateOf(path) & FILTERED) !== 0;

  #own(
    family: Family,
    path: number,
  ): Omit<RouteView, "best" | "filtered" | "sinceMs" | "refused" | "kernel" | "attributes"> {
    const { loc } = this.side(family);
    const own = this.#daemon.rib.originated(formatPrefix(prefixOf(loc.prefixes, loc.paths.prefixOf(path))));
    const blackhole = own?.blackhole === true || (loc.paths.stateOf(path) & BLACKHOLE) !== 0;
    return {
      protocol: STATIC_NAMES[family],
      source: "static",
      from: undefined,
      destination: blackhole ? "blackhole" : "unreachable",
      hops: [],
      preference: STATIC_PREFERENCE,
      stale: false,
      igpMetric: undefined,
    };
  }

  #addressOf(name: string | undefined): RouteView["from"] {
    return this.#daemon.config.peers.find((peer) => peer.name === name)?.address;
  }

  #refused(prefix: Prefix): boolean {
    return this.#daemon.kernel.installer.failureOf(prefix) !== undefined;
  }
}
