import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "./machine.ts";
import { type Failure, type Result, type Row, rowsOf } from "./results.ts";
import { scenarios } from "./scenarios/scenarios.ts";
import { tableText } from "./table-text.ts";

/** `node bench/report.ts FILE…`: writes REPORT.md from what `bench/main.ts --json` wrote. */

/** What one run of the bench wrote. */
export interface Recorded {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly results: readonly Result[];
  readonly failures: readonly Failure[];
}

/** The report of runs on one machine. */
export function report(runs: readonly Recorded[]): string {
  const [first] = runs;
  if (first === undefined) throw new Error("nothing to report");
  const { processor, cores, memoryGiB, kernel, node } = first.machine;
  const versions = Object.assign({}, ...runs.map((run) => run.versions)) as Record<string, string>;
  const rows = rowsOf(runs.flatMap(({ results }) => results));
  const failures = runs.flatMap((run) => run.failures);
  return [
    "# How fast Linnet is",
    "Measured by `bench/main.ts`, written by `bench/report.ts`; what it means stands in [performance.md](../docs/performance.md).",
    `Machine: ${cores} cores of ${processor}, ${memoryGiB} GiB, Linux ${kernel}, Node.js ${node}. ` +
      `Commit ${list(runs.map(({ machine }) => machine.commit))}, ${list(runs.map(({ machine }) => machine.date))}.`,
    `Daemons: ${Object.entries(versions)
      .flatMap(([name, version]) => (name === "c" || name === "null" ? [] : [`${name} ${version}`]))
      .join(", ")}. ` +
      "`null` hands octets on unread: what the bench itself takes. `c` is a C program that gives the kernel the same routes.",
    "The median is of `n` rounds that alternate between the daemons. `x best other` is the median over that of the best other " +
      "daemon, `x bird2` over BIRD 2's: below 1 is better. `equal`: all ended with the same routes with the same attributes.",
    ...scenarios.flatMap(({ name, about, sizeOf }) => section(name, about, sizeOf, rows, failures)),
    "",
  ].join("\n\n");
}

function section(
  name: string,
  about: string,
  sizeOf: string,
  rows: readonly Row[],
  failures: readonly Failure[],
): string[] {
  const own = rows.filter(({ scenario }) => scenario === name);
  const failed = failures.filter(({ scenario }) => scenario === name);
  if (own.length === 0 && failed.length === 0) return [];
  const lines = failed.map(
    ({ daemon, size, round, reason }) => `- ${daemon}, ${size}, round ${round}: ${reason.split("\n")[0]}`,
  );
  return [
    `## ${name}`,
    `${capital(about)}. Size: ${sizeOf}.`,
    tableText(own),
    ...(lines.length === 0 ? [] : [`Came to nothing:\n\n${lines.join("\n")}`]),
  ];
}

const list = (words: readonly string[]): string => [...new Set(words)].join(", ");

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

if (import.meta.main) {
  const runs = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, "utf8")) as Recorded);
  writeFileSync(join(import.meta.dirname, "REPORT.md"), report(runs));
}
