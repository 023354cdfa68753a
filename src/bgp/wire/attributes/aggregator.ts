import type { Reader } from "#lib/bytes.ts";
import type { Attributes } from "#route/attributes.ts";
import type { AsOctets } from "./as-path.ts";
import { type AttributeCodec, OPTIONAL, TRANSITIVE } from "./attribute.ts";

export type Aggregator = NonNullable<Attributes["aggregator"]>;

/** @returns undefined for another length (RFC 7606 §7.7), or AS number 0 (RFC 7607 §2) */
export function decodeAggregator(value: Reader, asOctets: AsOctets): Aggregator | undefined {
  if (value.remaining !== asOctets + 4) return undefined;
  const as = asOctets === 4 ? value.u32() : value.u16();
  return as === 0 ? undefined : { as, routerId: value.u32() };
}

/** AGGREGATOR (RFC 4271 §5.1.7), in the 4-octet form (RFC 6793 §3). */
export const aggregator: AttributeCodec<Aggregator> = {
  code: 7,
  name: "AGGREGATOR",
  flags: OPTIONAL | TRANSITIVE,
  whenMalformed: "discard",
  decode: (value) => decodeAggregator(value, 4),
  encode: (out, { as, routerId }) => void out.u32(as).u32(routerId),
};
