import fc from "fast-check";
import { expect, test } from "vitest";
import { NeighbourNumbers } from "#rib/neighbour-numbers.ts";

test("numbers come in order, and again when they were given back and nothing refers to them any more", () => {
  const used = new Set<number>();
  const numbers = new NeighbourNumbers(5, (id) => !used.has(id));
  expect([numbers.take(), numbers.take()]).toEqual([1, 2]);
  used.add(1);
  numbers.giveBack(1);
  expect([numbers.take(), numbers.take(), numbers.take()]).toEqual([3, 4, undefined]);
  used.clear();
  expect([numbers.take(), numbers.take()]).toEqual([1, undefined]);
});

test("thousands that were given back and are still in use hold nobody up", () => {
  let looks = 0;
  const numbers = new NeighbourNumbers(20_000, () => {
    looks++;
    return false;
  });
  const first = Array.from({ length: 5_000 }, () => numbers.take()!);
  for (const id of first) numbers.giveBack(id);
  const second = Array.from({ length: 5_000 }, () => numbers.take()!);
  expect(new Set([...first, ...second]).size).toBe(10_000);
  expect(looks).toBeLessThanOrEqual(20_000);
});

test("nobody gets a number that somebody has, or that something refers to", () => {
  const acts = fc.array(fc.record({ take: fc.boolean(), which: fc.nat(100) }), { maxLength: 200 });
  fc.assert(
    fc.property(acts, (list) => {
      const [held, used] = [[] as number[], new Set<number>()];
      const numbers = new NeighbourNumbers(12, (id) => !used.has(id));
      for (const { take, which } of list) {
        if (take) {
          const id = numbers.take();
          const isFree = (each: number): boolean => !held.includes(each) && !used.has(each);
          const free = Array.from({ length: 11 }, (_, index) => index + 1).filter(isFree);
          if (id === undefined) expect(free).toEqual([]);
          else expect(free).toContain(id);
          if (id !== undefined) held.push(id);
        } else if (held.length > 0) {
          const [id = 0] = held.splice(which % held.length, 1);
          if (which % 3 === 0) used.add(id);
          numbers.giveBack(id);
        } else used.clear();
      }
    }),
  );
});
