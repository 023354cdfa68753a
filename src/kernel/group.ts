import { UNKNOWN } from "./target.ts";
import type { GroupMember } from "./wire/nexthop.ts";

/** A nexthop object of the kernel that many routes share: a group, so that it can be re-pointed to any number of hops. */
export interface Group {
  /** Target of its routes: `viaGroup(slot)`. */
  readonly target: number;
  /** Id in the kernel. */
  readonly id: number;
  /** The kernel picks hops by buckets: one may stand by for the other. A group cannot become another kind of group. */
  readonly isResilient: boolean;
  /** Hop set it amounts to; UNKNOWN where the kernel changed it, or refused to. */
  content: number;
  /**
   * `new`: not in the kernel yet; `ready`: routes may name it; `retired`: no more routes, it goes after the last one;
   * `dying`: its deletion is on the way; `dead`: the kernel has deleted it, answers about its routes are on the way.
   */
  state: "new" | "ready" | "retired" | "dying" | "dead";
  members: readonly GroupMember[];
  /** It is dead, and no route names it. */
  isBuried: boolean;
  /** Routes that name it. */
  routes: number;
  /** Routes on their way to it, and changes of itself. */
  flights: number;
  /** What its routes want, by hop set; 0 is to be deleted, KEEP to stay. */
  readonly wants: Map<number, Want>;
  /** It waits to be decided about. */
  isChanged: boolean;
}

/** How many routes of a group want the same. */
interface Want {
  routes: number;
}

/** In place of what a route wants: it was adopted, and stays as it is until somebody asks for it. */
export const KEEP = UNKNOWN;

/** What is best for all routes of a group at once. */
export type GroupStep =
  | { readonly kind: "nothing" }
  | { readonly kind: "repoint"; readonly hopSet: number }
  | { readonly kind: "remove" };

/** Fewer routes than this are moved one by one in less than a millisecond. */
export const BULK_ROUTES = 256;

/** Do nearly all of a group's routes want what it is now? */
export const isCaughtUp = ({ routes, wants, content }: Group): boolean =>
  (wants.get(content)?.routes ?? 0) * 8 >= routes * 7;

/**
 * What to do with all routes of a group at once. One message re-points them when most want the same other hop set and
 * hardly any wants what it is now (those few are led astray until they are corrected one by one). To delete them is the
 * work of each route's own message: the kernel would delete those of an object in one go, and let nobody else on that
 * processor run meanwhile (docs/adr/0044).
 * @param users routes that may come to name it
 */
export function decide({ state, routes, flights, wants, content }: Group, users: number): GroupStep {
  if (state === "new" || state === "dying" || state === "dead") return { kind: "nothing" };
  if (routes === 0) return { kind: flights === 0 && (state === "retired" || users === 0) ? "remove" : "nothing" };
  const staying = (wants.get(content)?.routes ?? 0) + (wants.get(KEEP)?.routes ?? 0);
  if (state === "retired" || routes < BULK_ROUTES || staying * 8 > routes) return { kind: "nothing" };
  for (const [hopSet, want] of wants) {
    if (hopSet !== 0 && hopSet !== content && hopSet !== KEEP && want.routes * 2 > routes)
      return { kind: "repoint", hopSet };
  }
  return { kind: "nothing" };
}
