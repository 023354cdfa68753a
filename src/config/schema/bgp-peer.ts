import * as v from "valibot";
import { isLinkLocal } from "#route/address.ts";
import { mapping, may, or, ruled, says } from "./describe.ts";
import {
  address,
  family,
  integer,
  interfaceName,
  peerAsNumber,
  port,
  singleAsNumber,
  sourceAddress,
} from "./scalars.ts";
import { labelSelector } from "./selector.ts";
import { gracefulRestart, metadata, resource, secretKeyRef, timers } from "./shared.ts";

const policyNames = v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.maxLength(32));

const fields = {
  description: may("A remark for people.", v.pipe(v.string(), v.maxLength(256))),
  nodeSelector: may("Nodes that have this neighbour.", labelSelector, { absent: "all nodes" }),
  peerAddress: may("The neighbour's address.", address),
  peerSelector: may("Nodes that are the neighbours. Both ends get the session, with the same settings.", labelSelector),
  defaultGateway: may(
    "The neighbour is the gateway of the node's default route of this family; several where the route has several. It is followed when the route changes.",
    family,
  ),
  interface: may(
    "Interface of a link-local peerAddress, or one to bind the session to. Alone, without another way to name the neighbour: whoever sends router advertisements there is it, and is sent some (BGP unnumbered).",
    interfaceName,
  ),
  port: may("The neighbour's TCP port.", port, { absent: "179; with peerSelector, the node's listenPort" }),
  passive: or(false, "Wait for the neighbour to dial.", v.boolean()),
  asNumber: may("The neighbour's AS number, internal (as ours) or external (any but ours).", peerAsNumber, {
    absent: "with peerSelector, the node's",
  }),
  localAsNumber: may("AS number we use towards this neighbour.", singleAsNumber, { absent: "the node's" }),
  sourceAddress: may(
    "Local address of the session; NodeAddress: the node's own of the neighbour's family; Any: what the kernel chooses. With a link-local neighbour NodeAddress is as Any.",
    sourceAddress,
    { absent: "Any; with peerSelector, as meshSourceAddress of BGPConfiguration" },
  ),
  password: may("TCP-MD5 password (RFC 2385).", secretKeyRef, { absent: "none" }),
  ebgpMultihop: may("TTL of packets to an external neighbour that is not on link.", integer(1, 255), {
    absent: "1 for external neighbours on link",
  }),
  ttlSecurity: may("GTSM (RFC 5082): the neighbour is at most this many hops away.", integer(1, 254), {
    absent: "not checked",
  }),
  families: may("Families of the routes exchanged.", v.pipe(v.array(family), v.minLength(1), v.maxLength(2)), {
    absent: "those the node has addresses of; with interface alone, both",
  }),
  timers: may("Timers of the session.", timers, { absent: "as in BGPConfiguration" }),
  gracefulRestart: may("Graceful restart (RFC 4724).", gracefulRestart, { absent: "as in BGPConfiguration" }),
  reflectorClient: or(false, "Reflect internal routes to and from this neighbour (RFC 4456).", v.boolean()),
  nextHop: or(
    "Auto",
    "Next hop that is told: Self, Unchanged, or Auto (own address to external neighbours and for own routes).",
    v.picklist(["Auto", "Self", "Unchanged"]),
  ),
  allowOwnAs: or(0, "How often our own AS number may stand in a received AS path.", integer(0, 10)),
  enforceFirstAs: or(
    true,
    "Refuse a route of an external neighbour whose AS path does not begin with the neighbour's AS number (RFC 4271 §6.3); false for a route server (RFC 7947).",
    v.boolean(),
  ),
  extendedNextHop: or(
    false,
    "Offer IPv6 next hops for IPv4 routes (RFC 8950). With interface alone they always are.",
    v.boolean(),
  ),
  prefixLimit: or(
    {},
    "Most prefixes taken from the neighbour; above it the session ends.",
    mapping({
      ipv4: may("Most IPv4 prefixes.", integer(1, 0x7fff_ffff), { absent: "no limit" }),
      ipv6: may("Most IPv6 prefixes.", integer(1, 0x7fff_ffff), { absent: "no limit" }),
    }),
  ),
  importPolicies: or(
    [],
    "BGPPolicies asked in order about received routes. Without any, external neighbours' routes are refused (RFC 8212), internal ones' accepted.",
    policyNames,
  ),
  exportPolicies: or(
    [],
    "BGPPolicies asked in order about routes to send. Without any, external neighbours are told only what advertise names.",
    policyNames,
  ),
  advertise: or(
    [],
    "Kinds of the node's own prefixes that are sent before any policy is asked.",
    v.pipe(v.array(v.picklist(["PodCIDR", "Service", "Static"])), v.maxLength(3)),
  ),
};

