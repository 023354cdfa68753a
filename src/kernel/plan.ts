import { STALE } from "./route-flags.ts";
import { UNKNOWN } from "./target.ts";

/** What one route needs to become as it is wanted. */
export type Step =
  /** It is as wanted, or stale and kept. */
  | "nothing"
  /** Install where nothing of ours is: refuses to push another's route aside. */
  | "create"
  /** Change in place, atomically. */
  | "replace"
  | "delete"
  /** Its way out has no usable link: the kernel would refuse it. Looked at again when links change. */
  | "wait"
  /** Another's route has the same prefix and metric: it is never touched. */
  | "yield";

/**
 * Desired against actual. Pure; never delete-then-add.
 * @param desired hop set, or 0
 * @param actual hop set that the kernel's route amounts to (also through an object), 0 for none, UNKNOWN
 * @param flags of the route store
 * @param usable the links of `desired` carry packets
 * @param held a foreign route stands at this prefix and metric
 */
export function plan(desired: number, actual: number, flags: number, usable: boolean, held: boolean): Step {
  if (desired === 0) return actual === 0 || (flags & STALE) !== 0 ? "nothing" : "delete";
  if (actual === desired) return "nothing";
  if (!usable) return "wait";
  if (held && (actual === 0 || actual === UNKNOWN)) return "yield";
  return actual === 0 ? "create" : "replace";
}
