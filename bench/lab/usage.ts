import { readdirSync, readFileSync } from "node:fs";

/** What a set of processes uses. */
export interface Usage {
  /** Seconds on a CPU since they began, all threads, user and system. */
  readonly cpuSeconds: number;
  /** Resident octets; pages that the processes share are counted once (PSS). */
  readonly residentOctets: number;
}

/** `root` and all its descendants. */
export function processTree(root: number): number[] {
  const children = read(`/proc/${root}/task/${root}/children`).split(" ").filter(Boolean).map(Number);
  return [root, ...children.flatMap(processTree)];
}

/** @param roots processes whose descendants are counted too; one that is gone counts nothing */
export function usageOf(roots: readonly number[]): Usage {
  const pids = roots.flatMap(processTree);
  return {
    cpuSeconds: sum(pids.map(cpuSeconds)),
    residentOctets: sum(pids.map(residentOctets)),
  };
}

function cpuSeconds(pid: number): number {
  const threads = list(`/proc/${pid}/task`);
  return sum(threads.map((thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]) / 1e9));
}

const residentOctets = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
