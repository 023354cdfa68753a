import { type AttributeCodec, decodeList, OPTIONAL, TRANSITIVE } from "./attribute.ts";

/** EXTENDED COMMUNITIES (RFC 4360 §2). Malformed when empty or not a multiple of 8 octets (RFC 7606 §7.14). */
export const extendedCommunities: AttributeCodec<readonly (readonly [number, number])[]> = {
  code: 16,
  name: "EXTENDED_COMMUNITIES",
  flags: OPTIONAL | TRANSITIVE,
  whenMalformed: "withdraw",
  decode: (value) => decodeList(value, 8, (reader) => [reader.u32(), reader.u32()] as const),
  encode(out, list) {
    for (const [high, low] of list) out.u32(high).u32(low);
  },
};
