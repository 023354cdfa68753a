import fc from "fast-check";
import { expect, test } from "vitest";
import { TableFull } from "#rib/table/limits.ts";
import { ageOf, FILTERED, PathTable, pathState, secondOf, withGeneration } from "#rib/table/path-table.ts";

/** Paths of a neighbour as a complete walk sees them. */
function pathsOf(table: PathTable, neighbour: number, stride = 7): number[] {
  const found: number[] = [];
  const walk = table.walk(neighbour);
  while (walk.step(stride, (path) => found.push(path)));
  return found.sort((a, b) => a - b);
}

test("agrees with a Map: a neighbour's walk finds its paths and nobody else's", () => {
  const commands = fc.array(fc.record({ neighbour: fc.nat(4), add: fc.integer({ min: -40, max: 90 }) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(commands, (history) => {
      const table = new PathTable("ipv4", 5000, 8);
      const twin = new Map<number, { neighbour: number; prefix: number }>();
      let prefix = 0;
      for (const { neighbour, add } of history) {
        for (let n = 0; n < add; n++) {
          const path = table.add(neighbour, ++prefix, 5, 0);
          expect(twin.has(path)).toBe(false);
          twin.set(path, { neighbour, prefix });
        }
        const mine = [...twin.keys()].filter((path) => twin.get(path)!.neighbour === neighbour);
        for (const path of mine.slice(0, Math.max(0, -add))) {
          table.remove(path);
          twin.delete(path);
        }
      }
      expect(table.size).toBe(twin.size);
      for (const [path, expected] of twin) {
        expect({ neighbour: table.neighbourOf(path), prefix: table.prefixOf(path) }).toEqual(expected);
      }
      for (let neighbour = 0; neighbour < 5; neighbour++) {
        const mine = [...twin.keys()].filter((path) => twin.get(path)!.neighbour === neighbour);
        expect(pathsOf(table, neighbour)).toEqual(mine.sort((a, b) => a - b));
        expect(table.countOf(neighbour)).toBe(mine.length);
      }
    }),
  );
});

test("a walk may remove what it visits, and ends when nothing is left, whoever has the blocks then", () => {
  const table = new PathTable("ipv4", 1000, 4);
  for (let n = 1; n <= 200; n++) table.add(1, n, 5, 0);
  const walk = table.walk(1);
  let visits = 0;
  while (
    walk.step(10, (path) => {
      visits++;
      table.remove(path);
    })
  );
  expect([visits, table.size]).toEqual([200, 0]);
  for (let n = 1; n <= 200; n++) table.add(2, n, 5, 0);
  expect(walk.step(1000, () => visits++)).toBe(false);
  expect(visits).toBe(200);
});

test("a walk whose paths all went between two steps does not go on through what others have in their place", () => {
  const table = new PathTable("ipv4", 1000, 4);
  const paths = Array.from({ length: 100 }, (_, n) => table.add(1, n + 1, 5, 0));
  const walk = table.walk(1);
  expect(walk.step(10, () => {})).toBe(true);
  const copy = walk.copy();
  for (const path of paths) table.remove(path);
  for (let n = 1; n <= 100; n++) table.add(n & 1 ? 1 : 2, n, 5, 0);
  const visited: number[] = [];
  expect(walk.step(1000, (path) => visited.push(path))).toBe(false);
  expect(copy.step(1000, (path) => visited.push(path))).toBe(false);
  expect(visited).toEqual([]);
});

test("blocks of a neighbour that is gone are used again", () => {
  const table = new PathTable("ipv4", 128, 4);
  for (let round = 0; round < 50; round++) {
    const neighbour = 1 + (round % 3);
    const paths = Array.from({ length: 128 }, (_, n) => table.add(neighbour, n + 1, 5, 0));
    for (const path of paths) table.remove(path);
  }
  expect(table.size).toBe(0);
  expect(table.end).toBeLessThanOrEqual(64 * 3);
});

test("what is full says so, and is as it was", () => {
  const table = new PathTable("ipv6", 64, 1);
  for (let n = 1; n <= 64; n++) table.add(0, n, 5, 0);
  expect(() => table.add(0, 65, 5, 0)).toThrow(new TableFull("paths6", 64));
  expect(table.size).toBe(64);
});

test("a state word keeps flags, generation and second apart", () => {
  fc.assert(
    fc.property(fc.nat(7), fc.nat(7), fc.nat(2 ** 26 - 1), fc.nat(7), (flags, generation, second, next) => {
      const state = pathState(flags, generation, second);
      expect([state & 7, secondOf(state), ageOf(state, generation)]).toEqual([flags, second, 0]);
      expect(ageOf(state, generation + next)).toBe(next);
      const renewed = withGeneration(state, generation + next);
      expect([renewed & 7, secondOf(renewed), ageOf(renewed, generation + next)]).toEqual([flags, second, 0]);
    }),
  );
  expect(pathState(FILTERED, 7, 2 ** 26 - 1)).toBeGreaterThan(0);
});
