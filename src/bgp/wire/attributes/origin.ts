import type { Origin } from "#route/attributes.ts";
import { type AttributeCodec, TRANSITIVE } from "./attribute.ts";

/** ORIGIN (RFC 4271 §5.1.1): one octet, 0 to 2. Malformed otherwise (RFC 7606 §7.1). */
export const origin: AttributeCodec<Origin> = {
  code: 1,
  name: "ORIGIN",
  flags: TRANSITIVE,
  whenMalformed: "withdraw",
  decode(value) {
    const code = value.remaining === 1 ? value.u8() : undefined;
    return code === 0 || code === 1 || code === 2 ? code : undefined;
  },
  encode: (out, code) => void out.u8(code),
};
