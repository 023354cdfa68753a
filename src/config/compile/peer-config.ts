import * as v from "valibot";
import { type Address, formatAddress, isLinkLocal } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import type { GatewayPeer, PeerConfig } from "../node-config.ts";
import type { ConfigObject } from "../objects.ts";
import { type BgpPeerSpec, bgpPeerSpec } from "../schema/bgp-peer.ts";
import type { Context } from "./context.ts";
import type { NodeFacts } from "./node-facts.ts";
import { ORIGIN_KINDS } from "./policies.ts";
import { gracefulRestartOf, timersOf } from "./settings.ts";

/** One neighbour of those that an object gives. */
export interface Neighbour {
  readonly address: Address;
  /** Where the neighbour is a node. */
  readonly node: NodeFacts | undefined;
  readonly reflectorClient: boolean;
  /** It is a node that reflects. */
  readonly reflects: boolean;
}

const meshSpec: BgpPeerSpec = {
  ...v.parse(bgpPeerSpec, { peerSelector: {} }),
  advertise: ["PodCIDR", "Service", "Static"],
};

/** The address of a neighbour that is still to be found. */
export const NOWHERE: Address = { family: "ipv6", words: [0, 0, 0, 0] };

/** The neighbour is whoever is found on the interface. */
export const isUnnumbered = ({ interface: link, peerAddress, peerSelector, defaultGateway }: BgpPeerSpec): boolean =>
  link !== undefined && peerAddress === undefined && peerSelector === undefined && defaultGateway === undefined;

const NEXT_HOP = { Auto: "auto", Self: "self", Unchanged: "unchanged" } as const;

/**
 * Makes the configurations of neighbours that one object gives: what is common to them is worked out once.
 * @param bgpPeer undefined: the node mesh, or reflectors
 */
export function peerMaker(
  bgpPeer: ConfigObject<"BGPPeer"> | undefined,
  password: string | undefined,
  context: Context,
): (neighbour: Neighbour) => PeerConfig {
  const { own, settings } = context;
  const spec = bgpPeer?.value.spec ?? meshSpec;
  const unnumbered = isUnnumbered(spec);
  const origin = bgpPeer === undefined ? "mesh" : spec.nodeSelector === undefined ? "global" : "node";
  const common = {
    origin,
    source: bgpPeer === undefined ? "BGPConfiguration/default" : `BGPPeer/${bgpPeer.name}`,
    interface: spec.interface,
    unnumbered,
    passive: spec.passive,
    localAs: spec.localAsNumber ?? own.as,
    password,
    ttl: ttlOf(spec),
    timers: timersOf(settings, spec.timers),
    gracefulRestart: gracefulRestartOf(settings, spec.gracefulRestart),
    nextHop: NEXT_HOP[spec.nextHop],
    allowOwnAs: spec.allowOwnAs,
    enforceFirstAs: spec.enforceFirstAs,
    extendedNextHop: spec.extendedNextHop || unnumbered,
    prefixLimit: limitOf(spec),
    importPolicies: spec.importPolicies,
    exportPolicies: spec.exportPolicies,
    advertise: spec.advertise.map((kind) => ORIGIN_KINDS[kind]),
  } as const;
  const suffix = suffixOf(spec);
  return ({ address, node, reflectorClient, reflects }) => ({
    name: `${ORIGIN_LABEL[origin]}${unnumbered ? "" : `_${symbolOf(address)}`}${suffix}`,
    announcer: node?.as === common.localAs ? { node: node.name, reflects } : undefined,
    description: spec.description ?? (node === undefined ? undefined : `Node/${node.name}`),
    address,
    localAddress: localAddressOf(spec, address, context),
    port: spec.port ?? node?.port ?? 179,
    remoteAs: spec.asNumber ?? node?.as ?? "external",
    families: spec.families ?? (unnumbered ? families : sharedFamilies(own, node, address.family)),
    reflectorClient,
    ...common,
  });
}

/** Nodes know each other by their addresses: a session that begins at another one is nobody's. */
function localAddressOf(peer: BgpPeerSpec, address: Address, { own, spec }: Context): Address | undefined {
  const source = peer.sourceAddress ?? (peer.peerSelector === undefined ? "Any" : spec.meshSourceAddress);
  if (typeof source === "object") return source;
  return source === "Any" || isLinkLocal(address) || isUnnumbered(peer) ? undefined : own.addresses[address.family];
}

/** The neighbour that a default route of this family will name. */
export function gatewayTemplate(
  bgpPeer: ConfigObject<"BGPPeer">,
  family: Family,
  password: string | undefined,
  context: Context,
): GatewayPeer {
  const nowhere: Address = { family, words: family === "ipv4" ? [0] : [0, 0, 0, 0] };
  const make = peerMaker(bgpPeer, password, context);
  const { reflectorClient } = bgpPeer.value.spec;
  const {
    name: _,
    address: __,
    interface: ___,
    ...rest
  } = make({
    ...{ address: nowhere, node: undefined, reflectorClient, reflects: false },
  });
  return { ...rest, family };
}

/** @param link name of the interface that the gateway is on */
export function gatewayPeer(
  { family: _, ...rest }: GatewayPeer,
  address: Address,
  link: string | undefined,
): PeerConfig {
  const name = `${ORIGIN_LABEL[rest.origin]}_${symbolOf(address)}`;
  if (!isLinkLocal(address)) return { ...rest, name, address, interface: undefined };
  const { localAddress } = rest; // a node's address is none of the link's
  const own = localAddress !== undefined && isLinkLocal(localAddress) ? localAddress : undefined;
  return { ...rest, name: `${name}_${symbol(link ?? "")}`, address, interface: link, localAddress: own };
}

/** A neighbour that is no node takes what we have. */
function sharedFamilies(own: NodeFacts, node: NodeFacts | undefined, session: Family): readonly Family[] {
  const shared = families.filter(
    (family) => own.addresses[family] !== undefined && (node === undefined || node.addresses[family] !== undefined),
  );
  return shared.length === 0 ? [session] : shared;
}

const ORIGIN_LABEL = { mesh: "Mesh", node: "Node", global: "Global" } as const;

const symbols = new WeakMap<Address, string>();

/** `10_0_0_2`: letters, digits and underscores only, as birdc's symbols are, and as calicoctl looks for them. */
function symbolOf(address: Address): string {
  const known = symbols.get(address) ?? symbol(formatAddress(address));
  symbols.set(address, known);
  return known;
}

const symbol = (text: string): string => text.replace(/[^A-Za-z0-9_]/g, "_");

/** What keeps names apart where one address stands for several neighbours. */
function suffixOf({ interface: link, port = 179 }: BgpPeerSpec): string {
  return `${link === undefined ? "" : `_${symbol(link)}`}${port === 179 ? "" : `_port_${port}`}`;
}

function ttlOf({ ebgpMultihop, ttlSecurity }: BgpPeerSpec): PeerConfig["ttl"] {
  if (ttlSecurity !== undefined) return { kind: "security", hops: ttlSecurity };
  return ebgpMultihop === undefined ? { kind: "direct" } : { kind: "multihop", hops: ebgpMultihop };
}

function limitOf({ prefixLimit: { ipv4, ipv6 } }: BgpPeerSpec): PeerConfig["prefixLimit"] {
  return { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
}
