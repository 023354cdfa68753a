import fc from "fast-check";
import { expect, test } from "vitest";
import { difference } from "#rib/difference.ts";

/** The same by value. */
const twin = (before: readonly number[], after: readonly number[]) => ({
  gone: new Set(before.filter((value) => !after.includes(value))),
  come: new Set(after.filter((value) => !before.includes(value))),
});

const list = fc.uniqueArray(fc.nat(400), { maxLength: 300, size: "max" });
/** One list, and it after some edits: values out, in, elsewhere. */
const edit = fc.record({ at: fc.nat(300), out: fc.nat(90), into: fc.nat(90), back: fc.boolean() });

test("is the same as by value, for lists that have little in common", () => {
  fc.assert(
    fc.property(list, list, (before, after) => {
      expect(difference(before, after)).toEqual(twin(before, after));
    }),
  );
});

test("is the same as by value, for lists that were edited", () => {
  fc.assert(
    fc.property(list, fc.array(edit, { maxLength: 8 }), (before, edits) => {
      const after = [...before];
      let fresh = 1_000;
      for (const { at, out, into, back } of edits) {
        const removed = after.splice(at, out);
        after.splice(at, 0, ...Array.from({ length: into }, () => fresh++));
        if (back) after.push(...removed);
      }
      expect(difference(before, after)).toEqual(twin(before, after));
    }),
  );
});
