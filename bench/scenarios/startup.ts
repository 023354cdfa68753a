import { inFlight, type Lab, neighbour } from "../bench.ts";
import type { Daemon } from "../daemons/daemon.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { plainSetup } from "./scene.ts";

const listener = neighbour(0);

export const startup: Scenario = {
  name: "startup",
  about: "from the daemon's start to its own prefix at a neighbour that dials all the time",
  sizeOf: "prefixes",
  defaultSizes: [1],
  needs: ["originate"],
  async run(lab: Lab, daemon: Daemon): Promise<Measurement[]> {
    const setup = { ...plainSetup, neighbours: [listener], originate: "198.19.0.0/24" };
    lab.configure(setup);
    const up = lab.sinks.ask("open", { sessions: [lab.session(listener.index)], timeoutMs: 30_000, inFlight });
    const process = await lab.start(daemon, setup);
    const { lastMs } = await up;
    const told = await lab.sinks.ask("settle", {
      sessions: [listener.index],
      expect: { prefixes: 1 },
      quietMs: 100,
      timeoutMs: 30_000,
    });
    const toldMs = told.sessions[0]?.changedMs ?? Number.NaN;
    if (!told.settled) throw new Error("the neighbour was told nothing");
    return [
      { metric: "established", value: (lastMs - process.startedMs) / 1e3, unit: "s" },
      {
        metric: "advertised",
        value: (toldMs - process.startedMs) / 1e3,
        unit: "s",
        cpuSeconds: process.usage().cpuSeconds,
      },
    ];
  },
};
