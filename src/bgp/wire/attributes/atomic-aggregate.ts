import { type AttributeCodec, TRANSITIVE } from "./attribute.ts";

/** ATOMIC_AGGREGATE (RFC 4271 §5.1.6): no value. Malformed otherwise (RFC 7606 §7.6). */
export const atomicAggregate: AttributeCodec<boolean> = {
  code: 6,
  name: "ATOMIC_AGGREGATE",
  flags: TRANSITIVE,
  whenMalformed: "discard",
  decode: (value) => (value.remaining === 0 ? true : undefined),
  encode: () => {},
};
