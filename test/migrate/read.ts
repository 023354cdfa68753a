import { parseAllDocuments } from "yaml";
import { readDirectory } from "#config/directory.ts";
import { type ForeignObject, foreignObjects } from "#migrate/foreign.ts";
import type { Migration } from "#migrate/outcome.ts";
import { manifestOf } from "../../src/cli/migrate.ts";

export const foreign = (yaml: string): ForeignObject[] =>
  foreignObjects(parseAllDocuments(yaml).map((document) => document.toJS() as unknown));

/** The spec of one of the objects. @throws Error where there is none */
export function specOf({ objects }: Migration, kind: string, name = "default"): object {
  const found = objects.find(({ object }) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind}/${name}`);
  return found.object.spec;
}

export const namesOf = ({ objects }: Migration): string[] =>
  objects.map(({ object }) => `${object.kind}/${object.metadata.name}`);

/** What our own reader says about what is printed. */
export const faultsOf = (migration: Migration): string[] =>
  readDirectory([{ path: "migrated.yaml", text: manifestOf(migration) }]).remarks.map(
    ({ object, text }) => `${object}: ${text}`,
  );
