import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import type { FoundNeighbour, LinkFacts, WantedLink } from "#discovery/discovery.ts";
import type { Links } from "#kernel/links.ts";
import { formatAddress, isLinkLocal } from "#route/address.ts";

/** What this needs of `Discovery`. */
export interface NeighbourSource {
  watch(wanted: readonly WantedLink[]): void;
  neighbourOn(name: string): FoundNeighbour | undefined;
}

/**
 * Puts the neighbours that were found on interfaces in the place of those that are configured by interface alone. While
 * nobody is found the neighbour stays without an address: nobody is called, and no caller is taken for it.
 */
export class Unnumbered {
  readonly #source: NeighbourSource;
  /** What was made of which configuration, for as long as nothing about it changes. */
  readonly #made = new Map<string, { readonly from: PeerConfig; readonly key: string; readonly peer: PeerConfig }>();

  constructor(source: NeighbourSource) {
    this.#source = source;
  }

  /** @returns `config` with addresses where they are known; itself where no neighbour is wanted by interface */
  resolve(config: NodeConfig): NodeConfig {
    const wanted = config.peers.filter(({ unnumbered }) => unnumbered);
    this.#source.watch(wanted.flatMap(({ interface: name, source }) => (name === undefined ? [] : [{ name, source }])));
    if (wanted.length === 0) {
      this.#made.clear();
      return config;
    }
    const names = new Set(wanted.map(({ name }) => name));
    for (const name of this.#made.keys()) if (!names.has(name)) this.#made.delete(name);
    const taken = new Set(config.peers.filter(({ unnumbered }) => !unnumbered).map(placeOf));
    return { ...config, peers: config.peers.map((peer) => (peer.unnumbered ? this.#resolved(peer, taken) : peer)) };
  }

  /** @param taken neighbours that are named by address: those objects have them */
  #resolved(from: PeerConfig, taken: ReadonlySet<string>): PeerConfig {
    const heard = this.#source.neighbourOn(from.interface ?? "");
    const place = heard && placeOf({ address: heard.address, interface: from.interface });
    const found = place !== undefined && !taken.has(place) ? heard : undefined;
    const key = found === undefined ? "" : `${formatAddress(found.address)} ${formatAddress(found.own)}`;
    const known = this.#made.get(from.name);
    if (known?.from === from && known.key === key) return known.peer;
    const peer = found === undefined ? { ...from, passive: true } : atAddress(from, found);
    this.#made.set(from.name, { from, key, peer });
    return peer;
  }
}

function atAddress(from: PeerConfig, { address, own }: FoundNeighbour): PeerConfig {
  const { localAddress } = from; // a node's address is none of the link's
  const given = localAddress !== undefined && isLinkLocal(localAddress) ? localAddress : undefined;
  return { ...from, address, localAddress: given ?? own };
}

const placeOf = ({ address, interface: link }: Pick<PeerConfig, "address" | "interface">): string =>
  `${formatAddress(address)}%${link}`;

/** An interface as discovery needs it: packets get through, and our link-local address is past its checks (RFC 4862 §5.4). */
export function linkFacts(links: Links, name: string): LinkFacts | undefined {
  const link = links.byName(name);
  if (link === undefined || !links.usable(link.index)) return undefined;
  const own = links.addressesOf(link.index).find(({ address, preferred }) => preferred && isLinkLocal(address));
  return own && { index: link.index, own: own.address, hardwareAddress: link.hardwareAddress || undefined };
}
