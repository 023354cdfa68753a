import { type Lab, neighbour } from "../bench.ts";
import type { Daemon } from "../daemons/daemon.ts";
import { makeTable } from "../generator/table.ts";
import { encodeTable, encodeWithdrawal } from "../generator/updates.ts";
import { ControlSocket } from "../lab/control-socket.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { digestOf } from "../speaker/expectation.ts";
import { plainSetup, Scene, tellingOf } from "./scene.ts";

const source = neighbour(0, { export: "none" });
const sink = neighbour(1);
const flapping = 10;

export const show: Scenario = {
  name: "show",
  about:
    "`show route` of the whole table through the control socket while every tenth set is withdrawn and announced anew",
  sizeOf: "prefixes",
  defaultSizes: [1_000_000],
  needs: ["birdc"],
  async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
    const table = makeTable("ipv4", size);
    const announce = encodeTable(table, tellingOf(source));
    const flap = Buffer.concat([
      encodeWithdrawal(table, flapping),
      encodeTable(table, { ...tellingOf(source, 1), every: flapping }),
    ]);
    const setup = { ...plainSetup, neighbours: [source, sink], stalls: true };
    const scene = await Scene.open(lab, daemon, setup, [source], [sink]);
    const full = await lab.load(lab.sources, "announce", announce);
    const changed = await lab.load(lab.sources, "flap", flap);
    await scene.timed("load", () => scene.send([[source, full]]), [sink], digestOf(announce));

    const expect = digestOf(Buffer.concat([announce, flap])); // takes a second, in which the bench itself is deaf
    await scene.forgetStalls();
    const control = await ControlSocket.open(daemon.controlSocket?.(scene.process.directory) ?? "");
    const before = scene.process.usage();
    const asked = control.ask("show route");
    const flaps = await scene.timed("flaps meanwhile", () => scene.send([[source, changed]]), [sink], expect);
    const { ms, lines, last } = await asked;
    const cpuSeconds = scene.process.usage().cpuSeconds - before.cpuSeconds;
    if (last !== "0000 " || lines < size * 0.9) throw new Error(`show route: ${lines} lines, then ${last}`);
    control.close();
    return [{ metric: "show route", value: ms / 1e3, unit: "s", cpuSeconds }, flaps, ...(await scene.stalls("show"))];
  },
};
