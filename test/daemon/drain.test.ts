import { expect, test } from "vitest";
import type { DrainConfig } from "#config/node-config.ts";
import { Drain } from "#daemon/drain.ts";
import { silentLog } from "#lib/log.ts";
import { FakeClock } from "../support/fake-clock.ts";

const config = (reasons: readonly string[], withdrawMs = 10_000): DrainConfig => ({
  reasons,
  nodeShutdown: false,
  withdrawMs,
});

function begin() {
  const clock = new FakeClock();
  const stages: string[] = [];
  const drain = new Drain({ clock, log: silentLog, apply: (stage) => stages.push(stage) });
  drain.reconfigure(config([]));
  return { clock, stages, drain };
}

test("routes are withdrawn when the time is over, and not a millisecond earlier", () => {
  const { clock, stages, drain } = begin();
  drain.ask("maintenance");
  clock.advance(9_999);
  expect(stages).toEqual(["leaving"]);
  expect(drain.state).toEqual({ stage: "leaving", reasons: ["maintenance"], withdrawInMs: 1 });
  clock.advance(1);
  expect(stages).toEqual(["leaving", "gone"]);
  expect(drain.state).toEqual({ stage: "gone", reasons: ["maintenance"], withdrawInMs: undefined });
});

test("a second reason does not prolong it, and while one is left the node stays out of service", () => {
  const { clock, stages, drain } = begin();
  drain.reconfigure(config(["annotation linnet.dev/drain"]));
  clock.advance(6_000);
  drain.ask("maintenance");
  clock.advance(4_000);
  expect(stages).toEqual(["leaving", "gone"]);
  drain.undo();
  expect(drain.state.reasons).toEqual(["annotation linnet.dev/drain"]);
  expect(stages).toHaveLength(2);
  drain.reconfigure(config([]));
  expect(stages).toEqual(["leaving", "gone", "off"]);
  expect(clock.pending).toBe(0);
});

test("the time is what the newest configuration says; none at all withdraws at once", () => {
  const { clock, stages, drain } = begin();
  drain.ask("maintenance");
  clock.advance(2_000);
  drain.reconfigure(config([], 3_000));
  clock.advance(1_000);
  expect(stages).toEqual(["leaving", "gone"]);
  drain.undo();
  drain.reconfigure(config(["taint example.com/leaving"], 0));
  expect(stages).toEqual(["leaving", "gone", "off", "gone"]);
});

test("a configuration that changes nothing about it is no event", () => {
  const { clock, stages, drain } = begin();
  drain.reconfigure(config(["a"]));
  clock.advance(9_000);
  drain.reconfigure(config(["a"]));
  clock.advance(1_000);
  expect(stages).toEqual(["leaving", "gone"]);
});
