import { expect, test } from "vitest";
import { type Job, Turns } from "#rib/turns.ts";
import { FakeClock } from "../support/fake-clock.ts";

/** A job with so many steps to do; each takes `costMs`. */
class Work implements Job {
  left: number;
  readonly log: string[];
  readonly #name: string;
  readonly #then: () => void;

  constructor(name: string, left: number, log: string[], then: () => void = () => {}) {
    this.#name = name;
    this.left = left;
    this.log = log;
    this.#then = then;
  }

  step(): boolean {
    if (this.left === 0) return false;
    this.left--;
    this.log.push(this.#name);
    this.#then();
    return this.left > 0;
  }
}

/** `soon` by hand, and a time that only moves when a step says so. */
class StepClock extends FakeClock {
  readonly waiting: (() => void)[] = [];
  spentMs = 0;

  override nowMs(): number {
    return this.spentMs;
  }

  override soon(then: () => void): void {
    this.waiting.push(then);
  }

  runSoon(): boolean {
    const due = this.waiting.splice(0);
    for (const then of due) then();
    return due.length > 0;
  }
}

test("jobs take steps in turn, and nothing is planned when all are done", () => {
  const clock = new StepClock();
  const turns = new Turns(clock);
  const log: string[] = [];
  for (const name of ["a", "b", "c"]) turns.add(new Work(name, 2, log));
  while (clock.runSoon());
  expect(log.sort()).toEqual(["a", "a", "b", "b", "c", "c"]);
  expect(clock.waiting).toEqual([]);
});

test("a turn ends when its time is used, and the next one begins with who did not have a step", () => {
  const clock = new StepClock();
  const turns = new Turns(clock);
  const log: string[] = [];
  for (const name of ["a", "b", "c", "d"]) {
    turns.add(
      new Work(name, 3, log, () => {
        clock.spentMs += 1;
      }),
    );
  }
  const perTurn: number[] = [];
  for (let before = 0; clock.runSoon(); before = log.length) if (log.length > before) perTurn.push(log.length - before);
  expect(perTurn).toEqual([2, 2, 2, 2, 2, 2]);
  for (let at = 0; at < 12; at += 4) expect(log.slice(at, at + 4).sort()).toEqual(["a", "b", "c", "d"]);
});

test("a job that is woken by another one's last step gets its turn, also when one leaves", () => {
  const clock = new StepClock();
  const turns = new Turns(clock);
  const log: string[] = [];
  const late = new Work("late", 0, log);
  turns.add(late);
  const leaving: Work = new Work("leaving", 1, log, () => {
    turns.remove(leaving);
    late.left = 1;
    turns.wake();
  });
  turns.add(leaving);
  turns.add(new Work("other", 0, log));
  while (clock.runSoon());
  expect(log).toEqual(["leaving", "late"]);
});

test("after `stop` nothing runs any more", () => {
  const clock = new StepClock();
  const turns = new Turns(clock);
  const work = new Work("a", 1, []);
  turns.add(work);
  turns.stop();
  while (clock.runSoon());
  turns.wake();
  expect([work.left, clock.waiting.length]).toEqual([1, 0]);
});

test("another turn comes for who has nothing to do in this one, and not within it", () => {
  const clock = new StepClock();
  const turns = new Turns(clock);
  const steps: number[] = [];
  turns.add({
    step: () => {
      steps.push(turns.number);
      if (turns.number < 3) turns.again();
      return false;
    },
  });
  while (clock.runSoon());
  expect(new Set(steps)).toEqual(new Set([1, 2, 3]));
  expect(steps.length).toBeLessThanOrEqual(6); // once a turn, and once more where somebody was woken
});
