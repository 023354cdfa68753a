import { readFileSync } from "node:fs";
import { join } from "node:path";
import { indexed } from "./recordings.ts";

/** How Linnet's answer to a command stands to the recorded one, as `docs/birdc.md` says it. */
export interface CommandRow {
  readonly answer: "same" | "other content" | "not applicable";
  /** Of the answer, where the reason begins with them. */
  readonly codes: readonly string[];
  readonly reason: string;
}

const page = join(import.meta.dirname, "../../../docs/birdc.md");

/** Recordings by the heading of their table. */
export const tables = {
  "BIRD 2.0.12": ["2.0.12"],
  "BIRD 1.6 as Calico has it": ["calico-1.6.8/bird", "calico-1.6.8/bird6"],
} as const;

/** A command as the tables write it: what cannot be seen is escaped, blanks at the ends are dots, long ones are cut. */
export function written(command: string): string {
  if (command === "") return "(nothing)";
  const visible = command
    .replaceAll("\t", "\\t")
    .replaceAll("\r", "\\r")
    .replaceAll("\n", "\\n")
    .replaceAll("\0", "\\0");
  const cut = visible.length > 80 ? `${visible.slice(0, 24)}…` : visible;
  return cut.replace(/^ +| +$/g, (blanks) => "·".repeat(blanks.length));
}

/** Rows by command as it is written. @param heading of the table */
export function commandTable(heading: keyof typeof tables): Map<string, CommandRow> {
  const text = readFileSync(page, "utf8");
  const section = text.split(`### ${heading}\n`)[1]?.split(/^##/m)[0] ?? "";
  const rows = new Map<string, CommandRow>();
  for (const line of section.split("\n")) {
    const [, commands = "", answer = "", reason = ""] = /^\| (`.*`) \| (\w[\w ]+) \| ?(.*?) ?\|$/.exec(line) ?? [];
    for (const [, command = ""] of commands.matchAll(/`([^`]*)`/g)) {
      const codes = /^\d{4}(?: \d{4})*\b/.exec(reason)?.[0].split(" ") ?? [];
      rows.set(command.replaceAll("\\|", "|"), { answer: answer as CommandRow["answer"], codes, reason });
    }
  }
  return rows;
}

/** Everything that was asked in the recordings of a table, written as there. */
export const recordedCommands = (heading: keyof typeof tables): string[] => [
  ...new Set(tables[heading].flatMap((version) => indexed(version).map(({ command }) => written(command)))),
];

/** What is wrong with the codes of an answer that is not the same. @param expected of the recorded answer */
export function wrongCodes(
  { answer, codes }: CommandRow,
  got: readonly string[],
  expected: readonly string[],
): string[] {
  const asRecorded = answer === "other content" && (got.length === 0 || got.join(" ") === expected.join(" "));
  const asSaid = got.length > 0 && got.every((code) => codes.includes(code));
  return asRecorded || asSaid ? [] : [`${answer}, and answers ${got.join(" ")}`];
}
