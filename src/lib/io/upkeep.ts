import { readFileSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { unchangedMappings } from "../mappings.ts";
import { type Chores, Upkeep, type Usage } from "../upkeep.ts";
import { leavePages, returnFreedMemory } from "./libc.ts";

/** How often the process looks after its memory: compiling leaves megabytes in each of V8's threads. */
const LOOK_MS = 10_000;

/** Keeps the resident size of this process small while it has nothing to do. @returns what ends it */
export function keepUp(): () => void {
  const upkeep = new Upkeep(usage());
  let saving = false;
  const timer = setInterval(() => {
    returnFreedMemory();
    const chores: Chores = upkeep.look(usage());
    if (chores.leavePages) void leaveProgram();
    if (chores.saveMemory === saving) return;
    saving = chores.saveMemory;
    setFlagsFromString(saving ? "--memory-saver-mode" : "--no-memory-saver-mode");
  }, LOOK_MS);
  return () => clearInterval(timer);
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const status = readFileSync("/proc/self/status", "latin1");
  const octets = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1024;
  return {
    nowMs: performance.now(),
    processorMs: (user + system) / 1000,
    fileOctets: octets("RssFile"),
    ownOctets: octets("RssAnon"),
    heapOctets: getHeapStatistics().used_heap_size,
  };
}

/**
 * Takes the pages of Node.js's own file out of this process. Its mappings are those of the start of the process, and do not
 * change: what was read of them is true for as long as it runs.
 */
export async function leaveProgram(): Promise<number> {
  const ranges = unchangedMappings(await readFile("/proc/self/smaps", "latin1"), readlinkSync("/proc/self/exe"));
  return ranges.filter((range) => leavePages(range) === 0).length;
}
