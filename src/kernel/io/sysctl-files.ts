import { readFileSync, writeFileSync } from "node:fs";
import type { SysctlFiles } from "../sysctl.ts";

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

/** @param root /proc/sys of the network namespace that the process runs in, or another mount of the same */
export const sysctlFilesAt = (root: string): SysctlFiles => ({
  read(name) {
    try {
      return readFileSync(`${root}/${name}`, "utf8");
    } catch {
      return undefined;
    }
  },
  write(name, value) {
    try {
      writeFileSync(`${root}/${name}`, value);
      return undefined;
    } catch (error) {
      return codeOf(error);
    }
  },
});
