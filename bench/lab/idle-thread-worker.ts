import { workerData } from "node:worker_threads";

/** The thread of `IdleThread`: as often as a daemon's event loop is looked at. */
const longestMs = workerData as Float64Array;
const resolutionMs = 2;

let before = performance.now();
setInterval(() => {
  const now = performance.now();
  longestMs[0] = Math.max(longestMs[0] ?? 0, now - before - resolutionMs);
  before = now;
}, resolutionMs);
