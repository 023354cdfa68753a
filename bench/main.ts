import { writeFileSync } from "node:fs";
import { Command } from "commander";
import type { Daemon } from "./daemons/daemon.ts";
import { daemons } from "./daemons/daemons.ts";
import { machine } from "./machine.ts";
import { rowsOf } from "./results.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios/scenarios.ts";
import { tableText } from "./table-text.ts";

interface Options {
  readonly daemons?: string;
  readonly rounds: string;
  readonly size?: string;
  readonly json?: string;
}

const program = new Command("bench")
  .description("Times routing daemons side by side at the same work. Needs root: it makes network namespaces.")
  .argument("[scenario...]", `what to run; all where none is named: ${scenarios.map(({ name }) => name).join(", ")}`)
  .option(
    "--daemons <names>",
    `of ${daemons.map(({ name }) => name).join(", ")}; all that are installed where not given`,
  )
  .option("--rounds <n>", "how often each daemon runs", "3")
  .option("--size <n,...>", "in place of each scenario's own sizes")
  .option("--json <file>", "also write every measurement there")
  .parse();

const options = program.opts<Options>();
const chosen = pick(scenarios, program.args);
const able = pick(daemons, options.daemons?.split(",") ?? []).filter(installed);
const versions = Object.fromEntries(able.map((daemon) => [daemon.name, daemon.version()]));
console.log(
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", "),
);

const outcome = await run(
  { scenarios: chosen, daemons: able, rounds: Number(options.rounds), sizes: options.size?.split(",").map(Number) },
  console.log,
);
console.log(`\n${tableText(rowsOf(outcome.results))}`);
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ machine: machine(), versions, ...outcome }, undefined, 1)}\n`);
}
process.exitCode = outcome.failures.length > 0 ? 1 : 0;

/** Those with these names; all where none is given. */
function pick<T extends Scenario | Daemon>(all: readonly T[], names: readonly string[]): readonly T[] {
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) program.error(`${unknown} is not one of ${all.map(({ name }) => name).join(", ")}`);
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

function installed(daemon: Daemon): boolean {
  const there = daemon.version() !== undefined;
  if (!there) console.log(`${daemon.name} is not installed: left out`);
  return there;
}
