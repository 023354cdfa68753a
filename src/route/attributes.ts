import type { Address } from "./address.ts";
import type { AsPath } from "./as-path.ts";

/** ORIGIN codes (RFC 4271 §4.3): IGP, EGP, INCOMPLETE. */
export type Origin = 0 | 1 | 2;

/** An attribute Linnet does not know, carried as it came when it is transitive (RFC 4271 §5). */
export interface UnknownAttribute {
  readonly flags: number;
  readonly code: number;
  readonly value: Uint8Array;
}

/** A large community (RFC 8092): global administrator and two local parts, 32 bits each. */
export type LargeCommunity = readonly [number, number, number];

/**
 * A path's attributes in full, for policies, `show` and logs; selection works on `AttributeFacts`.
 * Absent optional attributes are undefined; absent lists are empty.
 */
export interface Attributes {
  readonly origin: Origin;
  readonly asPath: AsPath;
  readonly nextHop: Address | undefined;
  /** The link-local address beside an IPv6 next hop (RFC 2545 §3). */
  readonly linkLocalNextHop: Address | undefined;
  readonly med: number | undefined;
  readonly localPref: number | undefined;
  readonly atomicAggregate: boolean;
  readonly aggregator: { readonly as: number; readonly routerId: number } | undefined;
  /** RFC 1997, 32 bits each. */
  readonly communities: readonly number[];
  readonly originatorId: number | undefined;
  readonly clusterList: readonly number[];
  /** RFC 4360, as two 32-bit halves each. */
  readonly extendedCommunities: readonly (readonly [number, number])[];
  readonly largeCommunities: readonly LargeCommunity[];
  readonly unknown: readonly UnknownAttribute[];
}
