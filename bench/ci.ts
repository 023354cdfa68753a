import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installedDaemons } from "./daemons/daemons.ts";
import { type Row, rowsOf } from "./results.ts";
import { run } from "./run.ts";
import { scenarios } from "./scenarios/scenarios.ts";
import { tableText } from "./table-text.ts";

/**
 * `node bench/ci.ts [--write] [--report FILE]`: the short run, beside BIRD 2. Fails when Linnet's time over BIRD's got worse
 * by more than a third since floors.json was written; `--write` writes it. The report counts as vitest's does.
 */

const file = join(import.meta.dirname, "floors.json");
const tolerance = 4 / 3;
const rounds = 3;

/** Scenario and size: small, because the ratio is what counts. */
const short = [
  ["ingest", 100_000],
  ["transit", 100_000],
  ["ten", 20_000],
  ["reflector", 100],
  ["mesh", 1_000],
  ["kernel", 50_000],
  ["failover", 50_000],
] as const;

/** Linnet's median over BIRD's, by scenario and metric; times only. */
export function ratiosOf(rows: readonly Row[]): Record<string, number> {
  const entries = rows.flatMap(({ scenario, metric, unit, daemon, ratioToBird }) =>
    daemon === "linnet" && unit === "s" && ratioToBird !== undefined
      ? [[`${scenario}: ${metric}`, ratioToBird] as const]
      : [],
  );
  return Object.fromEntries(entries);
}

/** What got worse, or is not there any more. */
export function regressions(
  ratios: Readonly<Record<string, number>>,
  floors: Readonly<Record<string, number>>,
): string[] {
  return Object.entries(floors).flatMap(([name, floor]) => {
    const ratio = ratios[name];
    if (ratio === undefined) return [`${name}: not measured`];
    return ratio > floor * tolerance ? [`${name}: ${ratio.toFixed(2)} x BIRD, was ${floor.toFixed(2)} x`] : [];
  });
}

/** Ratios of one whole short run; a scenario that failed is said by the run, and is missing here. */
async function measure(): Promise<Record<string, number>> {
  const daemons = await installedDaemons(["linnet", "bird2"], false, (name) => {
    throw new Error(`${name} is not installed`);
  });
  const rows: Row[] = [];
  for (const [name, size] of short) {
    const chosen = scenarios.filter((scenario) => scenario.name === name);
    const { results } = await run({ scenarios: chosen, daemons, rounds, sizes: [size] }, console.log);
    rows.push(...rowsOf(results));
  }
  console.log(tableText(rows));
  return ratiosOf(rows);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: "boolean" }, report: { type: "string" } } });
  const ratios = await measure();
  if (values.write) {
    const rounded = Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toPrecision(2))]);
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(rounded), undefined, 2)}\n`);
    return;
  }
  const floors = JSON.parse(readFileSync(file, "utf8")) as Record<string, number>;
  const worse = regressions(ratios, floors);
  for (const line of worse) console.error(line);
  if (values.report !== undefined) {
    const numFailedTests = worse.length;
    const numPassedTests = Object.keys(floors).length - numFailedTests;
    writeFileSync(values.report, `${JSON.stringify({ numPassedTests, numFailedTests })}\n`);
  }
  if (worse.length > 0) process.exitCode = 1;
}

if (import.meta.main) await main();
