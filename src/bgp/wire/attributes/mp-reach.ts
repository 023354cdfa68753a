import { Reader } from "#lib/bytes.ts";
import { type Address, fromOctets, isLinkLocal, isUnspecified, toOctets } from "#route/address.ts";
import type { Prefix } from "#route/prefix.ts";
import { AFI, type AfiSafi, familyOf, SAFI_UNICAST } from "../afi-safi.ts";
import { type AttributeCodec, OPTIONAL } from "./attribute.ts";
import { decodeNlri, encodeNlri } from "./nlri.ts";

/** Reachable routes of one family; `nextHops` is empty, and `prefixes` too, for a family that Linnet does not route. */
export interface MpReach extends AfiSafi {
  /** One address, or an IPv6 one and the link-local one that goes with it (RFC 2545 §3). */
  readonly nextHops: readonly Address[];
  /** None in stored sets. */
  readonly prefixes: readonly Prefix[];
}

/**
 * MP_REACH_NLRI (RFC 4760 §3, RFC 2545 §3, RFC 8950 §3). Where it is malformed its prefixes cannot be found, so the session
 * ends (RFC 7606 §7.11).
 */
export const mpReach: AttributeCodec<MpReach> = {
  code: 14,
  name: "MP_REACH_NLRI",
  flags: OPTIONAL,
  whenMalformed: "reset",
  decode(value) {
    if (value.remaining < 5) return undefined;
    const [afi, safi, octets] = [value.u16(), value.u8(), value.u8()];
    if (octets + 1 > value.remaining) return undefined;
    const hops = value.take(octets);
    value.u8(); // reserved
    const family = familyOf(afi, safi);
    if (family === undefined) return { afi, safi, nextHops: [], prefixes: [] };
    const fits = octets === 16 || octets === 32 || (octets === 4 && family === "ipv4");
    const prefixes = decodeNlri(new Reader(value.bytes, value.at, value.end), family);
    if (!fits || prefixes === undefined) return undefined;
    return { afi, safi, nextHops: decodeNextHops(hops), prefixes };
  },
  encode(out, { afi, safi, nextHops, prefixes }) {
    const hops = nextHops.map(toOctets);
    out
      .u16(afi)
      .u8(safi)
      .u8(hops.reduce((sum, hop) => sum + hop.length, 0));
    for (const hop of hops) out.put(hop);
    out.u8(0);
    encodeNlri(out, prefixes);
  },
};

/** The second address counts only where it is link-local, and takes the place of a first one that is all zeros. */
function decodeNextHops(octets: Uint8Array): Address[] {
  if (octets.length !== 32) return [fromOctets(octets)];
  const [first, second] = [fromOctets(octets.subarray(0, 16)), fromOctets(octets.subarray(16))];
  if (!isLinkLocal(second)) return [first];
  return isUnspecified(first) ? [second] : [first, second];
}

/** The attribute of a stored set: the next hop alone. */
export const nextHopOnly = (nextHops: readonly Address[]): MpReach => ({
  afi: AFI.ipv6,
  safi: SAFI_UNICAST,
  nextHops,
  prefixes: [],
});
