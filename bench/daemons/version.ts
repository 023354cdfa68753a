import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Where a program is: its path or name, in the machine's file system or below another root. */
export interface Place {
  readonly command: string;
  readonly root?: string;
}

/** The first version number that a program prints; undefined where it cannot be run. */
export function versionOf({ command, root }: Place, args: readonly string[]): string | undefined {
  if (root !== undefined && !existsSync(root)) return undefined;
  const [program = "", ...all] = root === undefined ? [command, ...args] : ["chroot", root, command, ...args];
  const { status, stdout, stderr } = spawnSync(program, all, { encoding: "utf8" });
  return status === null ? undefined : /\d+(\.\d+)+/.exec(stdout + stderr)?.[0];
}
