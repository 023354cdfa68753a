import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { daemonNames, installedDaemons } from "./daemons/daemons.ts";
import { machine } from "./machine.ts";
import { rowsOf } from "./results.ts";
import { run } from "./run.ts";
import { scenarios } from "./scenarios/scenarios.ts";
import { tableText } from "./table-text.ts";

interface Options {
  readonly daemons?: string;
  readonly rounds: string;
  readonly size?: string;
  readonly newest: boolean;
  readonly json?: string;
}

const program = new Command("bench")
  .description("Times routing daemons side by side at the same work. Needs root: it makes network namespaces.")
  .argument("[scenario...]", `what to run; all where none is named: ${scenarios.map(({ name }) => name).join(", ")}`)
  .option("--daemons <names>", `of ${daemonNames.join(", ")}; all that are installed where not given`)
  .option("--rounds <n>", "how often each daemon runs", "3")
  .option("--size <n,...>", "in place of each scenario's own sizes")
  .option(
    "--newest",
    "the others from Debian's newest release instead of this machine's, unpacked into a folder",
    false,
  )
  .option("--json <file>", "also write every measurement there")
  .parse();

const options = program.opts<Options>();
const chosen = pick(
  scenarios.map(({ name }) => name),
  program.args,
);
const named = pick(daemonNames, options.daemons?.split(",") ?? []);
const able = await installedDaemons(named, options.newest, (name) => console.log(`${name} is not installed: left out`));
const versions = Object.fromEntries(able.map((daemon) => [daemon.name, daemon.version()]));
console.log(
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", "),
);

const outcome = await run(
  {
    scenarios: scenarios.filter(({ name }) => chosen.includes(name)),
    daemons: able,
    rounds: Number(options.rounds),
    sizes: options.size?.split(",").map(Number),
  },
  console.log,
);
console.log(`\n${tableText(rowsOf(outcome.results))}`);
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ machine: machine(), versions, ...outcome }, undefined, 1)}\n`);
}
process.exitCode = outcome.failures.length > 0 ? 1 : 0;

/** Those of `all` that are named; all where none is. */
function pick<Name extends string>(all: readonly Name[], named: readonly string[]): readonly Name[] {
  const unknown = named.find((name) => !(all as readonly string[]).includes(name));
  if (unknown !== undefined) program.error(`${unknown} is not one of ${all.join(", ")}`);
  return named.length === 0 ? all : all.filter((name) => named.includes(name));
}
