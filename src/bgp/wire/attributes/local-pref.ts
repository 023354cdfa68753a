import { type AttributeCodec, decodeWord, TRANSITIVE } from "./attribute.ts";

/** LOCAL_PREF (RFC 4271 §5.1.5). Discarded from an external neighbour; malformed unless 4 octets (RFC 7606 §7.5). */
export const localPref: AttributeCodec<number> = {
  code: 5,
  name: "LOCAL_PREF",
  flags: TRANSITIVE,
  whenMalformed: "withdraw",
  internalOnly: true,
  decode: decodeWord,
  encode: (out, preference) => void out.u32(preference),
};
