import { afterAll, beforeAll, expect, test } from "vitest";
import { allUp, flowsBetweenNodes } from "../../demo/claims/restart.ts";
import { startAndConverge } from "../../demo/claims/sessions.ts";
import { addPods, build, type DataCentre, type Node } from "../../demo/data-centre.ts";
import { providerOf } from "../../demo/providers.ts";
import { Lab } from "../support/lab/lab.ts";
import { type FlowResult, Traffic, total } from "../support/lab/traffic.ts";
import { pause } from "../support/lab/until.ts";

const packetsPerSecond = 1000;
/** How long a daemon is away, each time; neighbours were told that it may be 60 s. */
const awayMs = [100, 200, 200, 500, 500, 1000, 1000, 2000, 3000, 12_000];
/** After a restart: wrong sweeps come when everything seems well. */
const settleMs = 1000;
/** Where many restarts follow each other closely, as an operator's script would have it; then the usual time at the end. */
const briskly = { awayMs: 200, settleMs: 300 };
const times = 10;

let lab: Lab;
let centre: DataCentre;

beforeAll(async () => {
  lab = await Lab.create("restart");
  centre = await build(lab, providerOf(process.env), { hold: 9, restart: 60 });
  const claims = await startAndConverge(centre);
  expect(claims.filter(({ holds }) => !holds)).toEqual([]);
  await Promise.all(centre.nodes.map((node) => addPods(lab, node, 1)));
});

afterAll(() => lab.close());

/** What was lost between all nodes, both ways and in both families, while `work` was done. */
async function underTraffic(work: () => Promise<void>): Promise<{ sent: number; hurt: string[] }> {
  const traffic = await Traffic.start(flowsBetweenNodes(centre.nodes), packetsPerSecond);
  let results: readonly FlowResult[] = [];
  try {
    await work();
  } finally {
    results = await traffic.stop();
  }
  const hurt = results
    .filter(({ lost }) => lost > 0)
    .map(({ flow, lost, sent }) => `${flow.from.host.name} to ${flow.address}: ${lost} of ${sent}`);
  return { sent: total(results).sent, hurt };
}

async function restart(node: Node, end: () => Promise<void>, ms: number, settle = settleMs): Promise<void> {
  await end();
  await pause(ms);
  await node.router.start();
  await allUp(node);
  await pause(settle);
}

async function tenTimes(end: (node: Node) => Promise<void>): Promise<void> {
  for (const [round, ms] of awayMs.entries()) {
    const node = centre.nodes[round % centre.nodes.length];
    if (node) await restart(node, () => end(node), ms);
  }
}

const longTest = 180_000;

test("no packet is lost by SIGKILL of a daemon, ten times in a row", { timeout: longTest }, async () => {
  const { sent, hurt } = await underTraffic(() => tenTimes(({ router }) => router.kill()));
  expect(hurt).toEqual([]);
  expect(sent).toBeGreaterThan(10 * 12 * packetsPerSecond);
});

test("no packet is lost by SIGTERM of a daemon, ten times in a row", { timeout: longTest }, async () => {
  const { sent, hurt } = await underTraffic(() => tenTimes(({ router }) => router.stop()));
  expect(hurt).toEqual([]);
  expect(sent).toBeGreaterThan(10 * 12 * packetsPerSecond);
});

test("no packet is lost by a rolling restart of all nodes, ten times in a row", { timeout: longTest }, async () => {
  const { hurt } = await underTraffic(async () => {
    for (let round = 0; round < times; round++) {
      for (const node of centre.nodes) {
        await restart(node, () => node.router.stop(), briskly.awayMs, briskly.settleMs);
      }
    }
    await pause(settleMs);
  });
  expect(hurt).toEqual([]);
});

test("no packet is lost by restarts of all nodes at once", async () => {
  const { hurt } = await underTraffic(async () => {
    await Promise.all(centre.nodes.map((node) => restart(node, () => node.router.kill(), 1000)));
  });
  expect(hurt).toEqual([]);
});

test("no packet is lost by a graceful restart of the ToR router, ten times in a row", {
  timeout: longTest,
}, async () => {
  const { hurt } = await underTraffic(async () => {
    for (let round = 0; round < times; round++) {
      await centre.tor.kill();
      await pause(1000);
      await centre.tor.start();
      await Promise.all(centre.nodes.map(allUp));
      await pause(briskly.settleMs);
    }
    await pause(settleMs);
  });
  expect(hurt).toEqual([]);
});
