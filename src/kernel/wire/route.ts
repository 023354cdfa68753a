import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { Hop, HopSet } from "#route/hop-set.ts";
import * as c from "./constants.ts";
import { addressWords, eachAttribute, MessageBuilder, type MessageHeader, type Received, swap32 } from "./message.ts";

/** Routes: `struct rtmsg` and its attributes (linux/rtnetlink.h). */

/** `struct rtmsg`: family, destination length, source length, TOS; table, protocol, scope, type; flags. */
const RTMSG_OCTETS = 12;
/** Where a template keeps what differs from route to route, in words. */
const WORD_TYPE = 1;
const WORD_SEQUENCE = 2;
const WORD_RTMSG = 4;
const WORD_ADDRESS = 8;

const AF_INET = 2;
const AF_INET6 = 10;
export const addressFamily = (family: Family): number => (family === "ipv4" ? AF_INET : AF_INET6);

/** What makes a route ours, and its rank among routes of other origin. */
export interface RouteMark {
  readonly table: number;
  readonly protocol: number;
  readonly metric: number;
}

/** Where a route points in the kernel: its own hops, or an object that routes share. */
export type RouteTarget = HopSet | { readonly kind: "object"; readonly id: number };

/** Words that one route may need: an IPv4 one of 256 IPv6 hops, of 8 words each, and what stands before these. */
export const MOST_ROUTE_WORDS = 256 * 8 + 32;

/** All routes of one family, mark and target are this message with another prefix; `putRoute` fills it in. */
export type RouteTemplate = Uint32Array;

/** @param preferredSource source address of packets that the node itself sends (RTA_PREFSRC) */
export function routeTemplate(
  family: Family,
  mark: RouteMark,
  target: RouteTarget,
  preferredSource?: Address,
): RouteTemplate {
  const single = target.kind === "unicast" && target.hops.length === 1 ? target.hops[0] : undefined;
  const scope = target.kind === "unicast" && target.hops.every(isOnLink) ? c.RT_SCOPE_LINK : c.RT_SCOPE_UNIVERSE;
  const type = target.kind === "blackhole" ? c.RTN_BLACKHOLE : c.RTN_UNICAST;
  const builder = routeHead(c.RTM_NEWROUTE, family, mark, scope, type, single?.onlink ? c.RTNH_F_ONLINK : 0);
  if (preferredSource !== undefined && target.kind !== "blackhole") {
    builder.attribute(c.RTA_PREFSRC, (b) => b.address(preferredSource.words));
  }
  if (target.kind === "object") builder.attribute(c.RTA_NH_ID, (b) => b.u32(target.id));
  else if (single !== undefined) {
    putGateway(builder, family, single);
    builder.attribute(c.RTA_OIF, (b) => b.u32(single.link));
  } else if (target.kind === "unicast") {
    builder.attribute(c.RTA_MULTIPATH, (b) => {
      for (const hop of target.hops) {
        b.nextHop(hop.onlink ? c.RTNH_F_ONLINK : 0, hop.weight, hop.link, () => putGateway(b, family, hop));
      }
    });
  }
  return builder.finish();
}

/** Deletes by prefix, table, metric and protocol: never a route without our mark. */
export function deleteTemplate(family: Family, mark: RouteMark): RouteTemplate {
  return routeHead(c.RTM_DELROUTE, family, mark, c.RT_SCOPE_NOWHERE, 0, 0).finish();
}

const isOnLink = (hop: Hop): boolean => hop.gateway === undefined;

function routeHead(
  message: number,
  family: Family,
  { table, protocol, metric }: RouteMark,
  scope: number,
  type: number,
  flags: number,
): MessageBuilder {
  const builder = new MessageBuilder(message, c.NLM_F_REQUEST);
  builder.u8(addressFamily(family)).u8(0).u8(0).u8(0);
  builder
    .u8(table < 256 ? table : c.RT_TABLE_COMPAT)
    .u8(protocol)
    .u8(scope)
    .u8(type);
  builder.u32(flags);
  builder.attribute(c.RTA_DST, (b) => b.address(family === "ipv4" ? [0] : [0, 0, 0, 0]));
  builder.attribute(c.RTA_TABLE, (b) => b.u32(table));
  if (metric !== 0) builder.attribute(c.RTA_PRIORITY, (b) => b.u32(metric));
  return builder;
}

function putGateway(builder: MessageBuilder, family: Family, { gateway }: Hop): void {
  if (gateway === undefined) return;
  if (gateway.family === family) builder.attribute(c.RTA_GATEWAY, (b) => b.address(gateway.words));
  else builder.attribute(c.RTA_VIA, (b) => b.u16(addressFamily(gateway.family)).address(gateway.words));
}

