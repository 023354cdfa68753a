import { expect, test } from "vitest";
import { report } from "../../bench/report.ts";
import { median, type Result, rowsOf } from "../../bench/results.ts";

const result = (daemon: string, value: number, round = 1, checksum = "aa"): Result => ({
  scenario: "transit",
  size: 100,
  metric: "transit",
  unit: "s",
  daemon,
  round,
  value,
  checksum,
});

test("the median of an even number is between the middle two", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7]);
});

test("ratios are to the best other daemon; yardsticks are no daemons", () => {
  const results = [
    ...[1, 2, 9].map((value, round) => result("linnet", value, round)),
    ...[4, 4, 5].map((value, round) => result("bird2", value, round)),
    result("frr", 8),
    result("null", 0.1),
  ];
  const rows = new Map(rowsOf(results).map((row) => [row.daemon, row]));
  expect(rows.get("linnet")).toMatchObject({ median: 2, min: 1, max: 9, rounds: 3, ratio: 0.5, ratioToBird: 0.5 });
  expect(rows.get("bird2")).toMatchObject({ ratio: 2, ratioToBird: undefined });
  expect(rows.get("frr")).toMatchObject({ ratio: 4, ratioToBird: 2 });
  expect(rows.get("null")).toMatchObject({ ratio: undefined, ratioToBird: undefined });
});

test("the report says where daemons ended differently, and what failed", () => {
  const machine = {
    processor: "P",
    cores: 2,
    memoryGiB: 4,
    kernel: "6",
    node: "v24",
    commit: "abc",
    date: "2026-01-01",
  };
  const failures = [{ scenario: "transit", size: 100, daemon: "gobgp", round: 1, reason: "too slow\nand more" }];
  const page = (checksum: string): string =>
    report([
      {
        machine,
        versions: { linnet: "1", bird2: "2" },
        results: [result("linnet", 2), result("bird2", 4, 1, checksum)],
        failures,
      },
    ]);
  expect(page("aa")).toMatch(/\| linnet .* equal +\|/);
  expect(page("bb")).toMatch(/\| bird2 .* bb +\|/);
  expect(page("bb")).toContain("- gobgp, 100, round 1: too slow\n");
});
