import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { type Prefix, prefixOf } from "#route/prefix.ts";
import * as c from "./constants.ts";
import { addressWords, eachAttribute, MessageBuilder, type MessageHeader, type Received } from "./message.ts";
import { addressFamily } from "./route.ts";

/** An address of an interface, as RTM_NEWADDR tells it (linux/if_addr.h). */
export interface LinkAddress {
  readonly link: number;
  readonly address: Address;
  /** The block that is reached over the link: of the peer's address on point-to-point links. */
  readonly prefix: Prefix;
  /** RT_SCOPE_…: 0 universe, 253 link, 254 host. */
  readonly scope: number;
  /** Neither tentative, nor duplicate, nor deprecated: fit to be a source and a next hop. */
  readonly preferred: boolean;
}

/** `struct ifaddrmsg`: family, prefix length, flags, scope; index. */
const IFADDRMSG_OCTETS = 8;
const UNFIT = c.IFA_F_TENTATIVE | c.IFA_F_DADFAILED | c.IFA_F_DEPRECATED;

export function dumpAddresses(family: Family): Uint32Array<ArrayBuffer> {
  const builder = new MessageBuilder(c.RTM_GETADDR, c.NLM_F_REQUEST | c.NLM_F_DUMP);
  return builder.u32(addressFamily(family)).u32(0).finish();
}

export function decodeAddress(data: Received, { start, end }: MessageHeader): LinkAddress | undefined {
  if (end - start < IFADDRMSG_OCTETS) return undefined;
  const first = data.words[start >>> 2]!;
  const family = (first & 0xff) === addressFamily("ipv4") ? "ipv4" : "ipv6";
  if ((first & 0xff) !== addressFamily(family)) return undefined;
  let flags = (first >>> 16) & 0xff;
  let peer: readonly number[] | undefined;
  let local: readonly number[] | undefined;
  const whole = eachAttribute(data, start + IFADDRMSG_OCTETS, end, (type, from, to) => {
    if (type === c.IFA_ADDRESS) peer = addressWords(data, from, to);
    else if (type === c.IFA_LOCAL) local = addressWords(data, from, to);
    else if (type === c.IFA_FLAGS && to - from === 4) flags = data.words[from >>> 2]!;
  });
  local ??= peer; // IPv6 says IFA_LOCAL only on point-to-point links
  peer ??= local;
  const size = family === "ipv4" ? 1 : 4;
  const length = (first >>> 8) & 0xff;
  if (!whole || local?.length !== size || peer?.length !== size || length > size * 32) return undefined;
  return {
    link: data.words[(start >>> 2) + 1]!,
    address: { family, words: local },
    prefix: prefixOf({ family, words: peer }, length),
    scope: first >>> 24,
    preferred: (flags & UNFIT) === 0,
  };
}
