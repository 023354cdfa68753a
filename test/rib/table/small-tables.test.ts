import fc from "fast-check";
import { expect, test } from "vitest";
import { Arena } from "#rib/table/arena.ts";
import { DirtyQueue } from "#rib/table/dirty-queue.ts";
import { SparseColumn } from "#rib/table/sparse-column.ts";

test("a dirty queue gives each id once, in the order of first marks", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1, max: 70 }), { maxLength: 400 }), (history) => {
      const queue = new DirtyQueue(70);
      let twin: number[] = [];
      let pushed = 0;
      let taken = 0;
      for (const id of history) {
        if (id > 0) {
          if (!twin.includes(id)) {
            twin.push(id);
            pushed++;
          }
          queue.push(id);
        } else {
          if (twin.length > 0) taken++;
          expect(queue.shift()).toBe(twin.shift() ?? 0);
        }
        expect([queue.length, queue.pushed, queue.taken]).toEqual([twin.length, pushed, taken]);
        for (const probe of [1, 31, 32, 63, 64, 70]) expect(queue.has(probe)).toBe(twin.includes(probe));
      }
      const copy = new DirtyQueue(70);
      copy.copy(queue);
      for (const id of twin) expect([copy.shift(), queue.shift()]).toEqual([id, id]);
      twin = [];
      expect([copy.shift(), queue.shift()]).toEqual([0, 0]);
    }),
  );
});

test("a sparse column is a Map whose absent values are 0", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20_000), fc.nat(3)), { maxLength: 100 }), (history) => {
      const column = new SparseColumn();
      const twin = new Map<number, number>();
      for (const [id, value] of history) {
        column.set(id, value);
        if (value === 0) twin.delete(id);
        else twin.set(id, value);
        expect(column.size).toBe(twin.size);
        for (const [probe] of history) expect(column.get(probe)).toBe(twin.get(probe) ?? 0);
      }
    }),
    { numRuns: 50 },
  );
});

test("pieces of an arena never overlap and keep their octets", () => {
  const sizes = fc.oneof(fc.nat(40), fc.integer({ min: 400, max: 700 }), fc.integer({ min: 1000, max: 70_000 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), sizes), { maxLength: 60 }), (history) => {
      const arena = new Arena(10_000_000);
      const pieces: { unit: number; octets: Uint8Array }[] = [];
      for (const [store, length] of history) {
        if (store) {
          const octets = new Uint8Array(length).fill(pieces.length + 1);
          pieces.push({ unit: arena.store(octets, 0, length), octets });
        } else {
          const piece = pieces.shift();
          if (piece !== undefined) arena.release(piece.unit, piece.octets.length);
        }
        for (const { unit, octets } of pieces) {
          expect(Buffer.compare(arena.bytes.subarray(unit * 8, unit * 8 + octets.length), octets)).toBe(0);
        }
      }
      expect(arena.used).toBe(pieces.reduce((sum, { octets }) => sum + octets.length, 0));
    }),
    { numRuns: 60 },
  );
});
