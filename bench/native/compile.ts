import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Compiles `bench/native/NAME.c` unless that was done before. @returns path of the program */
export function native(name: "kernel-watch" | "kernel-floor" | "mesh-neighbours"): string {
  const source = join(import.meta.dirname, `${name}.c`);
  const folder = join(tmpdir(), "linnet-bench-native");
  const program = join(
    folder,
    `${name}-${createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 16)}`,
  );
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-o", `${program}.new`, source], { stdio: "inherit" });
  renameSync(`${program}.new`, program);
  return program;
}