/**
 * Writes one message from its template.
 * @param at word in `out`. @param flags NLM_F_… beyond those of the template
 * @returns the word past the message
 */
export function putRoute(
  out: Uint32Array,
  at: number,
  template: RouteTemplate,
  flags: number,
  sequence: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
  length: number,
): number {
  const { length: size } = template;
  for (let word = 0; word < size; word++) out[at + word] = template[word]!;
  out[at + WORD_TYPE] = template[WORD_TYPE]! | (flags << 16);
  out[at + WORD_SEQUENCE] = sequence;
  out[at + WORD_RTMSG] = template[WORD_RTMSG]! | (length << 8);
  out[at + WORD_ADDRESS] = swap32(w0);
  if ((template[WORD_RTMSG]! & 0xff) === AF_INET6) {
    out[at + WORD_ADDRESS + 1] = swap32(w1);
    out[at + WORD_ADDRESS + 2] = swap32(w2);
    out[at + WORD_ADDRESS + 3] = swap32(w3);
  }
  return at + size;
}

/** Asks for the acknowledgement of a message that is already written. @returns its sequence number */
export function askAcknowledgement(out: Uint32Array, at: number): number {
  out[at + WORD_TYPE] = out[at + WORD_TYPE]! | (c.NLM_F_ACK << 16);
  return out[at + WORD_SEQUENCE]!;
}

/** Asks for the routes of one table. @param protocol 0: of any protocol */
export function dumpRoutes(family: Family, table: number, protocol = 0): Uint32Array<ArrayBuffer> {
  const builder = new MessageBuilder(c.RTM_GETROUTE, c.NLM_F_REQUEST | c.NLM_F_DUMP);
  builder.u8(addressFamily(family)).u8(0).u8(0).u8(0);
  builder
    .u8(table < 256 ? table : c.RT_TABLE_COMPAT)
    .u8(protocol)
    .u8(0)
    .u8(0)
    .u32(0);
  return builder.attribute(c.RTA_TABLE, (b) => b.u32(table)).finish();
}

/** A received route, as numbers; one object is filled again and again, and hops are built only when asked for. */
export interface RouteFacts {
  family: Family;
  w0: number;
  w1: number;
  w2: number;
  w3: number;
  length: number;
  tos: number;
  table: number;
  protocol: number;
  type: number;
  flags: number;
  metric: number;
  /** 0: none. */
  link: number;
  /** 0: none. */
  object: number;
  /** Octet offsets of attributes' values, 0 where absent. */
  gatewayAt: number;
  gatewayEnd: number;
  viaAt: number;
  viaEnd: number;
  multipathAt: number;
  multipathEnd: number;
  sourceAt: number;
  sourceEnd: number;
}

export function emptyRoute(): RouteFacts {
  return {
    family: "ipv4",
    w0: 0,
    w1: 0,
    w2: 0,
    w3: 0,
    length: 0,
    tos: 0,
    table: 0,
    protocol: 0,
    type: 0,
    flags: 0,
    metric: 0,
    link: 0,
    object: 0,
    gatewayAt: 0,
    gatewayEnd: 0,
    viaAt: 0,
    viaEnd: 0,
    multipathAt: 0,
    multipathEnd: 0,
    sourceAt: 0,
    sourceEnd: 0,
  };
}

/** @returns false for what is no IPv4 or IPv6 unicast destination, or malformed; `facts` is then undefined in content */
export function decodeRoute(data: Received, header: MessageHeader, facts: RouteFacts): boolean {
  const { start, end } = header;
  if (end - start < RTMSG_OCTETS) return false;
  const { words } = data;
  const first = words[start >>> 2]!;
  const second = words[(start >>> 2) + 1]!;
  const family = first & 0xff;
  if (family !== AF_INET && family !== AF_INET6) return false;
  clear(facts);
  facts.family = family === AF_INET ? "ipv4" : "ipv6";
  facts.length = (first >>> 8) & 0xff;
  facts.tos = first >>> 24;
  facts.table = second & 0xff;
  facts.protocol = (second >>> 8) & 0xff;
  facts.type = second >>> 24;
  facts.flags = words[(start >>> 2) + 2]!;
  if (facts.length > (family === AF_INET ? 32 : 128)) return false;
  return attributes(data, start + RTMSG_OCTETS, end, facts);
}

function clear(facts: RouteFacts): void {
  facts.w0 = facts.w1 = facts.w2 = facts.w3 = 0;
  facts.metric = facts.link = facts.object = 0;
  facts.gatewayAt = facts.gatewayEnd = facts.viaAt = facts.viaEnd = 0;
  facts.multipathAt = facts.multipathEnd = facts.sourceAt = facts.sourceEnd = 0;
}

