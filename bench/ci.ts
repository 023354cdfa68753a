import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installedDaemons } from "./daemons/daemons.ts";
import { bestRatios, dearestRatios, type Ratios, regressions } from "./floors.ts";
import { type Result, rowsOf } from "./results.ts";
import { run } from "./run.ts";
import { scenarios } from "./scenarios/scenarios.ts";
import { tableText } from "./table-text.ts";

/**
 * `node bench/ci.ts [--write] [--report FILE] [--json FILE]`: the short run, beside BIRD 2. Fails when what Linnet costs
 * over what BIRD costs got worse by more than a third since floors.json was written; `--write` writes it. The report
 * counts as vitest's does; the JSON file gets every measurement.
 */

const file = join(import.meta.dirname, "floors.json");

/** Scenario and size: small, because the ratio is what counts; smaller ones would count how long V8 compiles. */
const short = [
  ["transit", 300_000],
  ["ten", 50_000],
  ["reflector", 100],
  ["mesh", 1_000],
  ["kernel", 30_000],
  ["failover", 30_000],
] as const;
/** Each daemon's best round counts, so a scenario within its floors needs no further one. */
const rounds = 4;
/** Nothing begins after this, unless floors are written: a pipeline waits. */
const latestMs = 125_000;

/** Rounds in which Linnet and BIRD alternate. @param floors undefined: all rounds of everything */
async function measure(floors: Ratios | undefined): Promise<Result[]> {
  const daemons = await installedDaemons(["linnet", "bird2"], false, (name) => {
    throw new Error(`${name} is not installed`);
  });
  const results: Result[] = [];
  const beganMs = performance.now();
  for (let round = 1; round <= rounds; round++) {
    for (const [name, size] of short) {
      const floorsOf = floors && pickOf(floors, name);
      if (floorsOf !== undefined && regressions(bestRatios(results), floorsOf).length === 0) continue;
      if (floors !== undefined && performance.now() - beganMs > latestMs) return results;
      const chosen = scenarios.filter((scenario) => scenario.name === name);
      const outcome = await run({ scenarios: chosen, daemons, rounds: 1, sizes: [size] }, console.log);
      results.push(...outcome.results.map((result) => ({ ...result, round })));
    }
  }
  return results;
}

/** Those of one scenario. */
const pickOf = (floors: Ratios, scenario: string): Ratios =>
  Object.fromEntries(Object.entries(floors).filter(([name]) => name.startsWith(`${scenario}: `)));

async function main(): Promise<void> {
  const options = { write: { type: "boolean" }, report: { type: "string" }, json: { type: "string" } } as const;
  const { values } = parseArgs({ options });
  const floors: Ratios = JSON.parse(readFileSync(file, "utf8"));
  const results = await measure(values.write ? undefined : floors);
  console.log(tableText(rowsOf(results)));
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results));
  if (values.write) {
    const rounded = Object.entries(dearestRatios(results)).map(([name, ratio]) => [name, Number(ratio.toPrecision(2))]);
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(rounded), undefined, 2)}\n`);
    return;
  }
  const worse = regressions(bestRatios(results), floors);
  for (const line of worse) console.error(line);
  if (values.report !== undefined) {
    const numFailedTests = worse.length;
    const numPassedTests = Object.keys(floors).length - numFailedTests;
    writeFileSync(values.report, `${JSON.stringify({ numPassedTests, numFailedTests })}\n`);
  }
  if (worse.length > 0) process.exitCode = 1;
}

await main();
