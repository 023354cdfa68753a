import { describe, expect, test } from "vitest";
import { reportJson } from "#control/client/report-json.ts";
import { ago, table, withColours, withoutColours } from "#control/client/screen.ts";
import { statusScreen } from "#control/client/status-screen.ts";
import { whyScreen } from "#control/client/why-screen.ts";
import { viewsOf } from "#control/commands/select.ts";
import { type NeighbourReport, type NodeReport, neighbourReport, nodeReport, whyReport } from "#control/reports.ts";
import { parseAddress } from "#route/address.ts";
import { LabClock, LabDaemon } from "../support/lab-daemon.ts";

const clock = new LabClock();
const daemon = new LabDaemon(clock);
const node = nodeReport(daemon, clock.wallMs());
const neighbours = [...viewsOf(daemon, daemon.protocols())].flatMap((view) => neighbourReport(view) ?? []);
const up = neighbours.filter(({ session }) => session === "Established");
const status = (changed: Partial<NodeReport> = {}, list: readonly NeighbourReport[] = up) =>
  statusScreen({ ...node, ...changed }, list, withoutColours);

describe("linnet status", () => {
  test("says in one line that all is well", () => {
    const { well, lines } = status();
    expect(well).toBe(true);
    expect(lines[0]).toBe("This node is well. Linnet 0.0.0 on node-a, router id 10.0.0.1, up 7 s, configured 7 s ago");
    expect(lines.at(-2)).toBe("Routes:  33 IPv4 prefixes (54 paths), 12 IPv6 prefixes (16 paths)");
    expect(lines.at(-1)).toBe("Kernel:  in sync, 30 routes wanted");
  });

  test("names every neighbour without a session, and why", () => {
    const refused = neighbours.filter(({ name }) => name === "refused" || name === "disabled1");
    const { well, lines } = status({}, [...up.slice(0, 2), ...refused]);
    expect(well).toBe(false);
    expect(lines.filter((line) => line.startsWith("  "))).toEqual([
      "  No session with refused (172.30.0.9): Socket: Connection refused",
    ]);
  });

  test("routes that the origin check refuses are named, some of many, and are another node's trouble", () => {
    const foreign = Array.from({ length: 6 }, (_, at) => `10.244.${at}.0/24 belongs to Node/n${at}`);
    const { well, lines } = status({ foreign });
    expect(well).toBe(true);
    expect(lines.filter((line) => line.startsWith("  "))).toEqual([
      ...[0, 1, 2].map((at) => `  Origin check: 10.244.${at}.0/24 belongs to Node/n${at}`),
      "  Origin check: 3 more routes are refused.",
    ]);
  });

  test("a kernel that forwards nothing is no well node", () => {
    const { well, lines } = status({ unforwarded: ["net.ipv4.ip_forward"] });
    expect([well, lines[1]]).toEqual([false, "  Pods here cannot be reached: net.ipv4.ip_forward is 0."]);
  });

  test("names routes that the kernel refused", () => {
    const failures = [{ prefix: "10.9.0.0/16", error: "Network is unreachable" }];
    const { well, lines } = status({ kernel: { inSync: false, wanted: 9, pending: 0, failed: 3, failures } });
    expect(well).toBe(false);
    expect(lines).toContain("  The kernel refused the route to 10.9.0.0/16: Network is unreachable");
    expect(lines).toContain("  The kernel refused 3 routes in all.");
    expect(lines.at(-1)).toBe("Kernel:  3 routes refused, 9 routes wanted");
  });

  test("recovery and a kernel that lags are no failures", () => {
    const kernel = { inSync: false, wanted: 9, pending: 4, failed: 0, failures: [] };
    const { well, lines } = status({ kernel, recovery: { waitingFor: 2, seconds: 90 } });
    expect(well).toBe(true);
    expect(lines).toContain("  Graceful restart: waiting for 2 neighbours, at most 90 s more.");
    expect(lines).toContain("  4 changes are on their way to the kernel.");
  });

  test("stays one screen with two thousand neighbours, those without a session first", () => {
    const [pattern] = up;
    const [down] = neighbours.filter(({ name }) => name === "refused");
    const many = Array.from({ length: 2000 }, (_, index) => ({ ...pattern!, name: `Mesh_${index}` }));
    const { lines } = status({}, [...many, down!]);
    expect(lines.length).toBeLessThan(36);
    expect(lines.find((line) => line.startsWith("refused"))).toBeDefined();
    expect(lines).toContain("and 1977 more, 1977 of them Established");
  });

  test("is coloured only where that is wanted", () => {
    const coloured = statusScreen(node, up, withColours).lines.join("\n");
    expect(coloured).toContain("\u001b[32mThis node is well.");
    expect(status().lines.join("")).not.toContain("\u001b");
  });
});

