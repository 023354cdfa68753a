import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { Hop } from "#route/hop-set.ts";
import * as c from "./constants.ts";
import { addressWords, eachAttribute, MessageBuilder, type MessageHeader, type Received } from "./message.ts";
import { addressFamily } from "./route.ts";

/** Nexthop objects (linux/nexthop.h): routes name them by id (RTA_NH_ID), so that one message moves all of them. */

/** `struct nhmsg`: family, scope, protocol, reserved; flags. */
const NHMSG_OCTETS = 8;

export interface GroupMember {
  readonly id: number;
  /** 1 to 256. */
  readonly weight: number;
}

/** What the kernel tells of an object: one hop, or a group of objects. */
export interface NextHopObject {
  readonly id: number;
  readonly protocol: number;
  readonly content:
    | { readonly kind: "hop"; readonly hop: Hop }
    | { readonly kind: "group"; readonly members: readonly GroupMember[]; readonly isResilient: boolean }
    | { readonly kind: "other" };
}

const REPLACING = c.NLM_F_REQUEST | c.NLM_F_CREATE | c.NLM_F_REPLACE;

/** Creates or replaces a single hop. @param family of the routes, where the hop has no gateway to tell it */
export function putHop(id: number, protocol: number, family: Family, hop: Hop): Uint32Array {
  const { gateway } = hop;
  const builder = head(c.RTM_NEWNEXTHOP, REPLACING, addressFamily(gateway?.family ?? family), protocol, hop.onlink);
  builder.attribute(c.NHA_ID, (b) => b.u32(id));
  builder.attribute(c.NHA_OIF, (b) => b.u32(hop.link));
  if (gateway !== undefined) builder.attribute(c.NHA_GATEWAY, (b) => b.address(gateway.words));
  return builder.finish();
}

/** Buckets of a resilient group; the kernel allows no other number once it is made. */
const BUCKETS = 128;

/**
 * A group, or what it becomes: atomically, for all routes that name it.
 * @param isNew it may be created. Otherwise the kernel refuses (ENOENT) where it is gone, and its routes with it
 * @param isResilient flows stay with their hop as long as it is there (Linux 5.13); all buckets move at once
 */
export function putGroup(
  id: number,
  protocol: number,
  members: readonly GroupMember[],
  isResilient: boolean,
  isNew: boolean,
): Uint32Array {
  const flags = isNew ? REPLACING : c.NLM_F_REQUEST | c.NLM_F_REPLACE;
  const builder = head(c.RTM_NEWNEXTHOP, flags, 0, protocol, false);
  builder.attribute(c.NHA_ID, (b) => b.u32(id));
  builder.attribute(c.NHA_GROUP, (b) => {
    for (const { id: member, weight } of members)
      b.u32(member)
        .u8(weight - 1)
        .u8(0)
        .u16(0);
  });
  if (isResilient) {
    builder.attribute(c.NHA_GROUP_TYPE, (b) => b.u16(c.NEXTHOP_GRP_TYPE_RES));
    builder.attribute(c.NHA_RES_GROUP | c.NLA_F_NESTED, (b) => {
      b.attribute(c.NHA_RES_GROUP_BUCKETS, (inner) => inner.u16(BUCKETS));
      b.attribute(c.NHA_RES_GROUP_IDLE_TIMER, (inner) => inner.u32(0));
    });
  }
  return builder.finish();
}

/** Deletes an object, and with it every route that names it. */
export function deleteNextHop(id: number): Uint32Array {
  const builder = head(c.RTM_DELNEXTHOP, c.NLM_F_REQUEST, 0, 0, false);
  return builder.attribute(c.NHA_ID, (b) => b.u32(id)).finish();
}

export function dumpNextHops(): Uint32Array<ArrayBuffer> {
  return head(c.RTM_GETNEXTHOP, c.NLM_F_REQUEST | c.NLM_F_DUMP, 0, 0, false).finish();
}

function head(type: number, flags: number, family: number, protocol: number, onlink: boolean): MessageBuilder {
  const builder = new MessageBuilder(type, flags);
  return builder
    .u8(family)
    .u8(0)
    .u8(protocol)
    .u8(0)
    .u32(onlink ? c.RTNH_F_ONLINK : 0);
}

export function decodeNextHop(data: Received, { start, end }: MessageHeader): NextHopObject | undefined {
  if (end - start < NHMSG_OCTETS) return undefined;
  const word = start >>> 2;
  let id = 0;
  let link = 0;
  let blackhole = false;
  let isResilient = false;
  let gateway: Address | undefined;
  let members: readonly GroupMember[] | undefined;
  const whole = eachAttribute(data, start + NHMSG_OCTETS, end, (type, from, to) => {
    if (type === c.NHA_ID && to - from === 4) id = data.words[from >>> 2]!;
    else if (type === c.NHA_OIF && to - from === 4) link = data.words[from >>> 2]!;
    else if (type === c.NHA_BLACKHOLE) blackhole = true;
    else if (type === c.NHA_GROUP_TYPE) isResilient = data.bytes[from] === c.NEXTHOP_GRP_TYPE_RES;
    else if (type === c.NHA_GROUP) members = groupMembers(data, from, to);
    else if (type === c.NHA_GATEWAY) {
      const words = addressWords(data, from, to);
      gateway = words && { family: words.length === 1 ? "ipv4" : "ipv6", words };
    }
  });
  if (!whole || id === 0) return undefined;
  const protocol = (data.words[word]! >>> 16) & 0xff;
  if (members !== undefined) return { id, protocol, content: { kind: "group", members, isResilient } };
  if (blackhole || link === 0) return { id, protocol, content: { kind: "other" } };
  const onlink = (data.words[word + 1]! & c.RTNH_F_ONLINK) !== 0;
  return { id, protocol, content: { kind: "hop", hop: { gateway, link, weight: 1, onlink } } };
}

/** `struct nexthop_grp`: id, weight less 1, high octet of the weight (Linux 6.12), reserved. */
function groupMembers(data: Received, start: number, end: number): GroupMember[] {
  const members: GroupMember[] = [];
  for (let at = start; at + 8 <= end; at += 8) {
    const weight = (data.words[(at >>> 2) + 1]! & 0xffff) + 1;
    members.push({ id: data.words[at >>> 2]!, weight });
  }
  return members;
}
