import type { Attributes, Origin } from "#route/attributes.ts";
import type { RouteView } from "../views.ts";
import type { Value } from "./values.ts";

type Change = Partial<Attributes>;

/** What an assignment to a path attribute changes. Types were checked when the filter was read. */
const changes: Readonly<Record<string, (value: Value) => Change>> = {
  bgp_origin: (value) => (value.type === "enum" ? { origin: value.value as Origin } : {}),
  bgp_path: (value) => (value.type === "path" ? { asPath: value.value } : {}),
  bgp_next_hop: (value) => (value.type === "ip" ? { nextHop: value.value, linkLocalNextHop: undefined } : {}),
  bgp_med: (value) => (value.type === "int" ? { med: value.value } : {}),
  bgp_local_pref: (value) => (value.type === "int" ? { localPref: value.value } : {}),
  bgp_originator_id: (value) => (value.type === "int" ? { originatorId: value.value } : {}),
  bgp_cluster_list: (value) => (value.type === "clist" ? { clusterList: value.value } : {}),
  bgp_community: (value) => (value.type === "clist" ? { communities: value.value } : {}),
  bgp_ext_community: (value) => (value.type === "eclist" ? { extendedCommunities: value.value } : {}),
  bgp_large_community: (value) => (value.type === "lclist" ? { largeCommunities: value.value } : {}),
};

/** The route as it would be with another value of one attribute; what cannot be assigned stays as it is. */
export function assign(route: RouteView, name: string, value: Value): RouteView {
  if (name === "preference" && value.type === "int") return { ...route, preference: value.value };
  const change = changes[name]?.(value);
  const before = route.attributes();
  if (change === undefined || before === undefined) return route;
  const attributes: Attributes = { ...before, ...change };
  return { ...route, attributes: () => attributes, began: () => beganOf(attributes) };
}

/** Where a route with these attributes began. */
export function beganOf({ asPath, origin }: Attributes): ReturnType<RouteView["began"]> {
  const last = asPath.at(-1);
  return { as: last?.kind === "sequence" ? last.members.at(-1) : undefined, origin };
}
