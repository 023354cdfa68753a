import { Worker } from "node:worker_threads";

/** A thread that only looks at the clock: how late it is for that is the machine's doing, and what a daemon's delays compare with. */
export class IdleThread {
  readonly #longestMs = new Float64Array(new SharedArrayBuffer(8));
  readonly #worker = new Worker(new URL("./idle-thread-worker.ts", import.meta.url), { workerData: this.#longestMs });

  /** Longest delay since the last call. */
  longestMs(): number {
    const [longest = 0] = this.#longestMs;
    this.#longestMs[0] = 0;
    return longest;
  }

  stop(): void {
    void this.#worker.terminate();
  }
}
