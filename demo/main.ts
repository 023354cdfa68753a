/** `make demo`: a small data centre of network namespaces with Linnet in it, and what real traffic says of it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Lab } from "../test/support/lab/lab.ts";
import type { Claim } from "./claims/claim.ts";
import { nodeAway } from "./claims/node-away.ts";
import { packetSize } from "./claims/packet-size.ts";
import { reachability } from "./claims/reachability.ts";
import { restart } from "./claims/restart.ts";
import { routes } from "./claims/routes.ts";
import { startAndConverge } from "./claims/sessions.ts";
import { throughput } from "./claims/throughput.ts";
import { addPods, build, type DataCentre, type Provider } from "./data-centre.ts";
import { providers } from "./providers.ts";
import { Screen } from "./screen.ts";

const { values: options } = parseArgs({
  options: {
    keep: { type: "boolean", default: false },
    provider: { type: "string", default: "manifests" },
  },
});

/** Short, so that a dead node is noticed while one watches. */
const timers = { hold: 3, restart: 15 };

type Part = readonly [name: string, measure: (centre: DataCentre) => Promise<Claim[]>];

const beforePods: readonly Part[] = [
  ["starting BIRD on the ToR router and Linnet on the nodes", startAndConverge],
  ["asking the kernels for their routes", routes],
];

const withPods: readonly Part[] = [
  ["calling every pod from every pod and node", reachability],
  ["looking for the largest packet that passes unfragmented", packetSize],
  ["iperf3 between pods, in turns with static routes", throughput],
  ["killing node 1's daemon under traffic and starting it again", restart],
  ["taking node 2 away, and putting it back", nodeAway],
];

async function demo(lab: Lab, provider: Provider, screen: Screen): Promise<Claim[]> {
  const claims: Claim[] = [];
  const centre = await screen.step("building three nodes, two racks and a ToR router", () =>
    build(lab, provider, timers),
  );
  const measure = async ([name, part]: Part): Promise<void> => {
    const found = await screen.step(name, () => part(centre));
    screen.claims(found);
    claims.push(...found);
  };
  for (const part of beforePods) await measure(part);
  await screen.step("adding two pods a node with the CNI plugins", () =>
    Promise.all(centre.nodes.map((node) => addPods(lab, node, 2))),
  );
  for (const pod of centre.nodes.flatMap((node) => node.pods)) {
    screen.detail(`${pod.name} ${pod.addresses.join(" ")}`);
  }
  for (const part of withPods) await measure(part);
  screen.summary(claims);
  return claims;
}

/** For `.ci/run`, in the fields of vitest's reports. */
function report(claims: readonly Claim[]): void {
  const numPassedTests = claims.filter(({ holds }) => holds).length;
  const folder = join(import.meta.dirname, "../.reports");
  mkdirSync(folder, { recursive: true });
  const fields = { numPassedTests, numFailedTests: claims.length - numPassedTests, claims };
  writeFileSync(join(folder, "demo.json"), `${JSON.stringify(fields, null, 2)}\n`);
}

function howToLook(lab: Lab): void {
  console.log(`\nIt stands until the next 'make demo' or 'make clean'. Logs and manifests: ${lab.folder}`);
  for (const { name, netns } of lab.hosts) console.log(`  ${name.padEnd(14)} ip netns exec ${netns} bash`);
  console.log(`  Linnet's view: birdc -s ${join(lab.folder, "n1", "linnet.ctl")} show protocols`);
}

const provider = new Map<string, Provider>(Object.entries(providers)).get(options.provider);
if (!provider || process.getuid?.() !== 0) {
  console.error(provider ? "the demo makes network namespaces: run it as root" : `no provider ${options.provider}`);
  process.exit(2);
}
const lab = await Lab.create("demo");
const stop = async (): Promise<never> => {
  await lab.close();
  process.exit(130);
};
process.on("SIGINT", () => void stop());
process.on("SIGTERM", () => void stop());

let holds = false;
try {
  const claims = await demo(lab, provider, new Screen());
  report(claims);
  holds = claims.every((claim) => claim.holds);
} catch (error) {
  console.error(error instanceof Error ? error.message : error, `\n${lab.logs()}`);
} finally {
  if (options.keep) {
    lab.keep();
    howToLook(lab);
  } else await lab.close();
}
process.exit(holds ? 0 : 1);