describe("linnet why", () => {
  const screen = (asked: string): string[] => {
    const report = whyReport(daemon.explain(parseAddress(asked)!));
    return whyScreen(asked, { ...report, told: [...report.told] }, clock.wallMs(), withoutColours);
  };

  test("follows the destination from the neighbour to the kernel and the others", () => {
    expect(screen("10.244.3.7")).toEqual([
      "10.244.3.0/24 (the longest prefix that covers 10.244.3.7)",
      "",
      "1. from ebgp_c (172.30.0.3), 4 s ago: best",
      "  policy     accepted: policy from_c, statement 1",
      "  attributes AS path 64513, local preference 100, origin IGP, communities 64512:3",
      "  next hop   172.30.0.3 through 172.30.0.0/24 on eth0: via 172.30.0.3 on eth0",
      "",
      "2. from ebgp_d4 (172.30.0.4), 6 s ago: lost at AS_PATH length (RFC 4271 §9.1.2.2 (a))",
      "  policy     accepted: policy from_c, statement 1",
      "  attributes AS path 64514 64513, local preference 100, origin IGP",
      "  next hop   172.30.0.4 through 172.30.0.0/24 on eth0: via 172.30.0.4 on eth0",
      "",
      "  kernel     installed: via 172.30.0.3 on eth0",
      "  told to    ibgp_b4: policy pods_only",
      "  not told   ibgp_ptp: no export policy",
    ]);
  });

  test("says so where nothing is known", () => {
    expect(screen("2001:db8::1")).toEqual([
      "Nothing is known about 2001:db8::1: no neighbour sent it, and this node does not originate it.",
    ]);
  });
});

test.each([
  [0, "0 s"],
  [999, "0 s"],
  [61_000, "1 min 1 s"],
  [3_600_000, "1 h"],
  [93_784_000, "1 d 2 h"],
  [-5, "0 s"],
])("%d ms are %s", (span, text) => {
  expect(ago(span)).toBe(text);
});

test("columns that are empty are left out", () => {
  expect(
    table([
      ["A", "B", "C"],
      ["x", "", "yy"],
      ["xxx", "", "z"],
    ]),
  ).toEqual(["A    C", "x    yy", "xxx  z"]);
});

test("reports for programs have times that people can read too", () => {
  const report = { now: 1_700_000_000_123, as: 65001, paths: [{ since: 0, best: true }] };
  expect(reportJson(report)).toBe(
    '{"now":"2023-11-14T22:13:20.123Z","as":65001,"paths":[{"since":"1970-01-01T00:00:00.000Z","best":true}]}',
  );
});

test("what is wrong with the configuration is a problem of the node", () => {
  const wrong = "peers.yaml:4 BGPPeer/x: spec.asNumber: must be from 1 to 4294967294";
  const { lines, well } = statusScreen({ ...node, invalid: [wrong] }, [], withoutColours);
  expect(well).toBe(false);
  expect(lines).toContain(`  Not in force: ${wrong}`);
});
