import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Daemon, Setup } from "../daemons/daemon.ts";
import { monotonicMs } from "./monotonic.ts";
import { type Usage, usageOf } from "./usage.ts";

/** A daemon under test, running in its namespace. */
export class DaemonProcess {
  readonly startedMs: number;
  readonly directory: string;
  readonly #children: readonly ChildProcess[];

  /** @param directory made for its files and its log */
  constructor(daemon: Daemon, setup: Setup, namespace: string, directory: string) {
    mkdirSync(directory, { recursive: true });
    this.directory = directory;
    const programs = daemon.prepare(setup, directory);
    this.startedMs = monotonicMs();
    this.#children = programs.map(({ command, args, environment }) => {
      const log = openSync(join(directory, "log"), "a");
      const wrapped = ["netns", "exec", namespace, "prlimit", "--nofile=20000", command, ...args];
      const env = { ...process.env, ...environment };
      const child = spawn("ip", wrapped, { stdio: ["ignore", log, log], env });
      closeSync(log);
      return child;
    });
  }

  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  get log(): string {
    return readFileSync(join(this.directory, "log"), "utf8");
  }

  /** Something that should run has ended. */
  get ended(): boolean {
    return this.#children.some(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
  }

  usage(): Usage {
    return usageOf(this.pids);
  }

  /** SIGTERM, and SIGKILL for what is still there after three seconds. */
  async stop(): Promise<void> {
    await Promise.all([...this.#children].reverse().map(end));
  }
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const late = setTimeout(() => child.kill("SIGKILL"), 3000);
    child.once("exit", () => {
      clearTimeout(late);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
