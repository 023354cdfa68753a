import { expect, test } from "vitest";
import { Conflicts } from "#kernel/conflicts.ts";
import { Failures, refusalReason } from "#kernel/failures.ts";
import type { Log } from "#lib/log.ts";
import { FakeClock } from "../support/fake-clock.ts";

function recorder(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const line = (message: string): void => void lines.push(message);
  const log: Log = { debug: line, info: line, warn: line, error: line, with: () => log };
  return { log, lines };
}

test("each reason is logged once, by its first route, and counted for all", () => {
  const { log, lines } = recorder();
  const failures = new Failures(log);
  for (let id = 1; id <= 1000; id++) failures.note(id, `20.0.${id}.0/24`, "ENETUNREACH", "no way", 0);
  failures.note(2000, "30.0.0.0/24", "EINVAL", "nonsense", 0);
  expect(lines).toEqual([
    "route 20.0.1.0/24 is not in the kernel: no way",
    "route 30.0.0.0/24 is not in the kernel: nonsense",
  ]);
  expect(failures.reasons()).toEqual([
    { reason: "no way", routes: 1000 },
    { reason: "nonsense", routes: 1 },
  ]);
  for (let id = 1; id <= 1000; id++) failures.clear(id);
  expect(failures.reasons()).toEqual([{ reason: "nonsense", routes: 1 }]);
});

test("tries come after 1, 2, 4 … seconds, and at least every minute", () => {
  const failures = new Failures(recorder().log);
  const waits: number[] = [];
  for (let nowMs = 0; waits.length < 9; ) {
    failures.note(1, "20.0.0.0/24", "EINVAL", "nonsense", nowMs);
    const due = failures.get(1)!.retryAtMs;
    expect(failures.due(due - 1)).toEqual([]);
    expect(failures.due(due)).toEqual([1]);
    waits.push((due - nowMs) / 1000);
    nowMs = due;
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test("the kernel's own words come first, ours where it has none", () => {
  expect(refusalReason("ENETUNREACH", "Nexthop has invalid gateway")).toBe("Nexthop has invalid gateway (ENETUNREACH)");
  expect(refusalReason("EPERM", "")).toBe("not allowed: CAP_NET_ADMIN is missing (EPERM)");
  expect(refusalReason("EXDEV", "")).toBe("refused (EXDEV)");
});

test("a route that is changed again and again is put right five times in ten seconds, then by its back-off", () => {
  const clock = new FakeClock();
  const conflicts = new Conflicts(recorder().log, clock);
  const waits = Array.from({ length: 8 }, () => conflicts.disturbed("20.0.0.0/24"));
  expect(waits).toEqual([false, false, false, false, false, true, true, true]);
  expect(conflicts.disturbed("20.0.1.0/24")).toBe(false);
  clock.advance(10_000);
  expect(conflicts.disturbed("20.0.0.0/24")).toBe(false);
});

test("other managers are named, once each; the kernel's own subnets are none", () => {
  const { log, lines } = recorder();
  const conflicts = new Conflicts(log, new FakeClock());
  const route = (protocol: number) => ({ protocol, metric: 20, tos: 0, set: undefined });
  for (const prefix of ["20.0.0.0/24", "20.0.1.0/24"]) {
    conflicts.held(12, prefix);
    conflicts.shadowed(route(11), prefix, 32);
    conflicts.shadowed(route(2), prefix, 32);
    conflicts.shadowed(route(77), prefix, 32);
  }
  expect(lines).toEqual([
    "bird has a route to 20.0.0.0/24 with our metric: ours waits",
    "zebra has a route to 20.0.0.0/24 with metric 20, which wins over ours with 32",
    "protocol 77 has a route to 20.0.0.0/24 with metric 20, which wins over ours with 32",
  ]);
});
