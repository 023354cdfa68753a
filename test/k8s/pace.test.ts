import fc from "fast-check";
import { expect, test } from "vitest";
import type { FromWorker } from "#k8s/messages.ts";
import { Pace } from "#k8s/pace.ts";

const gone = (count: number) => Array.from({ length: count }, (_, key) => ({ is: "gone", key: `${key}` }) as const);

test("whatever is put comes out whole, in order, in pieces of 100 at most, one for each that was taken", () => {
  const sizes = fc.array(fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 450 })), { maxLength: 20 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 20 }), (lengths, early) => {
      const put = lengths.map((length, id): FromWorker => {
        return length === undefined
          ? { is: "synced", id: `${id}` }
          : { is: "changes", id: `${id}`, changes: gone(length) };
      });
      const out: FromWorker[] = [];
      const pace = new Pace((message) => out.push(message));
      for (const message of put.slice(0, early)) pace.put(message);
      expect(out.length).toBe(Math.min(1, early, put.length));
      for (const message of put.slice(early)) pace.put(message);
      for (let before = -1; before !== out.length; pace.taken()) before = out.length;
      const changes = (messages: FromWorker[]): unknown[] =>
        messages.flatMap((each): unknown[] =>
          each.is === "changes" ? each.changes.map(({ key }) => [each.id, key]) : [each],
        );
      expect(changes(out)).toEqual(changes(put));
      for (const each of out) if (each.is === "changes") expect(each.changes.length).toBeLessThanOrEqual(100);
    }),
  );
});

test("what takes long to read comes in smaller pieces, however few the objects are", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(lengths, (all) => {
      const changes = all.map((length, index) => ({ is: "put", key: `${index}`, text: "x".repeat(length) }) as const);
      const out: (readonly number[])[] = [];
      const pace = new Pace((message) => {
        if (message.is === "restored")
          out.push(message.changes.map((each) => (each.is === "put" ? each.text.length : 0)));
      });
      pace.put({ is: "restored", kind: "Node", changes });
      for (let before = -1; before !== out.length; pace.taken()) before = out.length;
      expect(out.flat()).toEqual(all);
      const octets = (piece: readonly number[]): number => piece.reduce((sum, length) => sum + length, 0);
      for (const piece of out) expect(piece.length === 1 || octets(piece) <= 32_768).toBe(true);
    }),
    { numRuns: 50 },
  );
});
