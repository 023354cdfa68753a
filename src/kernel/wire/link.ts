import * as c from "./constants.ts";
import { eachAttribute, MessageBuilder, type MessageHeader, type Received, text } from "./message.ts";

/** An interface, as RTM_NEWLINK tells it (linux/rtnetlink.h, linux/if_link.h). */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  /** IFF_… of linux/if.h. */
  readonly flags: number;
  /** Administratively up, and operational (RFC 2863): packets get through. */
  readonly usable: boolean;
  /** The kernel keeps nexthop objects over it: administratively up, and the carrier is there. */
  readonly keepsObjects: boolean;
  /** Administratively up. */
  readonly up: boolean;
  /** Index of the bridge or bond it is a port of, or 0. */
  readonly master: number;
  /** `veth`, `bridge`, …; empty for hardware. */
  readonly kind: string;
  /** MAC address in colons; empty where there is none. */
  readonly hardwareAddress: string;
}

/** `struct ifinfomsg`: family, padding, type; index; flags; change mask. */
const IFINFOMSG_OCTETS = 16;

/** Asks for all links, without their counters. */
export function dumpLinks(): Uint32Array<ArrayBuffer> {
  const builder = new MessageBuilder(c.RTM_GETLINK, c.NLM_F_REQUEST | c.NLM_F_DUMP).u32(0).u32(0).u32(0).u32(0);
  return builder.attribute(c.IFLA_EXT_MASK, (b) => b.u32(c.RTEXT_FILTER_SKIP_STATS)).finish();
}

export function decodeLink(data: Received, { start, end }: MessageHeader): Link | undefined {
  if (end - start < IFINFOMSG_OCTETS) return undefined;
  const word = start >>> 2;
  if ((data.words[word]! & 0xff) !== 0) return undefined; // AF_BRIDGE and AF_INET6 messages tell of ports, not of links
  const flags = data.words[word + 2]!;
  const up = (flags & c.IFF_UP) !== 0;
  const seen = { name: "", mtu: 0, master: 0, kind: "", hardwareAddress: "" };
  const whole = eachAttribute(data, start + IFINFOMSG_OCTETS, end, (type, from, to) => {
    if (type === c.IFLA_IFNAME) seen.name = text(data, from, to);
    else if (type === c.IFLA_MTU && to - from === 4) seen.mtu = data.words[from >>> 2]!;
    else if (type === c.IFLA_MASTER && to - from === 4) seen.master = data.words[from >>> 2]!;
    else if (type === c.IFLA_ADDRESS) seen.hardwareAddress = hardware(data.bytes.subarray(from, to));
    else if (type === c.IFLA_LINKINFO) seen.kind = kindOf(data, from, to);
  });
  if (!whole) return undefined;
  const index = data.words[word + 1]!;
  const usable = up && (flags & c.IFF_RUNNING) !== 0;
  return { index, flags, up, usable, keepsObjects: up && (flags & (c.IFF_RUNNING | c.IFF_LOWER_UP)) !== 0, ...seen };
}

function kindOf(data: Received, start: number, end: number): string {
  let kind = "";
  eachAttribute(data, start, end, (type, from, to) => {
    if (type === c.IFLA_INFO_KIND) kind = text(data, from, to);
  });
  return kind;
}

const hardware = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join(":");
