import { expect, test } from "vitest";
import { Frr } from "../support/lab/frr.ts";
import { scenarios } from "../support/lab/scenarios/all.ts";
import { meet } from "../support/lab/scenarios/scenario.ts";
import { UnnumberedLab } from "../support/lab/unnumbered-lab.ts";

await meet(Frr, scenarios);

test("a neighbour by interface alone, on a link without any address: routes both ways, and back after a flap", () =>
  UnnumberedLab.run(Frr, async (lab) => {
    const { us, them } = lab;
    await lab.establish();
    await lab.routed();
    const gateway = `${await lab.linkLocal(them)} eth0`;
    for (const { prefix } of them.routes) expect(await lab.via(us, prefix)).toBe(gateway);
    await lab.ping();
    await them.host.ip("link", "set", "eth0", "down");
    await them.host.ip("link", "set", "eth0", "up");
    await lab.established();
    await lab.routed();
    await lab.ping();
  }));
