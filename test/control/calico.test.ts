import { expect, test } from "vitest";
import { bird16Dialect } from "#control/dialect.ts";
import { labA } from "./support/lab-a.ts";
import { LabClock, LabDaemon } from "./support/lab-daemon.ts";
import { labK1 } from "./support/lab-k1.ts";
import { talkTo } from "./support/talk.ts";

/** What Calico's programs rely on, as protocol.md of the recordings lists it; written from those facts alone. */

function connected(lab = labK1, family: "ipv4" | "ipv6" = "ipv4") {
  const clock = new LabClock(lab);
  return talkTo(new LabDaemon(clock, lab), clock, bird16Dialect(family));
}

/** `calicoctl node status`: the header word by word, then rows of at least six words, up to a line that begins with 0000. */
function peersOf(reply: string): { name: string; state: string; since: string; session: string }[] {
  const [header = "", ...lines] = reply.split("\n");
  expect(header.split(/\s+/)).toEqual(["2002-name", "proto", "table", "state", "since", "info"]);
  const rows = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith("0000")),
  );
  for (const row of rows) expect(row).toMatch(/^(1002-| )/);
  return rows
    .map((row) => row.replace(/^(1002-| )/, "").split(/\s+/))
    .filter((words) => words.length >= 6 && words[1] === "BGP" && /^(Global|Node|Mesh)_(.+)$/.test(words[0] ?? ""))
    .map(([name = "", , , state = "", since = "", session = ""]) => ({ name, state, since, session }));
}

test("calicoctl finds the peers and their states", () => {
  expect(peersOf(connected().ask("show protocols"))).toEqual([
    { name: "Mesh_172_17_0_3", state: "up", since: "23:19:33", session: "Established" },
    { name: "Node_172_17_0_99", state: "start", since: "23:19:31", session: "Connect" },
    { name: "Global_172_17_0_4", state: "wait", since: "23:19:33", session: "Established" },
  ]);
});

test("the readiness probe sees graceful restart in progress, and nothing that it does not know", () => {
  const lines = connected().ask("show status").trimEnd().split("\n");
  expect(lines.some((line) => line.startsWith("0024"))).toBe(true);
  for (const line of lines) expect(line).toMatch(/^(0013|0001|1000|1011|0024| )/);
});

test("CalicoNodeStatus recognises every route", () => {
  const shapes = [
    /^(\S+)? +via \S+ on \S+ \[(\S+) /,
    /^(\S+)? +dev \S+ \[(\S+) /,
    /^(\S+)? +blackhole \[(\S+) /,
    /^(\S+)? +unreachable \[(\S+) /,
  ];
  const lines = connected().ask("show route").trimEnd().split("\n").slice(0, -1);
  expect(lines).toHaveLength(14);
  for (const line of lines.map((text) => text.replace(/^(1007-| )/, ""))) {
    const learnedFrom = shapes.map((shape) => shape.exec(line)?.[2]).find((name) => name !== undefined);
    expect(learnedFrom, line).toMatch(/^(kernel|static|direct)\d|^(Mesh|Node|Global)_/);
  }
});

test("each socket shows its own family", () => {
  const names = (family: "ipv4" | "ipv6") =>
    [
      ...connected(labA, family)
        .ask("show protocols")
        .matchAll(/^(?:1002-| )(\S+)/gm),
    ].map(([, name]) => name);
  expect(names("ipv4")).toContain("ibgp_b4");
  expect(names("ipv4")).not.toContain("ibgp_b6");
  expect(names("ipv6")).toEqual([
    "device1",
    "direct1",
    "kernel1",
    "static1",
    "bfd1",
    "ibgp_b6",
    "ebgp_c",
    "ebgp_d6",
    "ebgp_d_ll",
  ]);
  const { ask } = connected(labA, "ipv6");
  expect(ask("show route protocol static1")).toContain("[static1 23:10:29] * (200)");
  expect(ask("show route protocol static6")).toContain("9001 static6 is not a protocol");
  expect(ask("show route count")).toBe("0014 16 of 16 routes for 12 networks\n");
  expect(ask("show route table master4")).toBe("9001 master4 is not a table\n");
  expect(ask("show static")).toContain("fd00:10:244:1::/64 blackhole");
  expect(ask("show bfd sessions").split("\n")).toHaveLength(4);
  expect(ask("show interfaces summary")).toContain(" cni0      up    fd00:10:244:1::1/64\n");
});
