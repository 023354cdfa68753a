import type { Row } from "./results.ts";

const headings = [
  "scenario",
  "size",
  "what",
  "daemon",
  "n",
  "median",
  "min",
  "max",
  "unit",
  "cpu s",
  "x best other",
  "x bird2",
  "state",
];

/** The rows as columns of a Markdown table, aligned for a terminal too. */
export function tableText(rows: readonly Row[]): string {
  const lines = [headings, ...rows.map((row) => cells(row, rows))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`);
  text.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  return text.join("\n");
}

function cells(row: Row, rows: readonly Row[]): string[] {
  return [
    row.scenario,
    row.size.toLocaleString("en"),
    row.metric,
    row.daemon,
    String(row.rounds),
    number(row.median),
    number(row.min),
    number(row.max),
    row.unit,
    row.cpuSeconds === undefined ? "" : number(row.cpuSeconds),
    row.ratio === undefined ? "" : row.ratio.toFixed(2),
    row.ratioToBird === undefined ? "" : row.ratioToBird.toFixed(2),
    state(row, rows),
  ];
}

/** Whether the daemon ended where the others of the same scenario did. */
function state(row: Row, rows: readonly Row[]): string {
  if (row.checksums.length === 0) return "";
  const same = (other: Row): boolean =>
    other.scenario === row.scenario && other.size === row.size && other.metric === row.metric;
  const all = new Set(rows.filter(same).flatMap(({ checksums }) => checksums));
  return all.size === 1 ? "equal" : row.checksums.join(" ");
}

/** Three digits that count. */
export const number = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 1 ? value.toFixed(2) : value.toFixed(3);
};