export const bgpPeerSpec = ruled(mapping(fields), [
  {
    cel: "[has(self.peerAddress), has(self.peerSelector), has(self.defaultGateway), has(self.interface) && !has(self.peerAddress) && !has(self.peerSelector) && !has(self.defaultGateway)].exists_one(given, given)",
    message: "exactly one of peerAddress, peerSelector and defaultGateway must be given, or interface alone",
    holds: ({ peerAddress, peerSelector, defaultGateway, interface: link }) => {
      const given = [peerAddress, peerSelector, defaultGateway].filter((one) => one !== undefined).length;
      return given === 1 || (given === 0 && link !== undefined);
    },
  },
  {
    cel: "has(self.peerSelector) || has(self.asNumber)",
    message: "asNumber must be given with peerAddress, defaultGateway or interface: a number, internal or external",
    field: "asNumber",
    reason: "FieldValueRequired",
    holds: ({ peerSelector, asNumber }) => peerSelector !== undefined || asNumber !== undefined,
  },
  {
    cel: "!has(self.peerSelector) || !has(self.asNumber)",
    message: "asNumber must not be given with peerSelector: the nodes' own AS numbers are used",
    field: "asNumber",
    reason: "FieldValueForbidden",
    holds: ({ peerSelector, asNumber }) => peerSelector === undefined || asNumber === undefined,
  },
  {
    cel: "!has(self.peerAddress) || !self.peerAddress.lowerAscii().matches('^fe[89ab]') || has(self.interface)",
    message: "interface must be given with a link-local peerAddress",
    field: "interface",
    reason: "FieldValueRequired",
    holds: ({ peerAddress, interface: link }) =>
      peerAddress === undefined || !isLinkLocal(peerAddress) || link !== undefined,
  },
  {
    cel: "!has(self.defaultGateway) || !has(self.interface)",
    message: "interface must not be given with defaultGateway: it is that of the route",
    field: "interface",
    reason: "FieldValueForbidden",
    holds: ({ defaultGateway, interface: link }) => defaultGateway === undefined || link === undefined,
  },
  {
    cel: "!has(self.ebgpMultihop) || has(self.peerAddress) || has(self.peerSelector) || has(self.defaultGateway)",
    message: "ebgpMultihop must not be given with interface alone: the neighbour is on the link",
    field: "ebgpMultihop",
    reason: "FieldValueForbidden",
    holds: ({ ebgpMultihop, peerAddress, peerSelector, defaultGateway }) =>
      ebgpMultihop === undefined || [peerAddress, peerSelector, defaultGateway].some((given) => given !== undefined),
  },
  {
    cel: "!has(self.sourceAddress) || self.sourceAddress in ['NodeAddress', 'Any'] || self.sourceAddress.lowerAscii().matches('^fe[89ab]') || has(self.peerAddress) || has(self.peerSelector) || has(self.defaultGateway)",
    message: "sourceAddress must be link-local with interface alone: the link needs no other addresses",
    field: "sourceAddress",
    holds: ({ sourceAddress: source, peerAddress, peerSelector, defaultGateway }) =>
      typeof source !== "object" ||
      isLinkLocal(source) ||
      [peerAddress, peerSelector, defaultGateway].some((given) => given !== undefined),
  },
  {
    cel: "!has(self.ebgpMultihop) || !has(self.ttlSecurity)",
    message: "only one of ebgpMultihop and ttlSecurity can be given",
    field: "ttlSecurity",
    reason: "FieldValueForbidden",
    holds: ({ ebgpMultihop, ttlSecurity }) => ebgpMultihop === undefined || ttlSecurity === undefined,
  },
  {
    cel: "!self.reflectorClient || !has(self.peerSelector)",
    message: "reflectorClient goes without peerSelector: among nodes, reflectors are named in BGPConfiguration",
    field: "reflectorClient",
    reason: "FieldValueForbidden",
    holds: ({ reflectorClient, peerSelector }) => !reflectorClient || peerSelector === undefined,
  },
  {
    cel: "!has(self.peerAddress) || !has(self.sourceAddress) || self.sourceAddress in ['NodeAddress', 'Any'] || self.peerAddress.contains(':') == self.sourceAddress.contains(':')",
    message: "sourceAddress and peerAddress must be of one family",
    field: "sourceAddress",
    holds: ({ peerAddress, sourceAddress: source }) =>
      peerAddress === undefined || typeof source !== "object" || peerAddress.family === source.family,
  },
]);

/** A neighbour of some nodes. */
export const bgpPeer = resource(
  says("Names the neighbour.", metadata),
  says("Who peers with whom, and how.", bgpPeerSpec),
);

export type BgpPeerSpec = v.InferOutput<typeof bgpPeerSpec>;
