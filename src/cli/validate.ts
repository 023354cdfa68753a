import { compile } from "#config/compile/compile.ts";
import { loadManifests, UnreadableDirectory } from "#config/io/manifest-directory.ts";
import { formatRemark } from "#config/manifests.ts";
import type { ObjectSet } from "#config/objects.ts";
import type { Remark } from "#config/remark.ts";

/** Nodes from whose point of view a directory is looked at; what is wrong is nearly always wrong for the first ones too. */
const MAX_NODES = 200;

/**
 * `linnet validate PATH`: everything that is wrong in a directory or file, one line each.
 * @returns the exit status: 0 all is well or only warnings, 1 errors, 2 the directory or file cannot be read
 */
export async function validate(path: string): Promise<number> {
  try {
    const { objects, remarks, foreign } = await loadManifests(path);
    const all = [...remarks, ...compileForAll(objects)];
    const lines = new Set(
      all.map((remark) => `${formatRemark(remark)}${remark.severity === "warning" ? " (warning)" : ""}`),
    );
    for (const line of lines) console.log(line);
    const errors = new Set(all.filter(({ severity }) => severity === "error").map(formatRemark)).size;
    console.log(summary(objects, foreign.length, errors, lines.size - errors));
    return errors === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UnreadableDirectory)) throw error;
    console.error(error.message);
    return 2;
  }
}

function compileForAll(objects: ObjectSet): Remark[] {
  const names = [...objects.Node.keys()].sort().slice(0, MAX_NODES);
  return names.flatMap((name) => compile(objects, name).remarks);
}

function summary(objects: ObjectSet, foreign: number, errors: number, warnings: number): string {
  const present = Object.entries(objects).filter(([, map]) => map.size > 0);
  const counts = present.map(([kind, map]) => `${map.size} ${kind}`);
  const ignored = foreign === 0 ? [] : [`${foreign} of other kinds ignored`];
  return `${[...counts, ...ignored].join(", ") || "no objects"}: ${errors} errors, ${warnings} warnings`;
}
