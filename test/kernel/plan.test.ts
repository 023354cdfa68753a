import { expect, test } from "vitest";
import { plan } from "#kernel/plan.ts";
import { STALE } from "#kernel/route-flags.ts";
import { UNKNOWN } from "#kernel/target.ts";

test("every combination of desired and actual has its step", () => {
  const rows: [desired: number, actual: number, flags: number, usable: boolean, held: boolean, step: string][] = [
    [0, 0, 0, true, false, "nothing"],
    [0, 5, 0, true, false, "delete"],
    [0, UNKNOWN, 0, true, false, "delete"],
    [0, 5, STALE, true, false, "nothing"],
    [5, 5, 0, true, false, "nothing"],
    [5, 5, 0, false, true, "nothing"],
    [5, 0, 0, true, false, "create"],
    [5, 6, 0, true, false, "replace"],
    [5, UNKNOWN, 0, true, false, "replace"],
    [5, 0, 0, false, false, "wait"],
    [5, 6, 0, false, false, "wait"],
    [5, 0, 0, true, true, "yield"],
    [5, UNKNOWN, 0, true, true, "yield"],
    [5, 6, 0, true, true, "replace"], // ours is there: nobody else's can be
  ];
  for (const [desired, actual, flags, usable, held, step] of rows) {
    expect(plan(desired, actual, flags, usable, held), `${desired} ${actual} ${flags} ${usable} ${held}`).toBe(step);
  }
});
