import { formatAddress, formatRouterId } from "#route/address.ts";
import { formatAsPath } from "#route/as-path.ts";
import type { Attributes } from "#route/attributes.ts";

const originNames = ["IGP", "EGP", "Incomplete"] as const;

/** Columns at which lists wrap and long paths are cut, so that no line of a reply is too long for a client. */
const PATH_CHARACTERS = 478;
const SHORT_ITEMS_COLUMN = 476;
const LONG_ITEMS_COLUMN = 440;

/** `BGP.name: value` lines, one or more an attribute, each with its tab. In the order of the attributes' codes. */
export function attributeLines(attributes: Attributes): string[] {
  const { asPath, nextHop, linkLocalNextHop, med, localPref, aggregator, originatorId } = attributes;
  const path = formatAsPath(asPath);
  const lines = [
    `\tBGP.origin: ${originNames[attributes.origin]}`,
    `\tBGP.as_path: ${path.length > PATH_CHARACTERS ? `${path.slice(0, PATH_CHARACTERS - 3)}...` : path}`,
  ];
  if (nextHop !== undefined || linkLocalNextHop !== undefined) {
    const global = nextHop === undefined ? "::" : formatAddress(nextHop);
    lines.push(`\tBGP.next_hop: ${global}${linkLocalNextHop ? ` ${formatAddress(linkLocalNextHop)}` : ""}`);
  }
  if (med !== undefined) lines.push(`\tBGP.med: ${med}`);
  if (localPref !== undefined) lines.push(`\tBGP.local_pref: ${localPref}`);
  if (attributes.atomicAggregate) lines.push("\tBGP.atomic_aggr: ");
  if (aggregator) lines.push(`\tBGP.aggregator: ${formatRouterId(aggregator.routerId)} AS${aggregator.as}`);
  lines.push(...wrapped("community", attributes.communities.map(formatCommunity), SHORT_ITEMS_COLUMN));
  if (originatorId !== undefined) lines.push(`\tBGP.originator_id: ${formatRouterId(originatorId)}`);
  lines.push(
    ...wrapped("cluster_list", attributes.clusterList.map(formatRouterId), SHORT_ITEMS_COLUMN),
    ...wrapped("ext_community", attributes.extendedCommunities.map(formatExtendedCommunity), LONG_ITEMS_COLUMN),
    ...wrapped("large_community", attributes.largeCommunities.map(formatLargeCommunity), LONG_ITEMS_COLUMN),
  );
  for (const { code, value } of attributes.unknown) lines.push(`\tBGP.unknown_${code}: ${hex(value)}`);
  return lines;
}

export const formatCommunity = (community: number): string => `(${community >>> 16},${community & 0xffff})`;

export const formatLargeCommunity = (community: readonly [number, number, number]): string =>
  `(${community.join(", ")})`;

/** RFC 4360, RFC 5668: route target and route origin by name, others as two words. */
export function formatExtendedCommunity([high, low]: readonly [number, number]): string {
  const kind = (high >>> 16) & 0xff;
  const type = (high >>> 24) & 0xbf;
  const name = kind === 2 ? "rt" : kind === 3 ? "ro" : undefined;
  if (name === undefined || type > 2) return `(generic, 0x${high.toString(16)}, 0x${low.toString(16)})`;
  if (type === 0) return `(${name}, ${high & 0xffff}, ${low})`;
  const administrator = (((high & 0xffff) << 16) | (low >>> 16)) >>> 0;
  return `(${name}, ${type === 1 ? formatRouterId(administrator) : administrator}, ${low & 0xffff})`;
}

/** Further lines of a list are indented by a second tab; readers join them. */
function wrapped(name: string, items: readonly string[], column: number): string[] {
  if (items.length === 0) return [];
  const lines: string[] = [];
  let current = `\tBGP.${name}:`;
  for (const item of items) {
    if (current.length >= column) {
      lines.push(current);
      current = `\t\t${item}`;
    } else {
      current += ` ${item}`;
    }
  }
  lines.push(current);
  return lines;
}

const hex = (octets: Uint8Array): string => {
  const shown = [...octets.subarray(0, 128)].map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
  return octets.length > 128 ? `${shown} ...` : shown;
};
