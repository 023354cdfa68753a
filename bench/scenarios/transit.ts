import { setTimeout as sleep } from "node:timers/promises";
import { type Lab, neighbour } from "../bench.ts";
import type { Daemon, Setup } from "../daemons/daemon.ts";
import { makeTable } from "../generator/table.ts";
import { encodeTable, type Telling } from "../generator/updates.ts";
import { farAddress } from "../lab/address-plan.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { digestOf } from "../speaker/expectation.ts";

const source = neighbour(0, { export: "none" });
const sink = neighbour(1);
export const setup: Setup = {
  families: ["ipv4"],
  neighbours: [source, sink],
  kernel: false,
  originate: undefined,
  holdSeconds: 240,
};
export const nextHop6 = [0xfd00_0000, 0, 0, 2] as const;
const telling: Telling = { as: source.as, nextHop: farAddress(0), nextHop6, variant: 0 };

export const transit: Scenario = {
  name: "transit",
  about: "a table from one neighbour to another: first octet sent to last change received",
  sizeOf: "prefixes",
  defaultSizes: [1_000_000],
  needs: [],
  async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
    const stream = encodeTable(makeTable("ipv4", size), telling);
    const process = await lab.start(daemon, setup);
    const [path] = await Promise.all([
      lab.load(lab.sources, "table", stream),
      lab.establish(lab.sources, [source.index]),
      lab.establish(lab.sinks, [sink.index]),
    ]);
    await sleep(300);
    const before = process.usage();
    const settled = lab.sinks.ask("settle", {
      sessions: [sink.index],
      expect: digestOf(stream),
      quietMs: 200,
      timeoutMs: 120_000,
    });
    const sent = await lab.sources.ask("send", { streams: [{ session: source.index, path }] });
    const { settled: done, sessions } = await settled;
    const after = process.usage();
    const received = sessions[0];
    if (!done || received === undefined)
      throw new Error(`got ${JSON.stringify(received)}, not ${JSON.stringify(digestOf(stream))}`);
    return [
      {
        metric: "transit",
        value: (received.changedMs - sent.startMs) / 1e3,
        unit: "s",
        cpuSeconds: after.cpuSeconds - before.cpuSeconds,
        checksum: received.checksum,
      },
      { metric: "memory", value: (after.residentOctets - before.residentOctets) / size, unit: "B/route" },
    ];
  },
};
