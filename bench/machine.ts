import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";

/** What numbers depend on besides the programs. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Commit of the checkout, with + where files differ from it. */
  readonly commit: string;
  readonly date: string;
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    commit: git("describe", "--always", "--dirty=+", "--exclude=*"),
    date: new Date().toISOString().slice(0, 10),
  };
}

function git(...args: string[]): string {
  try {
    return execFileSync("git", ["-C", import.meta.dirname, ...args], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
