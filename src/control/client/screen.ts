/** Means to write for people: columns, spans of time, colours where the reader can see them. */

export type Colour = "good" | "bad" | "warning" | "dim" | "plain";
export type Paint = (colour: Colour, text: string) => string;

const codes: Readonly<Record<Colour, string>> = { good: "32", bad: "31", warning: "33", dim: "2", plain: "" };

export const withoutColours: Paint = (_colour, text) => text;
export const withColours: Paint = (colour, text) => {
  return codes[colour] === "" ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`;
};

/** Rows of cells as lines of aligned columns; columns that are empty in all rows but the first are left out. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = (rows[0] ?? []).map((_, column) => column);
  const used = columns.filter((column) => rows.length < 2 || rows.slice(1).some((row) => row[column] !== ""));
  const widths = used.map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    used
      .map((column, index) => (row[column] ?? "").padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const units = [
  { name: "d", ms: 86_400_000 },
  { name: "h", ms: 3_600_000 },
  { name: "min", ms: 60_000 },
  { name: "s", ms: 1000 },
] as const;

/** A span in its two largest units: `3 h 12 min`. */
export function ago(spanMs: number): string {
  const span = Math.max(0, spanMs);
  const first = units.findIndex(({ ms }) => span >= ms);
  if (first < 0) return "0 s";
  const shown = units.slice(first, first + 2);
  let rest = span;
  const parts = shown.map(({ name, ms }) => {
    const count = Math.floor(rest / ms);
    rest -= count * ms;
    return { count, text: `${count} ${name}` };
  });
  return parts
    .filter(({ count }, index) => index === 0 || count > 0)
    .map(({ text }) => text)
    .join(" ");
}
