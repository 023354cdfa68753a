import { pathLength } from "#route/as-path.ts";
import type { Attributes } from "#route/attributes.ts";
import type { NetView, RouteView } from "../views.ts";
import type { EnumName, Value, ValueType } from "./values.ts";

/** What an expression is about: one route of one net. */
export interface Subject {
  readonly net: NetView;
  readonly route: RouteView;
}

interface AttributeRow {
  readonly type: ValueType;
  /** undefined: the route has no such attribute. */
  get(subject: Subject): Value | undefined;
}

const int = (value: number | undefined): Value | undefined =>
  value === undefined ? undefined : { type: "int", value };
const enumeration = (of: EnumName, value: number): Value => ({ type: "enum", of, value });
const firstHop = ({ route }: Subject) => route.hops[0];

/** A path attribute of BGP routes. */
function path(type: ValueType, get: (attributes: Attributes) => Value | undefined): AttributeRow {
  return {
    type,
    get({ route }) {
      const attributes = route.attributes();
      return attributes === undefined ? undefined : get(attributes);
    },
  };
}

/** Lists are empty, and not absent, where a route has none. */
function list(type: ValueType, get: (attributes: Attributes) => Value, empty: Value): AttributeRow {
  return {
    type,
    get({ route }) {
      const attributes = route.attributes();
      return attributes === undefined ? empty : get(attributes);
    },
  };
}

const sources = { bgp: 11, static: 1, device: 3, kernel: 2 } as const;
const destinations = { unicast: 1, blackhole: 2, unreachable: 3, prohibited: 4 } as const;

/** Everything that an expression may ask of a route. */
export const attributeTable: Readonly<Record<string, AttributeRow>> = {
  net: { type: "prefix", get: ({ net }) => ({ type: "prefix", value: net.prefix }) },
  proto: { type: "string", get: ({ route }) => ({ type: "string", value: route.protocol }) },
  source: { type: "enum", get: ({ route }) => enumeration("source", sources[route.source]) },
  dest: { type: "enum", get: ({ route }) => enumeration("dest", destinations[route.destination]) },
  from: { type: "ip", get: ({ route }) => (route.from ? { type: "ip", value: route.from } : undefined) },
  gw: {
    type: "ip",
    get(subject) {
      const gateway = firstHop(subject)?.gateway;
      return gateway === undefined ? undefined : { type: "ip", value: gateway };
    },
  },
  ifname: { type: "string", get: (subject) => ({ type: "string", value: firstHop(subject)?.interface ?? "" }) },
  weight: { type: "int", get: (subject) => int(firstHop(subject)?.weight) },
  preference: { type: "int", get: ({ route }) => int(route.preference) },
  krt_source: { type: "int", get: ({ route }) => int(route.kernel?.source) },
  krt_metric: { type: "int", get: ({ route }) => int(route.kernel?.metric) },
  bgp_origin: path("enum", ({ origin }) => enumeration("origin", origin)),
  bgp_path: list("path", ({ asPath }) => ({ type: "path", value: asPath }), { type: "path", value: [] }),
  bgp_next_hop: path("ip", ({ nextHop }) => (nextHop ? { type: "ip", value: nextHop } : undefined)),
  bgp_med: path("int", ({ med }) => int(med)),
  bgp_local_pref: path("int", ({ localPref }) => int(localPref)),
  bgp_originator_id: path("int", ({ originatorId }) => int(originatorId)),
  bgp_cluster_list: list("clist", ({ clusterList }) => ({ type: "clist", value: clusterList }), {
    type: "clist",
    value: [],
  }),
  bgp_community: list("clist", ({ communities }) => ({ type: "clist", value: communities }), {
    type: "clist",
    value: [],
  }),
  bgp_ext_community: list("eclist", (all) => ({ type: "eclist", value: all.extendedCommunities }), {
    type: "eclist",
    value: [],
  }),
  bgp_large_community: list("lclist", (all) => ({ type: "lclist", value: all.largeCommunities }), {
    type: "lclist",
    value: [],
  }),
};

/** Names that stand for numbers. */
export const enumTable: Readonly<Record<string, Value>> = {
  RTS_STATIC: enumeration("source", 1),
  RTS_INHERIT: enumeration("source", 2),
  RTS_DEVICE: enumeration("source", 3),
  RTS_BGP: enumeration("source", 11),
  RTD_UNICAST: enumeration("dest", 1),
  RTD_BLACKHOLE: enumeration("dest", 2),
  RTD_UNREACHABLE: enumeration("dest", 3),
  RTD_PROHIBIT: enumeration("dest", 4),
  NET_IP4: enumeration("net", 1),
  NET_IP6: enumeration("net", 2),
  ORIGIN_IGP: enumeration("origin", 0),
  ORIGIN_EGP: enumeration("origin", 1),
  ORIGIN_INCOMPLETE: enumeration("origin", 2),
};

interface MethodRow {
  readonly type: ValueType;
  /** undefined: there is no such thing, as the first AS of an empty path. */
  apply(value: Value): Value | undefined;
}

/** `VALUE.method`, by `type.method`. */
export const methodTable: Readonly<Record<string, MethodRow>> = {
  "prefix.len": { type: "int", apply: (value) => (value.type === "prefix" ? int(value.value.length) : undefined) },
  "prefix.ip": {
    type: "ip",
    apply: (value) => (value.type === "prefix" ? { type: "ip", value: value.value } : undefined),
  },
  "prefix.type": {
    type: "enum",
    apply: (value) => (value.type === "prefix" ? enumeration("net", value.value.family === "ipv4" ? 1 : 2) : undefined),
  },
  "path.len": {
    type: "int",
    apply: (value) => (value.type === "path" ? int(pathLength(value.value)) : undefined),
  },
  "path.first": {
    type: "int",
    apply: (value) => (value.type === "path" ? int(sequenceEnd(value, 0, 0)) : undefined),
  },
  "path.last": {
    type: "int",
    apply: (value) => (value.type === "path" ? int(sequenceEnd(value, -1, -1)) : undefined),
  },
  "clist.len": { type: "int", apply: (value) => (value.type === "clist" ? int(value.value.length) : undefined) },
  "eclist.len": { type: "int", apply: (value) => (value.type === "eclist" ? int(value.value.length) : undefined) },
  "lclist.len": { type: "int", apply: (value) => (value.type === "lclist" ? int(value.value.length) : undefined) },
};

function sequenceEnd({ value }: Extract<Value, { type: "path" }>, segment: number, member: number): number | undefined {
  const end = value.at(segment);
  return end?.kind === "sequence" ? end.members.at(member) : undefined;
}
