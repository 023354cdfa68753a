import { readFileSync } from "node:fs";
import { parseAllDocuments, stringify } from "yaml";
import { migrateCalico } from "#migrate/calico.ts";
import { type ForeignObject, foreignObjects } from "#migrate/foreign.ts";
import { migrateKubeRouter } from "#migrate/kube-router.ts";
import { migrateMetallb } from "#migrate/metallb.ts";
import type { Migration } from "#migrate/outcome.ts";
import { command } from "./configured.ts";
import { UsageError } from "./flags.ts";

const systems: Readonly<Record<string, (objects: readonly ForeignObject[]) => Migration>> = {
  calico: migrateCalico,
  "kube-router": migrateKubeRouter,
  metallb: migrateMetallb,
};

export const systemNames = Object.keys(systems);

/**
 * `linnet migrate SYSTEM [-f FILE…]`: prints our objects for another system's, with remarks as comments. Reads what
 * `kubectl get -o yaml` (or json) prints.
 * @returns the exit status: 1 where nothing of the system's was found
 */
export function migrate(
  system: string,
  { file: files = ["-"] }: { readonly file?: readonly string[] },
): Promise<number> {
  return command(async () => {
    const objects = files.flatMap(readForeign);
    const known = systems[system];
    if (known === undefined) throw new UsageError(`${system} is none of ${systemNames.join(", ")}`);
    if (objects.length === 0) throw new UsageError(`no objects in ${files.join(", ")}`);
    process.stdout.write(manifestOf(known(objects)));
  });
}

function readForeign(file: string): ForeignObject[] {
  try {
    const documents = parseAllDocuments(readFileSync(file === "-" ? 0 : file, "utf8"));
    const [error] = documents.flatMap(({ errors }) => errors);
    if (error) throw error;
    return foreignObjects(documents.map((document) => document.toJS() as unknown));
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Manifests that can be applied as they are; what a person has to look at stands above them. */
export function manifestOf({ objects, nodes, remarks }: Migration): string {
  const head = [...remarks, ...nodes.map(({ node, annotations }) => annotateCommand(node, annotations))];
  const parts = objects.map((each) => comments(each.remarks) + stringify(each.object, { lineWidth: 0 }));
  return `${comments(head)}${parts.map((part) => `---\n${part}`).join("")}`;
}

const comments = (lines: readonly string[]): string =>
  lines
    .flatMap((line) => line.split("\n"))
    .map((line) => `# ${line}\n`)
    .join("");

function annotateCommand(node: string, annotations: Readonly<Record<string, string>>): string {
  const words = Object.entries(annotations).map(([key, value]) => `${key}=${quoted(value)}`);
  return `kubectl annotate node ${quoted(node)} ${words.join(" ")}`;
}

/** For a shell, where it needs to be. */
const quoted = (text: string): string => (/^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
