import type { Prefix } from "#route/prefix.ts";
import { type AfiSafi, familyOf } from "../afi-safi.ts";
import { type AttributeCodec, OPTIONAL } from "./attribute.ts";
import { decodeNlri, encodeNlri } from "./nlri.ts";

/** Withdrawn routes of one family; `prefixes` is empty for a family that Linnet does not route. */
export interface MpUnreach extends AfiSafi {
  readonly prefixes: readonly Prefix[];
}

/** MP_UNREACH_NLRI (RFC 4760 §4). Malformed, it ends the session (RFC 7606 §7.12). */
export const mpUnreach: AttributeCodec<MpUnreach> = {
  code: 15,
  name: "MP_UNREACH_NLRI",
  flags: OPTIONAL,
  whenMalformed: "reset",
  decode(value) {
    if (value.remaining < 3) return undefined;
    const [afi, safi] = [value.u16(), value.u8()];
    const family = familyOf(afi, safi);
    const prefixes = family === undefined ? [] : decodeNlri(value, family);
    return prefixes && { afi, safi, prefixes };
  },
  encode(out, { afi, safi, prefixes }) {
    out.u16(afi).u8(safi);
    encodeNlri(out, prefixes);
  },
};
