import type { Family } from "./family.ts";

/** LOCAL_PREF of routes that come without one: RFC 4271 §5.1.5 leaves it to us, and this is what others take. */
export const DEFAULT_LOCAL_PREF = 100;

/** Bits of `AttributeFacts.flags`. */
export const HAS_LOCAL_PREF = 1 << 0;
export const HAS_MED = 1 << 1;
/** NO_EXPORT (RFC 1997): not to external neighbours. */
export const NO_EXPORT = 1 << 2;
/** NO_ADVERTISE (RFC 1997): to nobody. */
export const NO_ADVERTISE = 1 << 3;
/** GRACEFUL_SHUTDOWN (RFC 8326): the least preferred local preference. */
export const GRACEFUL_SHUTDOWN = 1 << 4;
/** Our AS number, router id or cluster id stands in it (RFC 4271 §9.1.2, RFC 4456 §8): kept in the Adj-RIB-In, never selected. */
export const LOOPED = 1 << 5;
/** Link bandwidth extended community present. */
export const HAS_LINK_BANDWIDTH = 1 << 6;

/**
 * The few numbers of an attribute set that selection and export need; everything else is decoded from the octets when
 * somebody asks. One object is filled again and again: whoever keeps it copies.
 */
export interface AttributeFacts {
  flags: number;
  /** LOCAL_PREF, `DEFAULT_LOCAL_PREF` where absent (then HAS_LOCAL_PREF is not set). */
  localPref: number;
  /** AS_PATH length as RFC 4271 §9.1.2.2 (a) counts it: an AS_SET counts 1, confederation segments 0. */
  pathLength: number;
  /** 0 IGP, 1 EGP, 2 INCOMPLETE. */
  origin: number;
  /** MULTI_EXIT_DISC, 0 where absent (RFC 4271 §9.1.2.2 (c)). */
  med: number;
  /** First AS of the AS_PATH, 0 where the path is empty or begins with a set: whose MEDs compare. */
  neighbourAs: number;
  /** ORIGINATOR_ID, 0 where absent. */
  originatorId: number;
  /** Number of cluster ids in CLUSTER_LIST. */
  clusterLength: number;
  /** Octets a second of the link bandwidth extended community, 0 where absent. */
  linkBandwidth: number;
  /** Family of the next hop, which differs from the routes' family with RFC 8950; undefined where the set has none. */
  nextHopFamily: Family | undefined;
  /** Next hop: one word for IPv4, four for IPv6 (unsigned, network order). With two IPv6 addresses (RFC 2545 §3) the global one. */
  nextHop0: number;
  nextHop1: number;
  nextHop2: number;
  nextHop3: number;
  /** The link-local address that came beside the global one, all 0 where none came. */
  linkLocal0: number;
  linkLocal1: number;
  linkLocal2: number;
  linkLocal3: number;
}

/** Facts of an empty set. */
export function emptyFacts(): AttributeFacts {
  return {
    flags: 0,
    localPref: DEFAULT_LOCAL_PREF,
    pathLength: 0,
    origin: 0,
    med: 0,
    neighbourAs: 0,
    originatorId: 0,
    clusterLength: 0,
    linkBandwidth: 0,
    nextHopFamily: undefined,
    nextHop0: 0,
    nextHop1: 0,
    nextHop2: 0,
    nextHop3: 0,
    linkLocal0: 0,
    linkLocal1: 0,
    linkLocal2: 0,
    linkLocal3: 0,
  };
}
