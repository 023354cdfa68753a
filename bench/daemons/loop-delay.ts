import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/**
 * Loaded into a Node.js daemon by `--import`: on SIGUSR2 two numbers go to the file that the environment names, in
 * milliseconds since the last one: the longest delay of the main thread's event loop, and the most processor time that the
 * thread used in one turn of it. The first is longer where other programs had the processor meanwhile.
 */
const { BENCH_LOOP_DELAY: file } = process.env;
const resolutionMs = 2;

if (isMainThread && file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  let mostMs = 0;
  let before = cpuMs();
  setInterval(() => {
    const now = cpuMs();
    mostMs = Math.max(mostMs, now - before);
    before = now;
  }, resolutionMs).unref();
  process.on("SIGUSR2", () => {
    const longestMs = delays.max / 1e6 - resolutionMs;
    delays.reset();
    writeFileSync(file, `${longestMs.toFixed(3)} ${mostMs.toFixed(3)}\n`);
    mostMs = 0;
  });
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
