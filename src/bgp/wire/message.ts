import { Reader } from "#lib/bytes.ts";
import { formatAddress, formatRouterId } from "#route/address.ts";
import { formatAsPath } from "#route/as-path.ts";
import type { Attributes } from "#route/attributes.ts";
import { formatCommunity, formatLargeCommunity } from "#route/communities.ts";
import type { Family } from "#route/family.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";
import { familyOf } from "./afi-safi.ts";
import { decodeAttributes, splitAttributes } from "./attribute-codec.ts";
import { decodeAggregator } from "./attributes/aggregator.ts";
import { type AsOctets, decodeAsPath } from "./attributes/as-path.ts";
import { decodeNlri } from "./attributes/nlri.ts";
import { attributeTable } from "./attributes/table.ts";
import { HEADER_OCTETS, MessageType } from "./message-type.ts";
import { decodeNotification, describeNotification, type Notification } from "./notification.ts";
import { decodeOpen, describeOpen, type Open } from "./open.ts";
import { decodeRouteRefresh, type RouteRefresh } from "./route-refresh.ts";

/** An UPDATE in plain objects, for logs and tests; routing goes through `UpdateReader`. */
interface PlainUpdate {
  readonly withdrawn: readonly Prefix[];
  readonly reachable: readonly Prefix[];
  /** Malformed ones are left out. */
  readonly attributes: Attributes;
  /** The family whose End-of-RIB this is (RFC 4724 §2). */
  readonly endOfRib: Family | undefined;
}

export type Message =
  | { readonly type: "open"; readonly open: Open }
  | { readonly type: "update"; readonly update: PlainUpdate }
  | { readonly type: "notification"; readonly notification: Notification }
  | { readonly type: "keepalive" }
  | { readonly type: "routeRefresh"; readonly refresh: RouteRefresh | undefined };

/**
 * One whole message, as `MessageCutter` finds it. AS numbers in UPDATEs have `asOctets` octets.
 * @throws PeerFault where the session would end; RangeError for an UPDATE whose lengths do not fit
 */
export function decodeMessage(bytes: Uint8Array, start: number, end: number, asOctets: AsOctets = 4): Message {
  switch (bytes[start + HEADER_OCTETS - 1]!) {
    case MessageType.open:
      return { type: "open", open: decodeOpen(bytes, start, end) };
    case MessageType.update:
      return { type: "update", update: decodeUpdate(new Reader(bytes, start + HEADER_OCTETS, end), asOctets) };
    case MessageType.notification:
      return { type: "notification", notification: decodeNotification(bytes, start, end) };
    case MessageType.routeRefresh:
      return { type: "routeRefresh", refresh: decodeRouteRefresh(bytes, start, end) };
    default:
      return { type: "keepalive" };
  }
}

function decodeUpdate(reader: Reader, asOctets: AsOctets): PlainUpdate {
  const withdrawn = decodeNlri(reader.sub(reader.u16()), "ipv4") ?? [];
  const set = reader.sub(reader.u16());
  const reachable = decodeNlri(reader.sub(reader.remaining), "ipv4") ?? [];
  const raw = splitAttributes(new Reader(set.bytes, set.at, set.end)).attributes;
  const value = (code: number): Reader | undefined => {
    const found = raw.find((attribute) => attribute.code === code);
    return found && new Reader(found.value);
  };
  let attributes = decodeAttributes(set.bytes, set.at, set.end);
  if (asOctets === 2) {
    const path = value(attributeTable.asPath.code);
    const aggregator = value(attributeTable.aggregator.code);
    attributes = {
      ...attributes,
      asPath: (path && decodeAsPath(path, 2)) ?? [],
      aggregator: aggregator && decodeAggregator(aggregator, 2),
    };
  }
  const reachValue = value(attributeTable.mpReach.code);
  const reach = reachValue && attributeTable.mpReach.decode(reachValue);
  const unreachValue = value(attributeTable.mpUnreach.code);
  const unreach = unreachValue && attributeTable.mpUnreach.decode(unreachValue);
  const empty = withdrawn.length === 0 && reachable.length === 0;
  let endOfRib: Family | undefined;
  if (empty && raw.length === 0) endOfRib = "ipv4";
  else if (empty && raw.length === 1 && unreach?.prefixes.length === 0) endOfRib = familyOf(unreach.afi, unreach.safi);
  return {
    withdrawn: [...withdrawn, ...(unreach?.prefixes ?? [])],
    reachable: [...reachable, ...(reach?.prefixes ?? [])],
    attributes,
    endOfRib,
  };
}

