import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "./write-file.ts";

/** What the network configuration calls, and loopback, which some container runtimes call for every pod. */
export const neededPlugins: readonly string[] = ["bridge", "host-local", "loopback", "portmap", "ptp"];

/** Beside the plugins: which of them we put there, `SHA256  NAME` a line, as sha256sum writes it. */
const RECORD = ".linnet-plugins";

export type PluginOutcome = "installed" | "replaced" | "is already as it should be" | "is somebody else's, left alone";

/**
 * Copies CNI plugins onto the node. A plugin that somebody else put there stays, whatever its version; one of ours is
 * replaced when the image brings another. Container runtimes see the old file or the new one, never a part.
 * @returns what was done about each, by name
 */
export async function installPlugins(from: string, to: string): Promise<ReadonlyMap<string, PluginOutcome>> {
  await mkdir(to, { recursive: true });
  const ours = await recorded(to);
  const outcomes = new Map<string, PluginOutcome>();
  for (const name of neededPlugins) {
    const program = await readFile(join(from, name));
    const wanted = digest(program);
    const present = await digestOf(join(to, name));
    const isOurs = present !== undefined && ours.get(name) === present;
    if (present === wanted) outcomes.set(name, "is already as it should be");
    else if (present !== undefined && !isOurs) outcomes.set(name, "is somebody else's, left alone");
    else {
      ours.set(name, wanted);
      await record(to, ours); // first: a crash in between leaves a record of what is not there, which harms nobody
      await writeProgram(to, name, program);
      outcomes.set(name, present === undefined ? "installed" : "replaced");
    }
  }
  return outcomes;
}

async function writeProgram(directory: string, name: string, program: Buffer): Promise<void> {
  const temporary = join(directory, `.${name}.linnet-tmp`);
  const file = await open(temporary, "w", 0o755);
  try {
    await file.chmod(0o755); // whatever the umask
    await file.writeFile(program);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, name));
}

async function recorded(directory: string): Promise<Map<string, string>> {
  const text = await readFile(join(directory, RECORD), "utf8").catch(absent);
  const lines = text?.split("\n").filter((line) => line !== "") ?? [];
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}

async function record(directory: string, ours: ReadonlyMap<string, string>): Promise<void> {
  const lines = Array.from(ours, ([name, sha256]) => `${sha256}  ${name}\n`).sort();
  await writeFileAtomically(join(directory, RECORD), lines.join(""));
}

const digest = (octets: Buffer): string => createHash("sha256").update(octets).digest("hex");

async function digestOf(path: string): Promise<string | undefined> {
  const octets = await readFile(path).catch(absent);
  return octets === undefined ? undefined : digest(octets);
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
