import fc from "fast-check";
import { expect, test } from "vitest";
import { Selection } from "#config/compile/selection.ts";
import { finish } from "#lib/steps.ts";

test("after any lists the selection is that of a filter", () => {
  const item = fc.nat(9);
  fc.assert(
    fc.property(fc.array(fc.array(item, { maxLength: 8 })), (lists) => {
      const isOdd = (number: number): boolean => number % 2 === 1;
      const selection = new Selection(isOdd);
      for (const list of lists) expect(finish(selection.of(list))).toEqual(list.filter(isOdd));
    }),
  );
});

test("only items that are not where they were are judged", () => {
  const judged: number[] = [];
  const selection = new Selection<number>((number) => judged.push(number) > 0);
  const list = Array.from({ length: 2_000 }, (_, index) => index);
  expect(finish(selection.of(list))).toEqual(list);
  judged.length = 0;
  finish(selection.of(list.with(7, -7)));
  expect(judged).toEqual([-7]);
});

test("a list that holds the same is the very same", () => {
  const selection = new Selection<number>((number) => number < 3);
  const first = finish(selection.of([1, 2, 3, 4]));
  expect(finish(selection.of([1, 2, 5, 6]))).toBe(first);
  expect(finish(selection.of([1]))).toEqual([1]);
});
