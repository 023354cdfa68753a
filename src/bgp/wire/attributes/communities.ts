import { type AttributeCodec, decodeList, OPTIONAL, TRANSITIVE } from "./attribute.ts";

/** COMMUNITIES (RFC 1997). An empty value, or one not a multiple of 4 octets, is malformed (RFC 7606 §7.8). */
export const communities: AttributeCodec<readonly number[]> = {
  code: 8,
  name: "COMMUNITIES",
  flags: OPTIONAL | TRANSITIVE,
  whenMalformed: "withdraw",
  decode: (value) => decodeList(value, 4, (reader) => reader.u32()),
  encode(out, list) {
    for (const community of list) out.u32(community);
  },
};
