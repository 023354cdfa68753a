import fc from "fast-check";
import { expect, test } from "vitest";
import { finish, mapSteps, Slices, type Steps, sortSteps } from "#lib/steps.ts";
import { FakeClock } from "../support/fake-clock.ts";

test("with pauses comes out what comes out without", () => {
  const numbers = fc.array(fc.nat(1000), { maxLength: 3000 });
  fc.assert(
    fc.property(numbers, (list) => {
      const entries = list.map((value, index) => ({ value, index }));
      const sorted = finish(sortSteps(entries, (a, b) => a.value - b.value));
      expect(sorted).toEqual([...entries].sort((a, b) => a.value - b.value));
      expect(finish(mapSteps(list, (value, index) => value - index))).toEqual(
        list.map((value, index) => value - index),
      );
    }),
    { numRuns: 50 },
  );
});

/** Each step takes one millisecond. */
function* work(clock: FakeClock, steps: number): Steps<number> {
  for (let step = 0; step < steps; step++) {
    clock.advanceOnly(1);
    yield;
  }
  return steps;
}

test("work takes turns of two milliseconds, one piece after the other, and rests in between", () => {
  const clock = new FakeClock();
  const slices = new Slices(clock);
  const done: string[] = [];
  for (const steps of [4, 1])
    slices.add(
      () => work(clock, steps),
      (value) => done.push(`${value} at ${clock.nowMs()}`),
    );
  expect(clock.nowMs()).toBe(2);
  clock.turn();
  expect(clock.nowMs()).toBe(4);
  clock.settle();
  expect(done).toEqual(["4 at 4"]);
  clock.advance(35);
  expect(done).toHaveLength(1);
  clock.advance(1);
  expect(done).toEqual(["4 at 4", "1 at 41"]);
});

test("the rest is bounded, whatever a piece took", () => {
  const clock = new FakeClock();
  const slices = new Slices(clock);
  const done: number[] = [];
  slices.add(
    () => work(clock, 5_000),
    (value) => done.push(value),
  );
  slices.add(
    () => work(clock, 1),
    (value) => done.push(value),
  );
  clock.settle();
  clock.advance(1_000);
  expect(done).toEqual([5_000, 1]);
});

test("what somebody waits for does not rest", () => {
  const clock = new FakeClock();
  const slices = new Slices(clock, 0);
  const done: number[] = [];
  for (const steps of [4, 6])
    slices.add(
      () => work(clock, steps),
      () => done.push(clock.nowMs()),
    );
  clock.settle();
  expect(done).toEqual([4, 10]);
});

test("work that is stopped stays where it is, and none begins any more", () => {
  const clock = new FakeClock();
  const slices = new Slices(clock);
  const done: number[] = [];
  for (const steps of [4, 1])
    slices.add(
      () => work(clock, steps),
      (value) => done.push(value),
    );
  slices.stop();
  slices.add(
    () => work(clock, 1),
    (value) => done.push(value),
  );
  clock.settle();
  expect([clock.nowMs(), done, clock.pending]).toEqual([2, [], 0]);
});

test("work that stops itself goes no step further", () => {
  const clock = new FakeClock();
  const slices = new Slices(clock);
  let steps = 0;
  function* stopping(): Steps<void> {
    for (; steps < 5; steps++) {
      if (steps === 2) slices.stop();
      yield;
    }
  }
  slices.add(stopping, () => {});
  clock.settle();
  expect(steps).toBe(2);
});
