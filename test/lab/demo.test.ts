import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startAndConverge } from "../../demo/claims/sessions.ts";
import { addPods, build, type DataCentre } from "../../demo/data-centre.ts";
import { providerOf } from "../../demo/providers.ts";
import { sabotages } from "../../demo/sabotage.ts";
import { Lab } from "../support/lab/lab.ts";
import { run } from "../support/lab/run.ts";
import { until } from "../support/lab/until.ts";

describe("the demo notices what is broken, and names it", () => {
  let lab: Lab;
  let centre: DataCentre;

  beforeAll(async () => {
    lab = await Lab.create("sabotage");
    centre = await build(lab, providerOf(process.env), { hold: 3, restart: 15 });
    await startAndConverge(centre);
    await Promise.all(centre.nodes.map((node) => addPods(lab, node, 2)));
  });

  afterAll(() => lab.close());

  for (const { name, breaks, measure, spoil, mend } of sabotages) {
    test(name, async () => {
      expect((await measure(centre)).filter(({ holds }) => !holds)).toEqual([]);
      await spoil(centre);
      try {
        const broken = (await measure(centre)).filter(({ holds }) => !holds).map((claim) => claim.name);
        for (const start of breaks) expect(broken).toContainEqual(expect.stringContaining(start));
      } finally {
        await mend(centre);
      }
    });
  }
});

test("a demo that was killed half-way leaves nothing for the next one", async () => {
  const demo = spawn(process.execPath, [join(import.meta.dirname, "../../demo/main.ts")], { stdio: "ignore" });
  const left = async (): Promise<string[]> => {
    const names = (await run(["ip", "netns", "list"])).split("\n");
    return names.filter((name) => name.startsWith(`linnet-demo-${demo.pid}-`));
  };
  await until("daemons and pods of the demo", 30, async () => (await left()).some((name) => name.includes("n3-p2")));
  demo.kill("SIGKILL");
  await once(demo, "close");
  const namespaces = await left();
  expect(namespaces.length).toBeGreaterThan(3);
  const next = await Lab.create("demo");
  await next.close();
  expect(await left()).toEqual([]);
});
