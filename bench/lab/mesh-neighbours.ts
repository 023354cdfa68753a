import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { endianness } from "node:os";
import { createInterface } from "node:readline";
import { native } from "../native/compile.ts";
import type { SessionSpec } from "../speaker/session.ts";
import { undotted } from "./address-plan.ts";

/** What `mesh-neighbours` says, once each. */
type Event = "established" | "told";

/** Thousands of neighbours that dial: a program in C, which costs little beside the daemon. */
export class MeshNeighbours {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #events: Readonly<Record<Event, PromiseWithResolvers<number>>> = {
    established: Promise.withResolvers<number>(),
    told: Promise.withResolvers<number>(),
  };

  /**
   * @param sessions each with its greeting; they are dialled at once
   * @param inFlight how many may be on their way at a time
   * @param file where the list of them is put
   */
  constructor(namespace: string, sessions: readonly SessionSpec[], inFlight: number, file: string) {
    writeFileSync(file, Buffer.concat(sessions.map(record)));
    const program = [native("mesh-neighbours"), file, String(inFlight)];
    this.#child = spawn("ip", [
      "netns",
      "exec",
      namespace,
      "taskset",
      "-c",
      "0",
      "prlimit",
      "--nofile=20000",
      ...program,
    ]);
    for (const { promise } of Object.values(this.#events)) promise.catch(() => {});
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#said(line));
    this.#child.on("exit", () => this.#failed("the neighbours ended"));
  }

  /** @returns when it was so, monotonic */
  until(event: Event, timeoutMs = 120_000): Promise<number> {
    const late = setTimeout(() => this.#failed(`not all were ${event} in ${timeoutMs} ms`), timeoutMs);
    return this.#events[event].promise.finally(() => clearTimeout(late));
  }

  stop(): void {
    this.#child.removeAllListeners("exit");
    this.#child.kill("SIGKILL");
  }

  #said(line: string): void {
    const [event = "", ms] = line.split(" ");
    if (event === "lost") this.#failed("an established session was lost");
    else this.#events[event as Event].resolve(Number(ms));
  }

  #failed(reason: string): void {
    for (const { reject } of Object.values(this.#events)) reject(new Error(reason));
  }
}

/** See mesh-neighbours.c. */
function record({ localAddress, remoteAddress, as, holdSeconds, greeting = Buffer.alloc(0) }: SessionSpec): Buffer {
  if (endianness() !== "LE") throw new Error("written for little endian");
  const head = Buffer.alloc(16);
  head.writeUInt32LE(undotted(localAddress), 0);
  head.writeUInt32LE(undotted(remoteAddress), 4);
  head.writeUInt32LE(as, 8);
  head.writeUInt16LE(holdSeconds, 12);
  head.writeUInt16LE(greeting.length, 14);
  return Buffer.concat([head, greeting]);
}