/** One line that a network engineer reads without a decoder. Lists of prefixes end after `most`. */
export function describeMessage(message: Message, most = 8): string {
  switch (message.type) {
    case "open":
      return describeOpen(message.open);
    case "update":
      return describeUpdate(message.update, most);
    case "notification":
      return `NOTIFICATION ${describeNotification(message.notification)}`;
    case "keepalive":
      return "KEEPALIVE";
    case "routeRefresh": {
      const kind = { request: "", begin: " begin", end: " end" }[message.refresh?.kind ?? "request"];
      return `ROUTE-REFRESH ${message.refresh?.family ?? "of something Linnet does not route"}${kind}`;
    }
  }
}

/** What a log says of an UPDATE that was not wholly good (RFC 7606 §6). */
export interface UpdateEvidence {
  /** Prefixes, as far as they can be read. */
  readonly announced: string | undefined;
  readonly withdrawn: string | undefined;
  /** The whole message in hexadecimal. */
  readonly message: string;
}

/** @param octets a whole message, header included */
export function updateEvidence(octets: Uint8Array, most = 64): UpdateEvidence {
  const { reachable, withdrawn } = readablePrefixes(octets);
  return {
    announced: reachable.length > 0 ? listPrefixes(reachable, most) : undefined,
    withdrawn: withdrawn.length > 0 ? listPrefixes(withdrawn, most) : undefined,
    message: Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join(""),
  };
}

function readablePrefixes(octets: Uint8Array): Pick<PlainUpdate, "reachable" | "withdrawn"> {
  try {
    return decodeUpdate(new Reader(octets, HEADER_OCTETS, octets.length), 4);
  } catch (error) {
    if (error instanceof RangeError) return { reachable: [], withdrawn: [] };
    throw error;
  }
}

function describeUpdate(update: PlainUpdate, most: number): string {
  if (update.endOfRib !== undefined) return `UPDATE End-of-RIB ${update.endOfRib}`;
  const parts: string[] = [];
  if (update.withdrawn.length > 0) parts.push(`withdraws ${listPrefixes(update.withdrawn, most)}`);
  if (update.reachable.length > 0) {
    parts.push(`announces ${listPrefixes(update.reachable, most)} with ${describeAttributes(update.attributes)}`);
  }
  return `UPDATE ${parts.join(", ") || "without routes"}`;
}

function listPrefixes(prefixes: readonly Prefix[], most: number): string {
  const shown = prefixes.slice(0, most).map(formatPrefix).join(" ");
  return prefixes.length > most ? `${shown} and ${prefixes.length - most} more` : shown;
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** `origin IGP, path 64512 64513, next hop 10.0.0.1, …`; what is absent is not named. */
export function describeAttributes(attributes: Attributes): string {
  const { nextHop, linkLocalNextHop, aggregator } = attributes;
  const parts: (string | false | undefined)[] = [
    `origin ${["IGP", "EGP", "incomplete"][attributes.origin]}`,
    `path ${formatAsPath(attributes.asPath) || "empty"}`,
    nextHop && `next hop ${formatAddress(nextHop)}`,
    linkLocalNextHop && `link-local ${formatAddress(linkLocalNextHop)}`,
    attributes.med !== undefined && `MED ${attributes.med}`,
    attributes.localPref !== undefined && `local preference ${attributes.localPref}`,
    attributes.atomicAggregate && "atomic aggregate",
    aggregator && `aggregator ${aggregator.as} ${formatRouterId(aggregator.routerId)}`,
    attributes.originatorId !== undefined && `originator ${formatRouterId(attributes.originatorId)}`,
    list("cluster list", attributes.clusterList.map(formatRouterId)),
    list("communities", attributes.communities.map(formatCommunity)),
    list("large communities", attributes.largeCommunities.map(formatLargeCommunity)),
    list(
      "extended communities",
      attributes.extendedCommunities.map(([high, low]) => hex(high) + hex(low)),
    ),
    list(
      "unknown attributes",
      attributes.unknown.map(({ code, value }) => `${code} (${value.length} octets)`),
    ),
  ];
  return parts.filter((part) => typeof part === "string").join(", ");
}

const list = (name: string, members: readonly string[]): string | undefined =>
  members.length === 0 ? undefined : `${name} ${members.join(" ")}`;
