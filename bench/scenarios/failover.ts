import { setTimeout as sleep } from "node:timers/promises";
import { type Lab, neighbour } from "../bench.ts";
import type { Daemon } from "../daemons/daemon.ts";
import { flatTable } from "../generator/table.ts";
import { encodeTable } from "../generator/updates.ts";
import { daemonAddress } from "../lab/address-plan.ts";
import { monotonicMs } from "../lab/monotonic.ts";
import { setCarrier } from "../lab/namespaces.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { plainSetup, Scene, tellingOf } from "./scene.ts";

const first = neighbour(0, { link: 0, export: "none" });
const second = neighbour(1, { link: 1, export: "none" });
/** The second prepends itself to some paths and has the higher router id: all routes go to the first while it is there. */
const prepended = 1;
const firstPrefix = 20 << 24;

/** Two neighbours on two links tell the same routes; the one that all routes go to is lost. */
export const failover: Scenario = {
  name: "failover",
  about:
    "the same routes from neighbours on two links: the better one's session is lost, then its link; until the kernel sends all to the other",
  sizeOf: "prefixes",
  defaultSizes: [100_000],
  needs: ["kernel"],
  async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
    const table = flatTable(firstPrefix, size);
    const setup = { ...plainSetup, neighbours: [first, second], kernel: true };
    const watch = await lab.watchKernel(table);
    const scene = await Scene.open(lab, daemon, setup, [first, second], []);
    const better = await lab.load(lab.sources, "better", encodeTable(table, tellingOf(first)));
    const worse = await lab.load(lab.sources, "worse", encodeTable(table, tellingOf(second, prepended)));
    await scene.send([
      [first, better],
      [second, worse],
    ]);
    await watch.until(`from ${daemonAddress(0)}`);

    const timed = async (metric: string, lose: () => Promise<number>): Promise<Measurement> => {
      await sleep(1000);
      const before = scene.process.usage();
      const moved = watch.until(`from ${daemonAddress(1)}`);
      const startMs = await lose();
      const endMs = await moved;
      const { cpuSeconds } = scene.process.usage();
      return { metric, value: (endMs - startMs) / 1e3, unit: "s", cpuSeconds: cpuSeconds - before.cpuSeconds };
    };
    const session = await timed(
      "session lost",
      async () => (await lab.sources.ask("close", { sessions: [first.index] })).atMs,
    );
    await lab.establish(lab.sources, [first.index]);
    await scene.send([[first, better]]);
    await watch.until(`from ${daemonAddress(0)}`);
    const link = await timed("link lost", async () => {
      const atMs = monotonicMs();
      setCarrier(lab.namespaces, 0, false);
      return atMs;
    });
    return [session, link];
  },
};
