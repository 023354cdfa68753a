import { type AttributeCodec, decodeWord, OPTIONAL } from "./attribute.ts";

/** MULTI_EXIT_DISC (RFC 4271 §5.1.4). Malformed unless 4 octets (RFC 7606 §7.4). */
export const multiExitDisc: AttributeCodec<number> = {
  code: 4,
  name: "MULTI_EXIT_DISC",
  flags: OPTIONAL,
  whenMalformed: "withdraw",
  decode: decodeWord,
  encode: (out, med) => void out.u32(med),
};
