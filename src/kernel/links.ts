import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { prefixKey, prefixOf, samePrefix } from "#route/prefix.ts";
import type { LinkAddress } from "./wire/address.ts";
import { IFF_LOOPBACK, RT_SCOPE_LINK, RT_SCOPE_UNIVERSE } from "./wire/constants.ts";
import type { Link } from "./wire/link.ts";

/** Addresses by something that few of them have in common, in the order in which they came. */
class Index<Key> {
  readonly #lists = new Map<Key, readonly LinkAddress[]>();

  get(key: Key): readonly LinkAddress[] {
    return this.#lists.get(key) ?? [];
  }

  /** In place of one that is the same but for what changes. */
  put(key: Key, address: LinkAddress): void {
    const before = this.get(key);
    const at = before.findIndex((own) => isSame(own, address));
    this.#lists.set(key, at < 0 ? [...before, address] : before.with(at, address));
  }

  remove(key: Key, address: LinkAddress): void {
    const left = this.get(key).filter((own) => !isSame(own, address));
    if (left.length === 0) this.#lists.delete(key);
    else this.#lists.set(key, left);
  }

  clear(): void {
    this.#lists.clear();
  }
}

/** The kernel keeps one address several times with different prefixes, and on several links. */
const isSame = (a: LinkAddress, b: LinkAddress): boolean =>
  a.link === b.link &&
  samePrefix(a.prefix, b.prefix) &&
  a.address.words.every((word, index) => word === b.address.words[index]);

/** The node's interfaces and their addresses, as the kernel last told them. A node with IPVS has thousands. */
export class Links {
  readonly #links = new Map<number, Link>();
  readonly #byAddress = new Index<string>();
  /** By link, and there by text. */
  readonly #byLink = new Map<number, Map<string, LinkAddress>>();
  readonly #bySubnet = new Index<number | string>();
  /** Lengths of subnets there were, longest first. */
  readonly #lengths: Record<Family, readonly number[]> = { ipv4: [], ipv6: [] };

  put(link: Link): void {
    this.#links.set(link.index, link);
  }

  /** Its addresses go by messages of their own. */
  remove(index: number): void {
    this.#links.delete(index);
  }

  putAddress(own: LinkAddress): void {
    const { family, length } = own.prefix;
    const lengths = this.#lengths[family];
    if (!lengths.includes(length)) this.#lengths[family] = [...lengths, length].sort((a, b) => b - a);
    this.#byAddress.put(`${own.address.words}`, own);
    this.#bySubnet.put(prefixKey(own.prefix), own);
    const onLink = this.#byLink.get(own.link);
    if (onLink === undefined) this.#byLink.set(own.link, new Map([[nameOf(own), own]]));
    else onLink.set(nameOf(own), own);
  }

  removeAddress(own: LinkAddress): void {
    this.#byAddress.remove(`${own.address.words}`, own);
    this.#bySubnet.remove(prefixKey(own.prefix), own);
    const onLink = this.#byLink.get(own.link);
    onLink?.delete(nameOf(own));
    if (onLink?.size === 0) this.#byLink.delete(own.link);
  }

  clear(): void {
    this.#links.clear();
    this.#byAddress.clear();
    this.#byLink.clear();
    this.#bySubnet.clear();
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
    return [...(this.#byLink.get(index)?.values() ?? [])];
  }

  /** The interface that carries one of our own addresses. */
  holding(address: Address): Link | undefined {
    const [own] = this.#byAddress.get(`${address.words}`);
    return own && this.#links.get(own.link);
  }

  /** The interface on whose subnet `address` lies (the longest one), our own addresses included. */
  reaching(address: Address): LinkAddress | undefined {
    for (const length of this.#lengths[address.family]) {
      const [own] = this.#bySubnet.get(prefixKey(prefixOf(address, length)));
      if (own !== undefined) return own;
    }
    return undefined;
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

const nameOf = ({ address, prefix }: LinkAddress): string => `${address.words}/${prefix.length}`;
