import type { LargeCommunity } from "#route/attributes.ts";
import { type AttributeCodec, decodeList, OPTIONAL, TRANSITIVE } from "./attribute.ts";

/** LARGE_COMMUNITY (RFC 8092 §3). Malformed when empty or not a multiple of 12 octets (RFC 8092 §6). */
export const largeCommunities: AttributeCodec<readonly LargeCommunity[]> = {
  code: 32,
  name: "LARGE_COMMUNITY",
  flags: OPTIONAL | TRANSITIVE,
  whenMalformed: "withdraw",
  decode: (value) => decodeList(value, 12, (reader) => [reader.u32(), reader.u32(), reader.u32()] as const),
  encode(out, list) {
    for (const [administrator, first, second] of list) out.u32(administrator).u32(first).u32(second);
  },
};
