import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Makes a file hold `text`: readers see the old content or the new one, never a part, also after a power failure. A file
 * that holds it already is not touched. Mode 0644. Directories are made where missing.
 * @returns whether it was written
 */
export async function writeFileAtomically(path: string, text: string): Promise<boolean> {
  if ((await currentText(path)) === text) return false;
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  // The name is always the same, so that what a crash left is overwritten; and no CNI runtime would read it.
  const temporary = join(directory, `.${basename(path)}.linnet-tmp`);
  const file = await open(temporary, "w", 0o644);
  try {
    await file.chmod(0o644); // whatever the umask
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(directory);
  return true;
}

/** @returns whether there was a file */
export async function removeFile(path: string): Promise<boolean> {
  if ((await currentText(path)) === undefined) return false;
  await rm(path);
  await syncDirectory(dirname(path));
  return true;
}

async function currentText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
