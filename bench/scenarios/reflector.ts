import { type Lab, neighbour } from "../bench.ts";
import type { Daemon } from "../daemons/daemon.ts";
import { makeTable } from "../generator/table.ts";
import { encodeTable } from "../generator/updates.ts";
import { localAs } from "../lab/address-plan.ts";
import type { Measurement, Scenario } from "../scenario.ts";
import { digestOf } from "../speaker/expectation.ts";
import { plainSetup, Scene, tellingOf } from "./scene.ts";

const routes = 10_000;
const source = neighbour(0, { as: localAs, client: true, export: "none" });

export const reflector: Scenario = {
  name: "reflector",
  about: `${routes.toLocaleString("en")} routes from one client of a route reflector to all others, until the last has the last`,
  sizeOf: "clients",
  defaultSizes: [100, 500],
  needs: [],
  yardstick: "relay",
  async run(lab: Lab, daemon: Daemon, size: number): Promise<Measurement[]> {
    const clients = Array.from({ length: size }, (_, index) => neighbour(index + 1, { as: localAs, client: true }));
    const stream = encodeTable(makeTable("ipv4", routes), tellingOf(source));
    const setup = { ...plainSetup, neighbours: [source, ...clients], stalls: true };
    const scene = await Scene.open(lab, daemon, setup, [source], clients);
    const path = await lab.load(lab.sources, "table", stream);
    const time = await scene.timed("reflect", () => scene.send([[source, path]]), clients, digestOf(stream));
    if (daemon.yardstick === "relay") return [time];
    const memory = scene.process.usage().residentOctets / 2 ** 20;
    return [time, { metric: "memory", value: memory, unit: "MB" }, ...(await scene.stalls("reflect"))];
  },
};
