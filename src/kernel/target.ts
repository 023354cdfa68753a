/**
 * Where a kernel route of ours points, as one number: 0 there is no route; up to UNKNOWN a hop set of the HopSetTable,
 * written out in the route itself; from VIA_GROUP on a group of nexthop objects, by its slot. Below 2^31: V8 allocates
 * memory for each larger number that one function hands to another.
 */

/** Ours by its mark, but it goes where no hop set says, or we do not know whether it is there. */
export const UNKNOWN = 0x3fffffff;
export const VIA_GROUP = 0x40000000;

export const viaGroup = (slot: number): number => VIA_GROUP | slot;
export const slotOf = (target: number): number => target & 0xffff;
