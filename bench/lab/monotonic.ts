/** Milliseconds of CLOCK_MONOTONIC: comparable between the processes of one machine. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