/** Not through `eachAttribute`: a closure a route would cost as much as all the rest of a dump. */
function attributes(data: Received, start: number, end: number, facts: RouteFacts): boolean {
  const { words } = data;
  let at = start;
  while (at + 4 <= end) {
    const head = words[at >>> 2]!;
    const length = head & 0xffff;
    if (length < 4 || length > end - at) return false;
    const value = at + 4;
    const valueEnd = at + length;
    if (!attribute(words, (head >>> 16) & c.NLA_TYPE_MASK, value, valueEnd, facts)) return false;
    at += (length + 3) & ~3;
  }
  return true;
}

function attribute(words: Uint32Array, type: number, at: number, end: number, facts: RouteFacts): boolean {
  const octets = end - at;
  const word = at >>> 2;
  const addressOctets = facts.family === "ipv4" ? 4 : 16;
  switch (type) {
    case c.RTA_DST:
      if (octets !== addressOctets) return false;
      facts.w0 = swap32(words[word]!);
      if (octets === 16) {
        facts.w1 = swap32(words[word + 1]!);
        facts.w2 = swap32(words[word + 2]!);
        facts.w3 = swap32(words[word + 3]!);
      }
      return true;
    case c.RTA_TABLE:
      facts.table = words[word]!;
      return octets === 4;
    case c.RTA_PRIORITY:
      facts.metric = words[word]!;
      return octets === 4;
    case c.RTA_OIF:
      facts.link = words[word]!;
      return octets === 4;
    case c.RTA_NH_ID:
      facts.object = words[word]!;
      return octets === 4;
    case c.RTA_GATEWAY:
      facts.gatewayAt = at;
      facts.gatewayEnd = end;
      return octets === addressOctets;
    case c.RTA_PREFSRC:
      facts.sourceAt = at;
      facts.sourceEnd = end;
      return octets === addressOctets;
    case c.RTA_VIA:
      facts.viaAt = at;
      facts.viaEnd = end;
      return true;
    case c.RTA_MULTIPATH:
      facts.multipathAt = at;
      facts.multipathEnd = end;
      return true;
    default:
      return true;
  }
}

/** RTA_PREFSRC. */
export function sourceOf(data: Received, facts: RouteFacts): Address | undefined {
  return facts.sourceAt === 0 ? undefined : addressAt(data, facts.sourceAt, facts.sourceEnd);
}

/**
 * Where a received route goes by its own attributes; a route through a nexthop object may carry none.
 * @returns undefined for what Linnet cannot say with a hop set: local, unreachable, prohibit, malformed hops
 */
export function hopSetOf(data: Received, facts: RouteFacts): HopSet | undefined {
  if (facts.type === c.RTN_BLACKHOLE) return { kind: "blackhole" };
  if (facts.type !== c.RTN_UNICAST) return undefined;
  if (facts.multipathAt !== 0) return multipath(data, facts.multipathAt, facts.multipathEnd);
  if (facts.link === 0) return undefined;
  const gateway =
    facts.viaAt !== 0
      ? viaAddress(data, facts.viaAt, facts.viaEnd)
      : facts.gatewayAt !== 0
        ? addressAt(data, facts.gatewayAt, facts.gatewayEnd)
        : undefined;
  const onlink = (facts.flags & c.RTNH_F_ONLINK) !== 0;
  return { kind: "unicast", hops: [{ gateway, link: facts.link, weight: 1, onlink }] };
}

function multipath(data: Received, start: number, end: number): HopSet | undefined {
  const hops: Hop[] = [];
  for (let at = start; at + 8 <= end; ) {
    const head = data.words[at >>> 2]!;
    const length = head & 0xffff;
    if (length < 8 || length > end - at) return undefined;
    let gateway: Address | undefined;
    const whole = eachAttribute(data, at + 8, at + length, (type, from, to) => {
      if (type === c.RTA_GATEWAY) gateway = addressAt(data, from, to);
      else if (type === c.RTA_VIA) gateway = viaAddress(data, from, to);
    });
    if (!whole) return undefined;
    const onlink = ((head >>> 16) & c.RTNH_F_ONLINK) !== 0;
    hops.push({ gateway, link: data.words[(at >>> 2) + 1]!, weight: (head >>> 24) + 1, onlink });
    at += (length + 3) & ~3;
  }
  return hops.length === 0 ? undefined : { kind: "unicast", hops };
}

function addressAt(data: Received, start: number, end: number): Address | undefined {
  const words = addressWords(data, start, end);
  return words && { family: words.length === 1 ? "ipv4" : "ipv6", words };
}

/** `struct rtvia`: the family in 2 octets, then the address. */
const viaAddress = (data: Received, start: number, end: number): Address | undefined => addressAt(data, start + 2, end);
