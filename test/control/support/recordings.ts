import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A selection of what BIRD said, part of the checkout. */
const selection = join(import.meta.dirname, "../../golden/birdc");
/** All of it, beside the checkout and not part of it. */
const root = join(import.meta.dirname, "../../../../shared/birdc");

/** Why tests that need all recordings are skipped; undefined: they are there. */
export const missing = existsSync(root) ? undefined : `no recordings at ${root}`;

export interface Recording {
  readonly group: string;
  /** File name without its ending. */
  readonly file: string;
  /** What was sent, without the line's end. */
  readonly sent: string;
  readonly reply: string;
  /** A connection of its own, and not one that goes on from the recording before. */
  readonly fresh: boolean;
  /** The `.txt` file whole: the reply, and what clients print of it. */
  readonly text: string;
}

/** @param version `2.0.12`, `calico-1.6.8/bird` @param group a folder of it */
export function recordings(version: string, group: string): Recording[] {
  const folder = join(root, version);
  const rows = readFileSync(join(folder, "index.tsv"), "utf8").trim().split("\n").slice(1);
  return rows
    .map((row) => row.split("\t"))
    .filter(([ofGroup]) => ofGroup === group)
    .map((columns) => {
      const [, file = ""] = columns;
      const text = readFileSync(join(folder, group, `${file}.txt`), "utf8");
      const reply = readFileSync(join(folder, "raw", group, `${file}.raw`), "utf8");
      return { group, file, text, reply, sent: sentIn(text), fresh: columns.at(-1)?.startsWith("fresh") ?? true };
    });
}

/** A reply with attributes or names too long for its columns, which no index lists. */
export function longReply(file: string): string {
  const text = readFileSync(join(root, "2.0.12/long", `${file}.txt`), "utf8");
  return text.slice(text.indexOf("\n", text.indexOf("## raw")) + 1);
}

/** Rows of a version's index. */
export function indexed(version: string): { readonly group: string; readonly command: string }[] {
  const rows = readFileSync(join(root, version, "index.tsv"), "utf8")
    .trim()
    .split("\n")
    .slice(1);
  return rows.map((row) => {
    const [group = "", , command = ""] = row.split("\t");
    return { group, command: JSON.parse(`"${command}"`) as string };
  });
}

/** The selection. @param version `2.0.12`, `calico-1.6.8` */
export function selected(version: string): Recording[] {
  return globSync("*.txt", { cwd: join(selection, version) })
    .toSorted()
    .map((name) => {
      const text = readFileSync(join(selection, version, name), "utf8");
      const reply = /^## raw.*\n([\s\S]*?)^## /m.exec(text)?.[1] ?? "";
      return { group: "selected", file: name.replace(".txt", ""), text, reply, sent: sentIn(text), fresh: true };
    });
}

const sentIn = (text: string): string =>
  (JSON.parse(/^## sent: (.*)$/m.exec(text)?.[1] ?? '""') as string).replace(/\n$/, "");

/** Rows of the table of abbreviations: input, lines sent, exit status, output. */
export const abbreviations = (): string[][] =>
  readFileSync(join(selection, "expansion-birdc-2.0.tsv"), "utf8")
    .trim()
    .split("\n")
    .slice(2)
    .map((row) => row.split("\t"));
