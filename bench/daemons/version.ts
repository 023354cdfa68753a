import { spawnSync } from "node:child_process";

/** The first version number that a program prints; undefined where it cannot be run. */
export function versionOf(command: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return status === null ? undefined : /\d+(\.\d+)+/.exec(stdout + stderr)?.[0];
}
