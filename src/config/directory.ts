import { stillInForce } from "./last-valid.ts";
import { broken, readManifest } from "./manifests.ts";
import { type ConfigObject, emptySet, type FileSource, type ObjectSet, setOf } from "./objects.ts";
import type { Remark } from "./remark.ts";
import type { Reading } from "./validate.ts";

/** A manifest file as it stands on disk. */
export type ManifestFile =
  | { readonly path: string; readonly text: string }
  | { readonly path: string /** Why. */; readonly unreadable: string };

interface ReadFile {
  readonly file: ManifestFile;
  readonly readings: readonly Reading[];
}

/** What a directory says, and what is wrong with it. */
export interface DirectoryState {
  readonly objects: ObjectSet;
  readonly remarks: readonly Remark[];
  /** Objects that are not ours to judge, for a debug line. */
  readonly foreign: readonly string[];
  /** What each file was read as: one that did not change is not read again. */
  readonly read: ReadonlyMap<string, ReadFile>;
}

export const emptyDirectory: DirectoryState = { objects: emptySet, remarks: [], foreign: [], read: new Map() };

/**
 * The state that follows `previous` when the directory holds `files`. An object that is invalid now keeps its last valid
 * state in force; what is in no file any more is gone. Of two objects with one name the first stays, files being sorted.
 */
export function readDirectory(
  files: readonly ManifestFile[],
  previous: DirectoryState = emptyDirectory,
): DirectoryState {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const read = new Map(
    sorted.map((file) => {
      const known = previous.read.get(file.path);
      return [file.path, known !== undefined && sameFile(known.file, file) ? known : readFile(file)];
    }),
  );
  const readings = Array.from(read.values()).flatMap((file) => file.readings);
  const valid = new Map<string, ConfigObject>();
  const remarks = readings.flatMap((reading): readonly Remark[] => {
    if (reading.is !== "object") return reading.is === "invalid" ? reading.remarks : [];
    const key = `${reading.object.kind}/${reading.object.name}`;
    const first = valid.get(key);
    if (first === undefined) valid.set(key, reading.object);
    return first === undefined ? [] : [double(reading.object, first)];
  });
  return {
    objects: setOf([...stillInForce(previous.objects, readings), ...valid.values()]),
    remarks,
    foreign: readings.flatMap((reading) => (reading.is === "foreign" ? [reading.what] : [])),
    read,
  };
}

function sameFile(a: ManifestFile, b: ManifestFile): boolean {
  if ("text" in a) return "text" in b && a.text === b.text;
  return "unreadable" in b && a.unreadable === b.unreadable;
}

function readFile(file: ManifestFile): ReadFile {
  if ("text" in file) return { file, readings: readManifest(file.path, file.text) };
  const source: FileSource = { from: "file", file: file.path, text: "", line: 1, at: [] };
  return { file, readings: broken(source, file.unreadable) };
}

function double({ kind, name, source }: ConfigObject, first: ConfigObject): Remark {
  const where = first.source.from === "file" ? ` in ${first.source.file}` : "";
  const text = `there is another one${where}, which stays in force`;
  return { severity: "error", object: `${kind}/${name}`, path: ["metadata", "name"], text, source };
}
