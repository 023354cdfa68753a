import type { InterfaceAddressView, InterfaceView } from "#control/interface-view.ts";
import type { Links } from "#kernel/links.ts";
import type { LinkAddress } from "#kernel/wire/address.ts";
import * as c from "#kernel/wire/constants.ts";
import type { Link } from "#kernel/wire/link.ts";
import { bitsOf } from "#route/family.ts";
import { contains, hostPrefix } from "#route/prefix.ts";

/** The kernel's interfaces, as `show interfaces` shows them. */
export function interfaceViews(links: Links): InterfaceView[] {
  return links.all().map((link) => interfaceView(link, links));
}

function interfaceView(link: Link, links: Links): InterfaceView {
  const has = (flag: number): boolean => (link.flags & flag) !== 0;
  const loopback = has(c.IFF_LOOPBACK);
  return {
    index: link.index,
    name: link.name,
    master: link.master === 0 ? undefined : links.get(link.master)?.name,
    adminUp: link.up,
    linkUp: link.usable,
    multiAccess: has(c.IFF_BROADCAST) && !loopback,
    broadcast: has(c.IFF_BROADCAST),
    multicast: has(c.IFF_MULTICAST),
    loopback,
    mtu: link.mtu,
    addresses: addressViews(links.addressesOf(link.index)),
  };
}

function addressViews(addresses: readonly LinkAddress[]): InterfaceAddressView[] {
  return addresses.map(({ address, prefix }) => ({
    address,
    length: contains(prefix, hostPrefix(address)) ? prefix.length : bitsOf(address.family),
    opposite: contains(prefix, hostPrefix(address)) ? undefined : { family: address.family, words: prefix.words },
    preferred: addresses.find((other) => other.address.family === address.family)?.address === address,
  }));
}
