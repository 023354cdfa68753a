import * as v from "valibot";
import { type Address, formatAddress } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import type { PeerConfig } from "../node-config.ts";
import type { ConfigObject } from "../objects.ts";
import { type BgpPeerSpec, bgpPeerSpec } from "../schema/bgp-peer.ts";
import type { Context } from "./context.ts";
import type { NodeFacts } from "./node-facts.ts";
import { ORIGIN_KINDS } from "./policies.ts";
import { gracefulRestartOf, timersOf } from "./settings.ts";

/** What differs between the ways to come by a neighbour. */
export interface Neighbour {
  /** undefined: the node mesh or a reflector. */
  readonly bgpPeer: ConfigObject<"BGPPeer"> | undefined;
  readonly address: Address;
  /** Where the neighbour is a node. */
  readonly node: NodeFacts | undefined;
  readonly reflectorClient: boolean;
}

const meshSpec: BgpPeerSpec = {
  ...v.parse(bgpPeerSpec, { peerSelector: {} }),
  advertise: ["PodCIDR", "Service", "Static"],
};

const NEXT_HOP = { Auto: "auto", Self: "self", Unchanged: "unchanged" } as const;

export function peerConfig(neighbour: Neighbour, context: Context): PeerConfig {
  const { bgpPeer, address, node, reflectorClient } = neighbour;
  const { own, settings } = context;
  const spec = bgpPeer?.value.spec ?? meshSpec;
  const origin = bgpPeer === undefined ? "mesh" : spec.nodeSelector === undefined ? "global" : "node";
  const port = spec.port ?? node?.port ?? 179;
  const shared = families.filter((family) => own.addresses[family] !== undefined && hasFamily(node, family));
  return {
    name: nameOf(origin, address, spec.interface, spec.port ?? 179),
    origin,
    source: bgpPeer === undefined ? "BGPConfiguration/default" : `BGPPeer/${bgpPeer.name}`,
    description: spec.description ?? (node === undefined ? undefined : `Node/${node.name}`),
    address,
    interface: spec.interface,
    port,
    passive: spec.passive,
    localAddress: spec.sourceAddress,
    localAs: spec.localAsNumber ?? own.as,
    remoteAs: spec.asNumber ?? node?.as ?? "external",
    password: undefined,
    ttl: ttlOf(spec),
    families: spec.families ?? (shared.length === 0 ? [address.family] : shared),
    timers: timersOf(settings, spec.timers),
    gracefulRestart: gracefulRestartOf(settings, spec.gracefulRestart),
    reflectorClient,
    nextHop: NEXT_HOP[spec.nextHop],
    allowOwnAs: spec.allowOwnAs,
    extendedNextHop: spec.extendedNextHop,
    prefixLimit: limitOf(spec),
    importPolicies: spec.importPolicies,
    exportPolicies: spec.exportPolicies,
    advertise: spec.advertise.map((kind) => ORIGIN_KINDS[kind]),
  };
}

/** A neighbour that is no node takes what we have. */
const hasFamily = (node: NodeFacts | undefined, family: Family): boolean =>
  node === undefined || node.addresses[family] !== undefined;

const ORIGIN_LABEL = { mesh: "Mesh", node: "Node", global: "Global" } as const;

/** `Mesh_10_0_0_2`: letters, digits and underscores only, as birdc's symbols are, and as calicoctl looks for them. */
function nameOf(origin: PeerConfig["origin"], address: Address, link: string | undefined, port: number): string {
  const parts = [ORIGIN_LABEL[origin], formatAddress(address), link, port === 179 ? undefined : `port_${port}`];
  return parts
    .filter((part) => part !== undefined)
    .join("_")
    .replace(/[^A-Za-z0-9_]/g, "_");
}

function ttlOf({ ebgpMultihop, ttlSecurity }: BgpPeerSpec): PeerConfig["ttl"] {
  if (ttlSecurity !== undefined) return { kind: "security", hops: ttlSecurity };
  return ebgpMultihop === undefined ? { kind: "direct" } : { kind: "multihop", hops: ebgpMultihop };
}

function limitOf({ prefixLimit: { ipv4, ipv6 } }: BgpPeerSpec): PeerConfig["prefixLimit"] {
  return { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
}
