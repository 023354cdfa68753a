import { type AttributeCodec, decodeWord, OPTIONAL } from "./attribute.ts";

/** ORIGINATOR_ID (RFC 4456 §8). Discarded from an external neighbour; malformed unless 4 octets (RFC 7606 §7.9). */
export const originatorId: AttributeCodec<number> = {
  code: 9,
  name: "ORIGINATOR_ID",
  flags: OPTIONAL,
  whenMalformed: "withdraw",
  internalOnly: true,
  decode: decodeWord,
  encode: (out, id) => void out.u32(id),
};
