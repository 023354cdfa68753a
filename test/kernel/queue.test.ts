import { expect, test } from "vitest";
import { ShuffledQueue } from "#kernel/queue.ts";

function drain(queue: ShuffledQueue): number[] {
  const all: number[] = [];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) all.push(value);
  return all;
}

test("everything comes out once, in another order", () => {
  const queue = new ShuffledQueue(3, () => {});
  const values = Array.from({ length: 5_000 }, (_, index) => index);
  for (const value of values) queue.push(value);
  expect(queue.size).toBe(5_000);
  const drawn = drain(queue);
  expect(drawn).not.toEqual(values);
  expect([...drawn].sort((a, b) => a - b)).toEqual(values);
  const ascending = drawn.filter((value, index) => index > 0 && value === drawn[index - 1]! + 1).length;
  expect(ascending).toBeLessThan(20); // the kernel's trie dislikes neighbours
});

test("numbers are told of before they come, each once, a few at a time", () => {
  const told: number[] = [];
  let most = 0;
  const queue = new ShuffledQueue(3, (soon) => {
    told.push(...soon);
    most = Math.max(most, soon.length);
  });
  const values = Array.from({ length: 5_000 }, (_, index) => index);
  for (const value of values) queue.push(value);
  expect(told).toEqual([]);
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) expect(told).toContain(value);
  expect([...told].sort((a, b) => a - b)).toEqual(values);
  expect(most).toBeLessThanOrEqual(256);
});

test("what comes during a round waits for the next one", () => {
  const queue = new ShuffledQueue(3, () => {});
  for (let value = 0; value < 100; value++) queue.push(value);
  const first = queue.pop()!;
  for (let value = 100; value < 1_000; value++) queue.push(value);
  const rest = drain(queue);
  expect([first, ...rest.slice(0, 99)].every((value) => value < 100)).toBe(true);
  expect(rest.slice(99).every((value) => value >= 100)).toBe(true);
});

test("a checkpoint tells whether all that waited then was drawn", () => {
  const queue = new ShuffledQueue(3, () => {});
  const empty = queue.checkpoint();
  for (let value = 0; value < 10; value++) queue.push(value);
  const ten = queue.checkpoint();
  queue.pop();
  const nine = queue.checkpoint();
  queue.push(10);
  const more = queue.checkpoint();
  expect([empty(), ten(), nine(), more()]).toEqual([true, false, false, false]);
  for (let left = 9; left > 0; left--) queue.pop();
  expect([ten(), nine(), more()]).toEqual([true, true, false]);
  queue.pop();
  queue.push(11);
  expect(more()).toBe(true);
  queue.pop();
  expect([empty(), ten(), nine(), more(), queue.checkpoint()()]).toEqual([true, true, true, true, true]);
});
