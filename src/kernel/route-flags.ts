/** Bits of a route's flags in the store. */

/** Waits for its turn. */
export const QUEUED = 1 << 0;
export const IN_FLIGHT = 1 << 1;
/** Found at start, not asked for yet: kept until the sweep. */
export const STALE = 1 << 2;
/** The kernel refused it; the failure is kept beside. */
export const FAILED = 1 << 3;
/** The kernel may have dropped it after it did what is on its way: the answer will not tell. */
export const DOUBTED = 1 << 4;
