/** Constants of RFC 4861 §10, in milliseconds, and our own intervals. */

/** Advertisements to everybody are at least so far apart (MIN_DELAY_BETWEEN_RAS). */
export const LEAST_BETWEEN_MS = 3_000;
/** Advertisements of the beginning, at `LEAST_BETWEEN_MS` (MAX_INITIAL_RTR_ADVERTISEMENTS). */
export const INITIAL_ADVERTISEMENTS = 3;
/** MaxRtrAdvInterval; the shortest interval is three quarters of it (§6.2.1). A router that begins later learns of us in it. */
export const LONGEST_INTERVAL_MS = 10_000;
/** A solicitation is answered within this time (MAX_RA_DELAY_TIME). */
export const LONGEST_ANSWER_MS = 500;
/** Solicitations while nobody was heard (MAX_RTR_SOLICITATIONS, RTR_SOLICITATION_INTERVAL). */
export const SOLICITATIONS = 3;
export const SOLICITATION_INTERVAL_MS = 4_000;

/** A router that says no lifetime counts as there for so long: three intervals of the usual ones, one more for a delay. */
export const FRESH_MS = 4 * LONGEST_INTERVAL_MS;
/** Routers kept of one link; beyond, who was silent longest is forgotten. */
export const MOST_ROUTERS = 8;
/** Answers that wait for their moment; beyond, everybody is told at the next interval. */
export const MOST_ANSWERS = 8;
