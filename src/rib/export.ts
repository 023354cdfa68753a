import { NO_ADVERTISE, NO_EXPORT } from "#route/attribute-facts.ts";
import { CLIENT, EXTERNAL, INTERNAL, LOCAL } from "./neighbours.ts";

/**
 * May a route from a neighbour of the row's kind be told to one of the column's? Own routes to all; routes of external
 * neighbours to all; of internal ones not to internal ones (RFC 4271 §9.2), save that a reflector tells its clients'
 * routes to all and all routes to its clients (RFC 4456 §6). Rows and columns: local, external, internal, client.
 */
const mayTell: Readonly<Record<number, readonly boolean[]>> = {
  [LOCAL]: [false, true, true, true],
  [EXTERNAL]: [false, true, true, true],
  [INTERNAL]: [false, true, false, true],
  [CLIENT]: [false, true, true, true],
};

/** @param from, to codes of `NeighbourTable.kinds` */
export const isTold = (from: number, to: number): boolean => mayTell[from]![to]!;

/** Flags of `AttributeFacts` that keep a set from neighbours of kind `to` (RFC 1997). */
export const forbiddenFlags = (to: number): number => (to === EXTERNAL ? NO_EXPORT | NO_ADVERTISE : NO_ADVERTISE);
