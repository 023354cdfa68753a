/**
 * Who has which address. Two namespaces, the daemon's and the neighbours', joined by two links; on link n the daemon is
 * 10.(2n).0.1 and the neighbours are the 65,536 addresses from 10.(2n+1).0.0 on, all of them on link.
 */
export const links = [0, 1] as const;
export type Link = (typeof links)[number];

export const localAs = 65000;

export const daemonAddress = (link: Link): string => `10.${2 * link}.0.1`;
export const daemonAddress6 = (link: Link): string => `fd0${link}::1`;
/** The address of the neighbours' end of the link; IPv6 routes have it as their next hop. */
export const farAddress = (link: Link): string => `10.${2 * link}.0.2`;
export const farAddress6 = (link: Link): string => `fd0${link}::2`;
export const onLinkLength = 15;
/** All neighbours of a link, local in their namespace. */
export const neighbourBlock = (link: Link): string => `10.${2 * link + 1}.0.0/16`;
export const device = (link: Link): string => `e${link}`;

/** @param index from 0 */
export function neighbourAddress(index: number, link: Link = 0): string {
  const host = index + 1;
  return `10.${2 * link + 1}.${host >>> 8}.${host & 255}`;
}

/** Dotted text of a 32-bit number in host order. */
export const dotted = (address: number): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** The 32-bit number of dotted text, unsigned. */
export const undotted = (text: string): number =>
  text.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
