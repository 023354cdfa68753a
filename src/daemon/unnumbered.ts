import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import type { FoundNeighbour, LinkFacts, WantedLink } from "#discovery/discovery.ts";
import type { Links } from "#kernel/links.ts";
import type { Log } from "#lib/log.ts";
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
  readonly #log: Log;
  /** Neighbours that other objects have, as logged. */
  #said = "";
  /** What was made of which configuration, for as long as nothing about it changes. */
  readonly #made = new Map<string, { readonly from: PeerConfig; readonly key: string; readonly peer: PeerConfig }>();

  /** The last answer, given again while nothing about it changes: equal neighbours cost nobody any work. */
  #answer: readonly PeerConfig[] = [];

  constructor(source: NeighbourSource, log: Log) {
    this.#source = source;
    this.#log = log;
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
    const taken = new Map(config.peers.flatMap((peer) => (peer.unnumbered ? [] : [[placeOf(peer), peer.source]])));
    const peers = config.peers.map((peer) => (peer.unnumbered ? this.#resolved(peer, taken) : peer));
    this.#say(wanted, taken);
    const changed = peers.length !== this.#answer.length || peers.some((peer, place) => peer !== this.#answer[place]);
    if (changed) this.#answer = peers;
    return { ...config, peers: this.#answer };
  }

  /** @param taken neighbours that are named by address: those objects have them */
  #resolved(from: PeerConfig, taken: ReadonlyMap<string, string>): PeerConfig {
    const heard = this.#source.neighbourOn(from.interface ?? "");
    const found = heard !== undefined && !taken.has(placeOf({ ...from, ...heard })) ? heard : undefined;
    const key = found === undefined ? "" : `${formatAddress(found.address)} ${formatAddress(found.own)}`;
    const known = this.#made.get(from.name);
    if (known?.from === from && known.key === key) return known.peer;
    const peer = found === undefined ? { ...from, passive: true } : atAddress(from, found);
    this.#made.set(from.name, { from, key, peer });
    return peer;
  }

  #say(wanted: readonly PeerConfig[], taken: ReadonlyMap<string, string>): void {
    const clashes = wanted.flatMap(({ interface: link, source }) => {
      const heard = this.#source.neighbourOn(link ?? "");
      const owner = heard && taken.get(placeOf({ address: heard.address, interface: link }));
      if (heard === undefined || owner === undefined) return [];
      return [
        `${source}: spec.interface: ${formatAddress(heard.address)} on ${link} is a neighbour by ${owner} already`,
      ];
    });
    const said = clashes.join("; ");
    if (said !== this.#said && said !== "") this.#log.warn(`${said}, which stays in force`);
    this.#said = said;
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
