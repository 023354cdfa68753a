import { type Aggregator, aggregator, decodeAggregator } from "./aggregator.ts";
import { type AttributeCodec, OPTIONAL, TRANSITIVE } from "./attribute.ts";

/** AS4_AGGREGATOR (RFC 6793 §3): only from speakers that know 2-octet AS numbers alone. Discarded when malformed (RFC 6793 §6). */
export const as4Aggregator: AttributeCodec<Aggregator> = {
  code: 18,
  name: "AS4_AGGREGATOR",
  flags: OPTIONAL | TRANSITIVE,
  whenMalformed: "discard",
  decode: (value) => decodeAggregator(value, 4),
  encode: (out, value) => aggregator.encode(out, value),
};
