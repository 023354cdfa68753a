import type { EstablishedSession } from "#bgp/ports.ts";
import type { ExportContext, OwnNextHop } from "#bgp/wire/export-context.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { type Address, isLinkLocal } from "#route/address.ts";
import type { Family } from "#route/family.ts";

/** Addresses of the node's links, as the kernel has them. */
export interface LinkAddresses {
  /** Index of the link that has `address`. */
  holding(address: Address): { readonly index: number } | undefined;
  /** Index of the link that leads to `address` without a router. */
  reaching(address: Address): { readonly link: number } | undefined;
  /** The first address of `family` on a link: a global one, or the link-local one. */
  addressOn(link: number, family: Family, linkLocal?: boolean): Address | undefined;
}

/** How routes are told over one session. */
export function exportContextOf(
  session: EstablishedSession,
  peer: PeerConfig,
  node: NodeConfig,
  links: LinkAddresses,
): ExportContext {
  const kind = session.external ? "external" : peer.reflectorClient ? "client" : "internal";
  return {
    kind,
    localAs: session.localAs,
    clusterId: node.clusterId,
    fourOctetAs: session.fourOctetAs,
    nextHop: peer.nextHop,
    ownNextHops: Object.fromEntries(
      session.families.flatMap((family) => {
        const own = ownNextHop(family, session, node, links);
        return own === undefined ? [] : [[family, own]];
      }),
    ),
    extendedNextHop: session.extendedNextHop,
    maxMessageOctets: session.maxMessageOctets,
  };
}

/**
 * Ourselves as the next hop of `family`: the session's own address where it is of that family, else an address of the
 * same link, else the node's; for IPv4 over an IPv6 session without any of these, the IPv6 address (RFC 8950).
 */
export function ownNextHop(
  family: Family,
  session: Pick<EstablishedSession, "localAddress" | "remoteAddress" | "extendedNextHop">,
  node: Pick<NodeConfig, "addresses">,
  links: LinkAddresses,
): OwnNextHop | undefined {
  const { localAddress, remoteAddress } = session;
  const link = links.holding(localAddress)?.index;
  const onLink = link !== undefined && links.reaching(remoteAddress)?.link === link;
  const besideSession = onLink ? links.addressOn(link, family) : undefined;
  const global =
    localAddress.family === family && !isLinkLocal(localAddress)
      ? localAddress
      : (besideSession ?? node.addresses[family]);
  const linkLocal = onLink || isLinkLocal(remoteAddress) ? linkLocalOf(session, link, links) : undefined;
  if (family === "ipv4") {
    if (global !== undefined) return { address: global, linkLocal: undefined };
    return session.extendedNextHop ? ownNextHop("ipv6", session, node, links) : undefined;
  }
  if (global !== undefined) return { address: global, linkLocal };
  return linkLocal && { address: linkLocal, linkLocal: undefined };
}

function linkLocalOf(
  { localAddress }: Pick<EstablishedSession, "localAddress">,
  link: number | undefined,
  links: LinkAddresses,
): Address | undefined {
  if (isLinkLocal(localAddress)) return localAddress;
  return link === undefined ? undefined : links.addressOn(link, "ipv6", true);
}
