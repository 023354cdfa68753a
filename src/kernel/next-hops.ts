import { type Address, isLinkLocal, sameAddress } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { Hop } from "#route/hop-set.ts";
import type { ForeignRoute, ForeignRoutes } from "./foreign-routes.ts";
import type { Links } from "./links.ts";

/** How a next hop is reached; `Resolution` of the RIB's ports. */
export interface Reach {
  /** 0 on link, else the metric of the route that leads there. */
  readonly metric: number;
  readonly hops: readonly Hop[];
}

/**
 * Resolves next hops (RFC 4271 §5.1.3, §9.1.2.1) by the kernel's own connected and other routes, longest prefix first:
 *
 * - never through our own routes: a route cannot carry itself, and what BGP says comes and goes with sessions;
 * - never through a default route, unless the next hop is that of a neighbour which is configured as distant
 *   (`allowDefault`): when a subnet's link goes away, its next hops are unreachable, not somewhere behind the uplink;
 * - never over a link that is down or has no carrier: the next longer prefix or metric is tried instead;
 * - never to ourselves.
 *
 * The kernel demands that a route's gateway is on link, so one look-up is all the recursion there is: a foreign route
 * gives its own gateway and link, a connected route makes the next hop itself the gateway.
 */
export class NextHops {
  readonly #links: Links;
  readonly #routes: Readonly<Record<Family, ForeignRoutes>>;
  #distant: readonly Address[] = [];

  /** @param routes of the main table */
  constructor(links: Links, routes: Readonly<Record<Family, ForeignRoutes>>) {
    this.#links = links;
    this.#routes = routes;
  }

  /** Next hops that may be reached through a default route: the addresses of multihop neighbours. */
  allowDefault(addresses: readonly Address[]): void {
    this.#distant = addresses;
  }

  /** @param via for link-local next hops: the interface of the session they came over. @returns undefined: unreachable */
  resolve(address: Address, via: number | undefined): Reach | undefined {
    if (isLinkLocal(address)) {
      if (via === undefined || !this.#links.usable(via) || this.#links.holding(address)?.index === via)
        return undefined;
      return { metric: 0, hops: [{ gateway: address, link: via, weight: 1, onlink: false }] };
    }
    if (this.#links.holding(address) !== undefined) return undefined;
    for (const { length, routes } of this.#routes[address.family].matching(address)) {
      if (length === 0 && !this.#distant.some((distant) => sameAddress(distant, address))) return undefined;
      for (const route of routes) {
        if (route.tos !== 0) continue; // such a route carries only packets of that type of service
        if (route.set?.kind !== "unicast") return undefined; // blackhole, unreachable, prohibit
        const hops = this.#through(route, address);
        if (hops.length > 0) return { metric: onLink(route) ? 0 : route.metric, hops };
      }
    }
    return undefined;
  }

  #through({ set }: ForeignRoute, address: Address): readonly Hop[] {
    if (set?.kind !== "unicast") return [];
    return set.hops
      .filter(({ link }) => this.#links.usable(link))
      .map((hop) => ({ ...hop, gateway: hop.gateway ?? address }));
  }
}

const onLink = ({ set }: ForeignRoute): boolean => set?.kind === "unicast" && set.hops.every((hop) => !hop.gateway);
