import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/**
 * Loaded into a Node.js daemon by `--import`: on SIGUSR2 the longest delay of the main thread's event loop since the last
 * one, milliseconds, goes to the file that the environment names.
 */
const { BENCH_LOOP_DELAY: file } = process.env;
const resolutionMs = 2;

if (isMainThread && file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  process.on("SIGUSR2", () => {
    const longestMs = delays.max / 1e6 - resolutionMs;
    delays.reset();
    writeFileSync(file, `${longestMs.toFixed(3)}\n`);
  });
}
