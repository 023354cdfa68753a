import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installedDaemons } from "./daemons/daemons.ts";
import { type Row, rowsOf } from "./results.ts";
import { run } from "./run.ts";
import { scenarios } from "./scenarios/scenarios.ts";
import { tableText } from "./table-text.ts";

/**
 * `node bench/ci.ts [--write]`: the short run, beside BIRD 2. Fails when Linnet's time over BIRD's got worse by more than a
 * third since floors.json was written; `--write` writes it.
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

async function main(): Promise<void> {
  const daemons = await installedDaemons(["linnet", "bird2"], false, (name) => {
    throw new Error(`${name} is not installed`);
  });
  const rows: Row[] = [];
  for (const [name, size] of short) {
    const chosen = scenarios.filter((scenario) => scenario.name === name);
    const { results, failures } = await run({ scenarios: chosen, daemons, rounds, sizes: [size] }, console.log);
    if (failures.length > 0) process.exitCode = 1;
    rows.push(...rowsOf(results));
  }
  console.log(tableText(rows));
  const ratios = ratiosOf(rows);
  if (process.argv.includes("--write")) {
    const rounded = Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toPrecision(2))]);
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(rounded), undefined, 2)}\n`);
    return;
  }
  const worse = regressions(ratios, JSON.parse(readFileSync(file, "utf8")) as Record<string, number>);
  for (const line of worse) console.error(line);
  if (worse.length > 0) process.exitCode = 1;
}

if (import.meta.main) await main();
