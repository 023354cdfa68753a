import { Reader, Writer } from "#lib/bytes.ts";
import type { Address } from "#route/address.ts";

/** All nodes of a link: ff02::1. */
export const ALL_NODES: Address = { family: "ipv6", words: [0xff02_0000, 0, 0, 1] };
/** All its routers: ff02::2. */
export const ALL_ROUTERS: Address = { family: "ipv6", words: [0xff02_0000, 0, 0, 2] };

/** ICMPv6 types (RFC 4861 §4.1, §4.2). */
export const ROUTER_SOLICITATION = 133;
export const ROUTER_ADVERTISEMENT = 134;

/** Options (RFC 4861 §4.6.1); the others are stepped over (§4.2). */
const SOURCE_LINK_LAYER_ADDRESS = 1;

/** Behind type, code and checksum. */
const ADVERTISED_OCTETS = 12;
const SOLICITED_OCTETS = 4;

/** Asks routers to say that they are there (RFC 4861 §4.1). */
export interface Solicitation {
  readonly kind: "solicitation";
  /** The sender's hardware address in colons, as `Link.hardwareAddress`; undefined: not told. */
  readonly hardwareAddress: string | undefined;
}

/** A router says that it is there (RFC 4861 §4.2). 0 means: not said by this router. */
export interface Advertisement {
  readonly kind: "advertisement";
  readonly hopLimit: number;
  /** M, O and what later standards made of the other bits. */
  readonly flags: number;
  /** How long it may be a default router; 0: it is none. */
  readonly lifetimeSeconds: number;
  readonly reachableMs: number;
  readonly retransmitMs: number;
  readonly hardwareAddress: string | undefined;
}

export type RouterMessage = Solicitation | Advertisement;

/** What we say: here is a router, and nothing that a host would change its ways for (RFC 4861 §6.2.3). */
export const advertisementOf = (hardwareAddress: string | undefined): Advertisement => ({
  kind: "advertisement",
  hopLimit: 0,
  flags: 0,
  lifetimeSeconds: 0,
  reachableMs: 0,
  retransmitMs: 0,
  hardwareAddress,
});

/**
 * @param octets an ICMPv6 message whose checksum the kernel has looked at
 * @returns undefined for what RFC 4861 §6.1.1 and §6.1.2 tell to discard, and for other messages. Where it came from, and
 * with what hop limit, is for the caller to judge
 */
export function decodeRouterMessage(octets: Uint8Array): RouterMessage | undefined {
  const reader = new Reader(octets);
  if (reader.remaining < 4) return undefined;
  const type = reader.u8();
  const code = reader.u8();
  reader.u16();
  if (code !== 0) return undefined;
  if (type === ROUTER_SOLICITATION) return decodeSolicitation(reader);
  return type === ROUTER_ADVERTISEMENT ? decodeAdvertisement(reader) : undefined;
}

/** The checksum is the kernel's to fill in (RFC 3542 §3.1). */
export function encodeRouterMessage(message: RouterMessage): Uint8Array {
  const out = new Writer(32);
  if (message.kind === "solicitation") out.u8(ROUTER_SOLICITATION).u8(0).u16(0).u32(0);
  else {
    const { hopLimit, flags, lifetimeSeconds, reachableMs, retransmitMs } = message;
    out.u8(ROUTER_ADVERTISEMENT).u8(0).u16(0);
    out.u8(hopLimit).u8(flags).u16(lifetimeSeconds).u32(reachableMs).u32(retransmitMs);
  }
  if (message.hardwareAddress !== undefined) putHardwareAddress(out, message.hardwareAddress);
  return out.finish();
}

function decodeSolicitation(reader: Reader): Solicitation | undefined {
  if (reader.remaining < SOLICITED_OCTETS) return undefined;
  reader.u32();
  const options = decodeOptions(reader);
  return options && { kind: "solicitation", ...options };
}

function decodeAdvertisement(reader: Reader): Advertisement | undefined {
  if (reader.remaining < ADVERTISED_OCTETS) return undefined;
  const fixed = {
    hopLimit: reader.u8(),
    flags: reader.u8(),
    lifetimeSeconds: reader.u16(),
    reachableMs: reader.u32(),
    retransmitMs: reader.u32(),
  };
  const options = decodeOptions(reader);
  return options && { kind: "advertisement", ...fixed, ...options };
}

/** Type, length in units of eight octets, which counts these two as well and is never 0, value (RFC 4861 §4.6). */
function decodeOptions(reader: Reader): Pick<RouterMessage, "hardwareAddress"> | undefined {
  let hardwareAddress: string | undefined;
  while (reader.remaining > 0) {
    if (reader.remaining < 2) return undefined;
    const type = reader.u8();
    const octets = reader.u8() * 8 - 2;
    if (octets < 0 || octets > reader.remaining) return undefined;
    const value = reader.take(octets);
    if (type === SOURCE_LINK_LAYER_ADDRESS && octets === HARDWARE_OCTETS) hardwareAddress ??= inColons(value);
  }
  return { hardwareAddress };
}

/** Of Ethernet (RFC 2464 §6), which fills the option; those of other links are not told apart from their padding. */
const HARDWARE_OCTETS = 6;

const inColons = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join(":");

/** @param text six octets in colons; anything else is left out */
function putHardwareAddress(out: Writer, text: string): void {
  const octets = text.split(":").map((part) => Number.parseInt(part, 16));
  if (octets.length === HARDWARE_OCTETS) out.u8(SOURCE_LINK_LAYER_ADDRESS).u8(1).put(octets);
}
