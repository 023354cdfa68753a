import { expect, test } from "vitest";
import { bestRatios, dearestRatios, regressions } from "../../bench/floors.ts";
import type { Result } from "../../bench/results.ts";

const result = (daemon: string, cpuSeconds: number, changes: Partial<Result> = {}): Result => ({
  scenario: "transit",
  size: 100,
  metric: "transit",
  unit: "s",
  daemon,
  round: 1,
  value: 7,
  cpuSeconds,
  ...changes,
});

test("a run is judged by the best round of each, a floor is the dearest of them", () => {
  const results = [3, 2, 6].flatMap((cpu) => [result("linnet", cpu), result("bird2", cpu === 3 ? 1 : cpu)]);
  expect(bestRatios(results)).toEqual({ "transit: transit": 2 });
  expect(dearestRatios(results)).toEqual({ "transit: transit": 3 });
});

test("fail-over counts by its time", () => {
  const lost = { scenario: "failover", metric: "link lost" };
  const results = [result("linnet", 1, { ...lost, value: 2 }), result("bird2", 1, { ...lost, value: 8 })];
  expect(bestRatios(results)).toEqual({ "failover: link lost": 0.25 });
});

test("memory, stalls and what only one of them did have no ratio", () => {
  const memory = { metric: "memory", unit: "MB" } as const;
  const results = [result("linnet", 1, memory), result("bird2", 1, memory), result("linnet", 1, { metric: "dump" })];
  expect(bestRatios(results)).toEqual({});
});

test("what is a third worse than its floor, or not measured, is a regression", () => {
  const ratios = { "transit: transit": 0.5 };
  expect(regressions(ratios, { "transit: transit": 0.38 })).toEqual([]);
  expect(regressions(ratios, { "transit: transit": 0.37 })).toEqual(["transit: transit: 0.50 x BIRD, was 0.37 x"]);
  expect(regressions(ratios, { "mesh: installed": 1 })).toEqual(["mesh: installed: not measured"]);
});

test("a time is a regression where it is three times its floor", () => {
  const floors = { "failover: link lost": 0.05 };
  expect(regressions({ "failover: link lost": 0.149 }, floors)).toEqual([]);
  expect(regressions({ "failover: link lost": 0.16 }, floors)).toEqual([
    "failover: link lost: 0.16 x BIRD, was 0.05 x",
  ]);
});
