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
 * Which of two connections has to go, asked when an OPEN came in on `here` (RFC 4271 §6.8).
 * @param replaces a new connection may take the place of one that is Established: CollisionDetectEstablishedState, or
 *   because the neighbour restarts gracefully and has forgotten the old one (RFC 4724 §4.2)
 * @returns `none` where the rule is silent as yet: an Established `other` goes when `here` is Established itself, so
 *   that a late call which the neighbour gives up again costs nothing
 */
export function collide(
  here: Contender,
  other: Contender,
  local: Identity,
  remote: Identity,
  replaces: boolean,
): "none" | "this" | "other" {
  if (other.state === "established") return replaces ? "none" : "this";
  if (here.dialled === other.dialled) return other.state === "openConfirm" ? "other" : "none"; // the caller gave it up
  if (stays(here, local, remote)) return other.state === "openSent" || other.state === "openConfirm" ? "other" : "none";
  return other.state === "openConfirm" ? "this" : "none";
}

/**
 * May KEEPALIVE answer the OPEN that came on `here` (ADR 0033)? Not on the connection that goes when the other one's OPEN
 * comes: the neighbour would be Established on it, and close the other one.
 */
export const mayConfirmBeside = (here: Contender, other: Contender, local: Identity, remote: Identity): boolean =>
  other.state !== "openSent" || here.dialled === other.dialled || stays(here, local, remote);

/**
 * May OPEN be said on `here` (ADR 0033)? Not beside a connection in OpenConfirm that the other side called: the neighbour
 * may be Established on that one, and would close this one, while its OPEN on this one has us close that one.
 */
export const mayOpenBeside = (here: Contender, other: Contender): boolean =>
  other.state !== "openConfirm" || here.dialled === other.dialled;

/** Of two connections whose OPENs have both come: the call of the speaker with the higher identifier. */
const stays = ({ dialled }: Contender, local: Identity, remote: Identity): boolean =>
  dialled === localWins(local, remote);

/** The speaker with the higher identifier keeps its own call; of equal ones that with the higher AS number (RFC 6286 §2.3). */
function localWins(local: Identity, remote: Identity): boolean {
  return local.routerId === remote.routerId ? local.as > remote.as : local.routerId > remote.routerId;
}
