import type { AttributeFacts } from "#route/attribute-facts.ts";
import type { Family } from "#route/family.ts";

/**
 * Where one neighbour's routes go: its Adj-RIB-In, implemented by the RIB. Prefixes come as loose words so that a full
 * table passes without an object per route. All calls are synchronous; octets are borrowed for the call.
 *
 * `context` is a small number for what decides how octets are understood (internal or external session, our AS, the
 * neighbour's AS, our cluster id): equal octets in equal contexts are one attribute set.
 */
export interface RouteSink {
  /** Finds a stored set by its octets and holds it. @returns its number, or 0 where there is none */
  find(context: number, octets: Uint8Array, start: number, end: number): number;
  /**
   * Stores a set (octets and facts are copied) and holds it.
   * @returns its number, or 0 where there is no room: then its routes count as withdrawn
   * @param octets path attributes as TLVs: 4-octet AS numbers, MP_REACH_NLRI cut down to its next hop, no MP_UNREACH_NLRI
   */
  add(context: number, octets: Uint8Array, start: number, end: number, facts: AttributeFacts): number;
  /** Ends the hold of `find` or `add`; routes that use the set keep it. */
  drop(attributes: number): void;
  reach4(address: number, length: number, attributes: number): void;
  reach6(w0: number, w1: number, w2: number, w3: number, length: number, attributes: number): void;
  unreach4(address: number, length: number): void;
  unreach6(w0: number, w1: number, w2: number, w3: number, length: number): void;
  /** RFC 4724 §2: the neighbour has sent all it had. */
  endOfRib(family: Family): void;
}
