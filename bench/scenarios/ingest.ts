import { type Lab, neighbour } from "../bench.ts";
import { type Daemon, markPrefix } from "../daemons/daemon.ts";
import { makeTable } from "../generator/table.ts";
import { encodeOne, encodeTable, plainAttributes } from "../generator/updates.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { plainSetup, Scene, tellingOf } from "./scene.ts";

const source = neighbour(0, { export: "none" });
const listener = neighbour(1, { export: "mark" });

/** One in, nobody to tell: the last route is a mark, and a neighbour that is told nothing else says when it was reached. */
export const ingest: Scenario = {
  name: "ingest",
  about: "a table from one neighbour, told to nobody: from the first octet sent to the mark behind it told on",
  sizeOf: "prefixes",
  defaultSizes: [1_000_000],
  needs: ["mark"],
  async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
    const telling = tellingOf(source);
    const [address = "", length] = markPrefix.split("/");
    const mark = encodeOne(address, Number(length), plainAttributes(telling, [65100]));
    const scene = await Scene.open(
      lab,
      daemon,
      { ...plainSetup, neighbours: [source, listener], stalls: true },
      [source],
      [listener],
    );
    const path = await lab.load(
      lab.sources,
      "table",
      Buffer.concat([encodeTable(makeTable("ipv4", size), telling), mark]),
    );
    const { residentOctets } = scene.process.usage();
    const time = await scene.timed("ingest", () => scene.send([[source, path]]), [listener], { prefixes: 1 });
    return [time, scene.memorySince(residentOctets, size), ...(await scene.stalls("ingest"))];
  },
};
