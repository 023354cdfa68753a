import type { State } from "./session.ts";

/** One of a neighbour's two connections, as far as a collision is concerned. */
export interface Contender {
  readonly state: State;
  /** We called. */
  readonly dialled: boolean;
}

export interface Identity {
  readonly routerId: number;
  readonly as: number;
}

/**
 * Which of two connections has to go, asked when an OPEN came in on `newer` (RFC 4271 §6.8).
 * @param replaces a new connection may take the place of one that is Established: CollisionDetectEstablishedState, or
 *   because the neighbour restarts gracefully and has forgotten the old one (RFC 4724 §4.2)
 * @returns `none` where the rule is silent as yet: an Established `older` goes when `newer` is Established itself, so
 *   that a late call which the neighbour gives up again costs nothing
 */
export function collide(
  newer: Contender,
  older: Contender,
  local: Identity,
  remote: Identity,
  replaces: boolean,
): "none" | "newer" | "older" {
  if (older.state === "established") return replaces ? "none" : "newer";
  if (older.state !== "openConfirm") return "none";
  if (newer.dialled === older.dialled) return "older"; // the caller gave the older one up
  return newer.dialled === localWins(local, remote) ? "older" : "newer";
}

/**
 * Does the neighbour decide what becomes of `other`, now that a connection is Established for us? It may be in OpenConfirm
 * there yet, where it closes it for a call of its own as soon as it has our OPEN on that: closing the call from here, as
 * RFC 4271 §6.8 has it, would then leave no connection.
 */
export const neighbourDecides = (other: Contender, local: Identity, remote: Identity): boolean =>
  other.state === "openSent" && !other.dialled && !localWins(local, remote);

/** The speaker with the higher identifier keeps its own call; of equal ones that with the higher AS number (RFC 6286 §2.3). */
function localWins(local: Identity, remote: Identity): boolean {
  return local.routerId === remote.routerId ? local.as > remote.as : local.routerId > remote.routerId;
}
