import { setTimeout as sleep } from "node:timers/promises";
import { type Lab, neighbour } from "../bench.ts";
import type { Daemon } from "../daemons/daemon.ts";
import { flatTable } from "../generator/table.ts";
import { encodeTable } from "../generator/updates.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { plainSetup, Scene, tellingOf } from "./scene.ts";

const source = neighbour(0, { export: "none" });
const settleMs = 30_000;
const watchedMs = 15_000;

export const idle: Scenario = {
  name: "idle",
  about: `what the daemon uses while nothing happens, over ${watchedMs / 1000} s, with routes in the kernel for ${settleMs / 1000} s`,
  sizeOf: "kernel routes",
  defaultSizes: [10, 1_000, 25_000],
  needs: ["kernel"],
  async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
    const table = flatTable(20 << 24, size);
    const watch = await lab.watchKernel(table);
    const scene = await Scene.open(lab, daemon, { ...plainSetup, neighbours: [source], kernel: true }, [source], []);
    const path = await lab.load(lab.sources, "table", encodeTable(table, tellingOf(source)));
    await scene.send([[source, path]]);
    await watch.until("present");
    await sleep(settleMs);
    const before = scene.process.usage();
    await sleep(watchedMs);
    const { cpuSeconds, residentOctets } = scene.process.usage();
    return [
      { metric: "cpu", value: ((cpuSeconds - before.cpuSeconds) / (watchedMs / 1000)) * 100, unit: "%" },
      { metric: "memory", value: residentOctets / 2 ** 20, unit: "MB" },
    ];
  },
};
