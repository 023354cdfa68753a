import { readFileSync, writeFileSync } from "node:fs";

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/**
 * Was the machine booted since this was asked last? What the kernel held before is gone then. Keeps the answer to the
 * next question in `file`; without one there, or where it cannot be read, this is the first time.
 * @param source where the kernel says which boot this is
 */
export function bootedSince(file: string, source: string = BOOT_ID): boolean {
  const now = readFileSync(source, "utf8").trim();
  const before = recorded(file);
  if (before !== now) writeFileSync(file, `${now}\n`);
  return before !== undefined && before !== now;
}

function recorded(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
