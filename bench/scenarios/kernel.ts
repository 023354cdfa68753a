import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Family } from "#route/family.ts";
import { type Lab, neighbour } from "../bench.ts";
import type { Daemon } from "../daemons/daemon.ts";
import { makeTable, type Table } from "../generator/table.ts";
import { encodeTable, encodeWithdrawal } from "../generator/updates.ts";
import { device, farAddress, farAddress6 } from "../lab/address-plan.ts";
import { routeList, routesIn } from "../lab/kernel.ts";
import { native } from "../native/compile.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { plainSetup, Scene, tellingOf } from "./scene.ts";

const source = neighbour(0, { export: "none" });

/** A table into the kernel and out of it, beside the C program that does the same by itself. */
const kernelOf = (family: Family): Scenario => ({
  name: family === "ipv4" ? "kernel" : "kernel6",
  about: `an ${family} table from one neighbour into the kernel, from the first octet sent to the last route; and out of it by withdrawals`,
  sizeOf: "prefixes",
  defaultSizes: [100_000, 1_000_000],
  needs: ["kernel"],
  yardstick: "kernel",
  async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
    const table = makeTable(family, size);
    return daemon.yardstick === "kernel" ? floor(lab, table) : through(lab, daemon, table);
  },
});

async function through(lab: Lab, daemon: Daemon, table: Table): Promise<Measurement[]> {
  const { family } = table;
  const setup = { ...plainSetup, families: [family], neighbours: [source], kernel: true, stalls: true };
  const watch = await lab.watchKernel(table);
  const scene = await Scene.open(lab, daemon, setup, [source], []);
  const announce = await lab.load(lab.sources, "announce", encodeTable(table, tellingOf(source)));
  const withdraw = await lab.load(lab.sources, "withdraw", encodeWithdrawal(table));
  await scene.forgetStalls();
  const results: Measurement[] = [];
  for (const [metric, path, what, routes] of [
    ["in", announce, "present", table.size],
    ["out", withdraw, "absent", 0],
  ] as const) {
    const before = scene.process.usage();
    const reached = watch.until(what);
    const startMs = await scene.send([[source, path]]);
    const endMs = await reached;
    const { cpuSeconds } = scene.process.usage();
    const held = await routesIn(lab.namespaces.daemon, family);
    if (held !== routes) throw new Error(`${metric}: the kernel holds ${held} routes, not ${routes}`);
    results.push({ metric, value: (endMs - startMs) / 1e3, unit: "s", cpuSeconds: cpuSeconds - before.cpuSeconds });
  }
  return [...results, ...(await scene.stalls("kernel"))];
}

/** Plain routes, which any daemon may use, and one next hop object for all of them. */
function floor(lab: Lab, table: Table): Measurement[] {
  const file = join(lab.directory, "routes");
  writeFileSync(file, routeList(table));
  const gateway = table.family === "ipv4" ? farAddress(0) : farAddress6(0);
  const timed = (operation: "add" | "delete", kind: "plain" | "object"): number => {
    const args = [
      "netns",
      "exec",
      lab.namespaces.daemon,
      native("kernel-floor"),
      file,
      operation,
      kind,
      gateway,
      device(0),
    ];
    return Number(execFileSync("ip", args, { encoding: "utf8" })) / 1e3;
  };
  return [
    { metric: "in", value: timed("add", "plain"), unit: "s" },
    { metric: "out", value: timed("delete", "plain"), unit: "s" },
    { metric: "in, by object", value: timed("add", "object"), unit: "s" },
    { metric: "out, by object", value: timed("delete", "object"), unit: "s" },
  ];
}

export const kernel = kernelOf("ipv4");
export const kernel6 = kernelOf("ipv6");
