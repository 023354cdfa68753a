import type { EstablishedSession } from "#bgp/ports.ts";
import type { ExportContext, OwnNextHop } from "#bgp/wire/export-context.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { type Address, isLinkLocal } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";

/** Addresses of the node's links, as the kernel has them. */
export interface LinkAddresses {
  byName(name: string): { readonly index: number } | undefined;
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
        const own = ownNextHop(family, { ...session, unnumbered: peer.unnumbered }, node, links);
        return own === undefined ? [] : [[family, own]];
      }),
    ),
    extendedNextHop: session.extendedNextHop,
    maxMessageOctets: session.maxMessageOctets,
  };
}

/** What is asked of a session. */
interface NextHopSession
  extends Pick<EstablishedSession, "localAddress" | "remoteAddress" | "interface" | "extendedNextHop"> {
  /** Of a link that needs no addresses: the node's are of other links, and the neighbour may not know the way to them. */
  readonly unnumbered: boolean;
}

/**
 * Ourselves as the next hop of `family`: the session's own address where it is of that family, else an address of the
 * same link, best the node's, else the node's on another one; for IPv4 over an IPv6 session without any of these, the IPv6 address (RFC 8950). To an
 * unnumbered neighbour that takes IPv6 next hops only those of the link go, the link-local one where there is no other.
 */
export function ownNextHop(
  family: Family,
  session: NextHopSession,
  node: Pick<NodeConfig, "addresses">,
  links: LinkAddresses,
): OwnNextHop | undefined {
  const { localAddress, remoteAddress, extendedNextHop } = session;
  const unnumbered = session.unnumbered && extendedNextHop;
  if (unnumbered && family === "ipv4") return ownNextHop("ipv6", session, node, links);
  const link = linkOf(session, links);
  const onLink = link !== undefined && (isLinkLocal(remoteAddress) || links.reaching(remoteAddress)?.link === link);
  const besideSession = onLink ? besideOn(link, family, node, links) : undefined;
  const global =
    localAddress.family === family && !isLinkLocal(localAddress)
      ? localAddress
      : (besideSession ?? (unnumbered ? undefined : node.addresses[family]));
  const linkLocal = onLink || isLinkLocal(remoteAddress) ? linkLocalOf(session, link, links) : undefined;
  if (family === "ipv4") {
    if (global !== undefined) return { address: global, linkLocal: undefined };
    return extendedNextHop ? ownNextHop("ipv6", session, node, links) : undefined;
  }
  if (global !== undefined) return { address: global, linkLocal };
  return linkLocal && { address: linkLocal, linkLocal: undefined };
}

function besideOn(
  link: number,
  family: Family,
  { addresses }: Pick<NodeConfig, "addresses">,
  links: LinkAddresses,
): Address | undefined {
  const own = addresses[family];
  return own !== undefined && links.holding(own)?.index === link ? own : links.addressOn(link, family);
}

/** All that own next hops of a session are chosen from: where it is the same as before, they are. */
export function surroundingsOf(
  session: Pick<EstablishedSession, "localAddress" | "interface">,
  node: Pick<NodeConfig, "addresses">,
  links: LinkAddresses,
): string {
  const link = linkOf(session, links);
  if (link === undefined) return "";
  const found = families.flatMap((family) => [
    besideOn(link, family, node, links),
    links.addressOn(link, family, true),
  ]);
  return [link, ...found.map((address) => address?.words)].join("/");
}

/** Several links may have one link-local address. */
function linkOf(
  { localAddress, interface: name }: Pick<NextHopSession, "localAddress" | "interface">,
  links: LinkAddresses,
): number | undefined {
  const named = isLinkLocal(localAddress) && name !== undefined ? links.byName(name) : undefined;
  return (named ?? links.holding(localAddress))?.index;
}

function linkLocalOf(
  { localAddress }: Pick<EstablishedSession, "localAddress">,
  link: number | undefined,
  links: LinkAddresses,
): Address | undefined {
  if (isLinkLocal(localAddress)) return localAddress;
  return link === undefined ? undefined : links.addressOn(link, "ipv6", true);
}
