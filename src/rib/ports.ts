import type { Address } from "#route/address.ts";
import type { AttributeFacts } from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import type { Hop } from "#route/hop-set.ts";

/** What the RIB needs from the others; `daemon/` passes it in. */

/** How a neighbour stands to us, which decides what may be told to whom (RFC 4271 §9.2, RFC 4456 §6). */
export type NeighbourKind = "local" | "external" | "internal" | "client";

/**
 * Where one neighbour's routes go: its Adj-RIB-In. The same shape as the sink that `bgp/wire` writes to. Prefixes come as
 * loose words so that a full table passes without an object per route; octets are borrowed for the call.
 */
export interface RouteSink {
  /** Finds a stored set by its octets and holds it. @returns its number, or 0 where there is none */
  find(context: number, octets: Uint8Array, start: number, end: number): number;
  /** Stores a set and holds it. @returns its number; 0 where there is no room: then its routes count as withdrawn */
  add(context: number, octets: Uint8Array, start: number, end: number, facts: AttributeFacts): number;
  /** Ends the hold of `find` or `add`, and the UPDATE; routes that use the set keep it. */
  drop(attributes: number): void;
  reach4(address: number, length: number, attributes: number): void;
  reach6(w0: number, w1: number, w2: number, w3: number, length: number, attributes: number): void;
  unreach4(address: number, length: number): void;
  unreach6(w0: number, w1: number, w2: number, w3: number, length: number): void;
  endOfRib(family: Family): void;
}

/** Room for whole messages in a slab that many sockets share. */
export interface MessageSpace {
  /** The slab; `reserve` may put another one in its place. */
  bytes: Uint8Array;
  /** Where the next message begins. Set it past a finished message. */
  at: number;
  /** Makes sure that `octets` fit behind `at`. */
  reserve(octets: number): void;
}

/** Who gave us the path that is being told on. */
export interface PathSource {
  readonly kind: NeighbourKind;
  /** Router id, for ORIGINATOR_ID (RFC 4456 §8). */
  readonly routerId: number;
  /** An export policy made this set: a MED in it is ours, and goes to external neighbours too (RFC 4271 §5.1.4). */
  readonly ownMed: boolean;
}

/**
 * Turns routes into the UPDATE messages of one update group; implemented by `bgp/wire`. `begin…`, prefixes, `end`; a
 * message that is full is closed and another one opened. Words are network order, unsigned.
 */
export interface UpdateEncoder {
  /**
   * @param octets the stored attribute set, TLVs from `start` to `end`, rewritten as the group's kind of session demands
   * @returns false where the set cannot be told (it would not fit a message): then nothing was begun
   */
  beginReach(
    space: MessageSpace,
    family: Family,
    octets: Uint8Array,
    start: number,
    end: number,
    source: PathSource,
  ): boolean;
  beginUnreach(space: MessageSpace, family: Family): void;
  add4(address: number, length: number): void;
  add6(w0: number, w1: number, w2: number, w3: number, length: number): void;
  end(): void;
  endOfRib(space: MessageSpace, family: Family): void;
  /** The marks around a full re-advertisement that was asked for: BoRR and EoRR (RFC 7313 §4.1). */
  beginRefresh(space: MessageSpace, family: Family): void;
  endRefresh(space: MessageSpace, family: Family): void;
}

/** Whole messages on their way to one neighbour's socket. */
export interface SessionOut {
  /**
   * Queues `bytes[start, end)`, whole messages, borrowed until `written` is called (always called, once, also when the
   * session dies).
   */
  send(bytes: Uint8Array, start: number, end: number, written: () => void): void;
}

/** Attribute sets in full, for policies and `show`; implemented by `bgp/wire`. Octets are those of `RouteSink.add`. */
export interface AttributeCodec {
  decode(octets: Uint8Array, start: number, end: number): Attributes;
  /** The AS that the route began in, 0 where its path is empty or ends in a set: without decoding the rest. */
  lastAs(octets: Uint8Array, start: number, end: number): number;
  /** @returns octets and facts of a set that we made ourselves */
  encode(attributes: Attributes, facts: AttributeFacts): Uint8Array;
}

/** How a next hop is reached. */
export interface Resolution {
  /** Cost for RFC 4271 §9.1.2.2 (e): 0 on link, else the metric of the route that leads there. */
  readonly metric: number;
  readonly hops: readonly Hop[];
}

/** The kernel's links, addresses and foreign routes, asked about one address; implemented by `kernel/next-hops.ts`. */
export interface NextHopResolver {
  /** @param via for link-local next hops: the interface of the session they came over. @returns undefined: unreachable */
  resolve(address: Address, via: number | undefined): Resolution | undefined;
}

/** The forwarding table that the Loc-RIB wants; implemented by the kernel's installer. Sets are numbers of a HopSetTable. */
export interface ForwardingTable {
  set4(address: number, length: number, hopSet: number): void;
  set6(w0: number, w1: number, w2: number, w3: number, length: number, hopSet: number): void;
  clear4(address: number, length: number): void;
  clear6(w0: number, w1: number, w2: number, w3: number, length: number): void;
  /** If the link of `hopSet` is lost, its routes will mostly go to `backup` (0: nowhere). A forecast, not an order. */
  setBackup(family: Family, hopSet: number, backup: number): void;
  /** Nearly all routes of `hopSet` are about to be told to go to `next`. A forecast, too. */
  foresee(family: Family, hopSet: number, next: number): void;
  /** @param then called, once, when all that was set and cleared up to now is done, or was refused */
  whenTried(then: () => void): void;
}
