import { readFileSync, writeFileSync } from "node:fs";
import type { SysctlFiles } from "../sysctl.ts";

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

/** /proc/sys of the network namespace that the process runs in. */
export const sysctlFiles: SysctlFiles = {
  read(name) {
    try {
      return readFileSync(`/proc/sys/${name}`, "utf8");
    } catch {
      return undefined;
    }
  },
  write(name, value) {
    try {
      writeFileSync(`/proc/sys/${name}`, value);
      return undefined;
    } catch (error) {
      return codeOf(error);
    }
  },
};
