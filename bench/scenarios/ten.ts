import { type Lab, neighbour } from "../bench.ts";
import type { Daemon, Neighbour } from "../daemons/daemon.ts";
import { makeTable } from "../generator/table.ts";
import { encodeBest, encodeTable } from "../generator/updates.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { digestOf } from "../speaker/expectation.ts";
import { plainSetup, Scene, tellingOf } from "./scene.ts";

const sources = Array.from({ length: 10 }, (_, index) => neighbour(index, { export: "none" }));
const sink = neighbour(10);
const lost = sources[0]!;

const tellings = (list: readonly Neighbour[]) => list.map((source) => tellingOf(source, source.index + 1));

/** Ten in at once, the best of them out. */
export const ten: Scenario = {
  name: "ten",
  about:
    "the same prefixes from ten neighbours at once, with other attributes from each; the best paths to one; then one of the ten is lost",
  sizeOf: "prefixes of each neighbour",
  defaultSizes: [100_000],
  needs: [],
  async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
    const table = makeTable("ipv4", size);
    const streams = tellings(sources).map((telling) => encodeTable(table, telling));
    const best = digestOf(encodeBest(table, tellings(sources)));
    const next = digestOf(encodeBest(table, tellings(sources.filter((source) => source !== lost))));
    const setup = { ...plainSetup, neighbours: [...sources, sink], stalls: true };
    const scene = await Scene.open(lab, daemon, setup, sources, [sink]);
    const paths = await Promise.all(streams.map((stream, index) => lab.load(lab.sources, `table${index}`, stream)));
    const { residentOctets } = scene.process.usage();
    const send = () => scene.send(sources.map((source, index) => [source, paths[index]!] as const));
    const lose = async (): Promise<number> => (await lab.sources.ask("close", { sessions: [lost.index] })).atMs;
    const time = await scene.timed("ten", send, [sink], best);
    return [
      time,
      scene.memorySince(residentOctets, size * sources.length),
      await scene.timed("reselect", lose, [sink], next),
      ...(await scene.stalls("ten")),
    ];
  },
};
