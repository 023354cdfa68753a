import type { Family } from "#route/family.ts";
import { inFlight, type Lab, neighbour } from "../bench.ts";
import type { Daemon, Setup } from "../daemons/daemon.ts";
import { makeTable } from "../generator/table.ts";
import { encodeTable, encodeWithdrawal } from "../generator/updates.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { digestOf } from "../speaker/expectation.ts";
import { plainSetup, Scene, tellingOf } from "./scene.ts";

const source = neighbour(0, { export: "none" });
const sink = neighbour(1);
const late = neighbour(2);
const flapping = 10;
const nothing = { prefixes: 0 };

/** One in, one out, and everything that can happen to the table after it. */
const transitOf = (family: Family): Scenario => ({
  name: family === "ipv4" ? "transit" : "transit6",
  about: `an ${family} table from one neighbour to another, from the first octet sent to the last change received; its memory; \
the same table to a new neighbour; every tenth set withdrawn and announced with other attributes; all withdrawn; the source lost`,
  sizeOf: "prefixes",
  defaultSizes: [1_000_000],
  needs: [],
  yardstick: "relay",
  async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
    const table = makeTable(family, size);
    const announce = encodeTable(table, tellingOf(source));
    const withdraw = encodeWithdrawal(table);
    const flap = Buffer.concat([
      encodeWithdrawal(table, flapping),
      encodeTable(table, { ...tellingOf(source, 1), every: flapping }),
    ]);
    const setup: Setup = { ...plainSetup, families: [family], neighbours: [source, sink, late], stalls: true };
    const [full, flapped] = [digestOf(announce), digestOf(Buffer.concat([announce, flap]))];

    const scene = await Scene.open(lab, daemon, setup, [source], [sink]);
    const paths = {
      announce: await lab.load(lab.sources, "announce", announce),
      withdraw: await lab.load(lab.sources, "withdraw", withdraw),
      flap: await lab.load(lab.sources, "flap", flap),
    };
    const send = (path: string) => () => scene.send([[source, path]]);

    const { residentOctets } = scene.process.usage();
    const results = [await scene.timed("transit", send(paths.announce), [sink], full)];
    if (daemon.yardstick === "relay") return results;
    results.push(scene.memorySince(residentOctets, size), ...(await scene.stalls("transit")));
    results.push(await scene.timed("dump", () => dial(lab), [late], full));
    results.push(await scene.timed("flaps", send(paths.flap), [sink], flapped));
    results.push(await scene.timed("withdraw", send(paths.withdraw), [sink], nothing));
    await scene.timed("again", send(paths.announce), [sink], full);
    const lose = async (): Promise<number> => (await lab.sources.ask("close", { sessions: [source.index] })).atMs;
    results.push(await scene.timed("lost", lose, [sink], nothing), ...(await scene.stalls("changes")));
    return results;
  },
});

/** @returns when the session of the neighbour that comes late was up */
async function dial(lab: Lab): Promise<number> {
  return (await lab.sinks.ask("open", { sessions: [lab.session(late.index)], timeoutMs: 10_000, inFlight })).lastMs;
}

export const transit = transitOf("ipv4");
export const transit6 = transitOf("ipv6");
