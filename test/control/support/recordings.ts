import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where BIRD's recorded answers are, beside the checkout; they are not part of it. */
const root = join(import.meta.dirname, "../../../../shared/birdc");

/** Why tests that compare with the recordings are skipped; undefined: they are there. */
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

/** @param version `2.0.12`, `calico-1.6.8/bird` */
export function recordings(version: string, group: string): Recording[] {
  const folder = join(root, version);
  const rows = readFileSync(join(folder, "index.tsv"), "utf8").trim().split("\n").slice(1);
  return rows
    .map((row) => row.split("\t"))
    .filter(([ofGroup]) => ofGroup === group)
    .map((columns) => {
      const [, file = ""] = columns;
      const text = readFileSync(join(folder, group, `${file}.txt`), "utf8");
      const sent = JSON.parse(/^## sent: (.*)$/m.exec(text)?.[1] ?? '""') as string;
      return {
        group,
        file,
        sent: sent.replace(/\n$/, ""),
        reply: readFileSync(join(folder, "raw", group, `${file}.raw`), "utf8"),
        fresh: columns.at(-1)?.startsWith("fresh") ?? true,
        text,
      };
    });
}

/** A file of the recordings. */
export const recorded = (path: string): string => readFileSync(join(root, path), "utf8");
