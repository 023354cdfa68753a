import { setTimeout as sleep } from "node:timers/promises";
import { type Lab, neighbour } from "../bench.ts";
import type { Daemon } from "../daemons/daemon.ts";
import { flatTable } from "../generator/table.ts";
import { encodeOne, endOfRib, plainAttributes } from "../generator/updates.ts";
import { dotted, localAs } from "../lab/address-plan.ts";
import type { DaemonProcess } from "../lab/daemon-process.ts";
import { pinNeighbours } from "../lab/namespaces.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { plainSetup } from "./scene.ts";

const originate = "198.19.0.0/24";
const firstPrefix = 20 << 24;
const settleMs = 30_000;
const watchedMs = 15_000;

/** A node that joins a full mesh: everybody is there already, and dials as soon as it listens. */
export const mesh: Scenario = {
  name: "mesh",
  about:
    "a full mesh, a prefix from each neighbour: from the daemon's start to the last kernel route, and to the last neighbour told its own prefix",
  sizeOf: "neighbours",
  defaultSizes: [500, 1_000, 2_000, 5_000],
  needs: ["kernel", "originate"],
  yardstick: "relay",
  run: async (lab, daemon, size) => (await join(lab, daemon, size)).measured,
};

export const idlemesh: Scenario = {
  name: "idlemesh",
  about: `what the daemon of a full mesh uses while nothing happens, over ${watchedMs / 1000} s, ${settleMs / 1000} s after it joined`,
  sizeOf: "neighbours",
  defaultSizes: [1_000],
  needs: ["kernel", "originate"],
  async run(lab, daemon, size) {
    const { process } = await join(lab, daemon, size);
    await sleep(settleMs);
    const before = process.usage();
    await sleep(watchedMs);
    const { cpuSeconds, residentOctets } = process.usage();
    return [
      { metric: "cpu", value: ((cpuSeconds - before.cpuSeconds) / (watchedMs / 1000)) * 100, unit: "%" },
      { metric: "memory", value: residentOctets / 2 ** 20, unit: "MB" },
    ];
  },
};

async function join(
  lab: Lab,
  daemon: Daemon,
  size: number,
): Promise<{ readonly process: DaemonProcess; readonly measured: Measurement[] }> {
  const neighbours = Array.from({ length: size }, (_, index) => neighbour(index, { as: localAs }));
  const setup = { ...plainSetup, neighbours, kernel: true, originate };
  pinNeighbours(lab.namespaces, size);
  const watch = await lab.watchKernel(flatTable(firstPrefix, size));
  lab.configure(setup);
  const sessions = neighbours.map(({ index, address }) => ({
    ...lab.session(index),
    greeting: Buffer.concat([
      encodeOne(dotted(firstPrefix + index * 256), 24, plainAttributes({ nextHop: address }, [])),
      endOfRib,
    ]),
  }));
  const installed = daemon.yardstick === "relay" ? undefined : watch.until("present");
  const dialling = lab.dialAll(sessions);
  const process = await lab.start(daemon, setup);
  const seconds = (ms: number): number => (ms - process.startedMs) / 1e3;
  const established = {
    metric: "established",
    value: seconds(await dialling.until("established")),
    unit: "s",
  } as const;
  if (installed === undefined) return { process, measured: [established] };
  const installedMs = await installed;
  const toldMs = await dialling.until("told");
  const { cpuSeconds, residentOctets } = process.usage();
  const measured: Measurement[] = [
    { metric: "installed", value: seconds(installedMs), unit: "s", cpuSeconds },
    established,
    { metric: "told", value: seconds(toldMs), unit: "s" },
    { metric: "memory", value: residentOctets / 2 ** 20, unit: "MB" },
  ];
  return { process, measured };
}
