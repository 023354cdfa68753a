import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { contains, samePrefix } from "#route/prefix.ts";
import type { LinkAddress } from "./wire/address.ts";
import { IFF_LOOPBACK, RT_SCOPE_LINK, RT_SCOPE_UNIVERSE } from "./wire/constants.ts";
import type { Link } from "./wire/link.ts";

/** The node's interfaces and their addresses, as the kernel last told them. */
export class Links {
  readonly #links = new Map<number, Link>();
  /** By the address's words; one address may stand on several links. A node with IPVS has thousands. */
  readonly #addresses = new Map<string, readonly LinkAddress[]>();

  put(link: Link): void {
    this.#links.set(link.index, link);
  }

  /** Its addresses go by messages of their own. */
  remove(index: number): void {
    this.#links.delete(index);
  }

  putAddress(address: LinkAddress): void {
    this.removeAddress(address);
    const key = `${address.address.words}`;
    this.#addresses.set(key, [...(this.#addresses.get(key) ?? []), address]);
  }

  removeAddress(address: LinkAddress): void {
    const key = `${address.address.words}`;
    const others = this.#addresses.get(key)?.filter((own) => own.link !== address.link || !samePlace(own, address));
    if (others === undefined || others.length === 0) this.#addresses.delete(key);
    else this.#addresses.set(key, others);
  }

  clear(): void {
    this.#links.clear();
    this.#addresses.clear();
  }

  get(index: number): Link | undefined {
    return this.#links.get(index);
  }

  byName(name: string): Link | undefined {
    return this.all().find((link) => link.name === name);
  }

  /** By index. */
  all(): readonly Link[] {
    return [...this.#links.values()].sort((a, b) => a.index - b.index);
  }

  /** In the order in which the kernel told them. */
  addressesOf(index: number): readonly LinkAddress[] {
    return [...this.#addresses.values()].flat().filter(({ link }) => link === index);
  }

  /** The interface that carries one of our own addresses. */
  holding(address: Address): Link | undefined {
    const [own] = this.#addresses.get(`${address.words}`) ?? [];
    return own && this.#links.get(own.link);
  }

  /** The interface on whose subnet `address` lies (the longest one), our own addresses included. */
  reaching(address: Address): LinkAddress | undefined {
    let best: LinkAddress | undefined;
    for (const places of this.#addresses.values()) {
      for (const own of places) {
        if (own.prefix.family !== address.family || own.prefix.length <= (best?.prefix.length ?? -1)) continue;
        if (contains(own.prefix, address)) best = own;
      }
    }
    return best;
  }

  /**
   * An address of ours on the interface, for sessions and next hops of the other family: preferred before deprecated.
   * @param linkLocal the link-local one instead of a global one
   */
  addressOn(index: number, family: Family, linkLocal = false): Address | undefined {
    const fit = this.addressesOf(index).filter(({ address, scope }) => {
      return address.family === family && scope === (linkLocal ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
    });
    return fit.sort((a, b) => Number(b.preferred) - Number(a.preferred))[0]?.address;
  }

  /** May packets leave by it? Loopback never counts. */
  usable(index: number): boolean {
    const link = this.#links.get(index);
    return link?.usable === true && (link.flags & IFF_LOOPBACK) === 0;
  }
}

/** The kernel keeps one address several times with different prefixes. */
const samePlace = (a: LinkAddress, b: LinkAddress): boolean => samePrefix(a.prefix, b.prefix);
