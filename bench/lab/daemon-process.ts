import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Daemon, Program, Setup } from "../daemons/daemon.ts";
import { monotonicMs } from "./monotonic.ts";
import { processTree, type Usage, usageOf } from "./usage.ts";

/** A daemon under test, running in its namespace. */
export class DaemonProcess {
  readonly startedMs: number;
  readonly directory: string;
  readonly #children: ChildProcess[] = [];

  private constructor(directory: string) {
    this.directory = directory;
    this.startedMs = monotonicMs();
  }

  /** @param directory made for its files and its log */
  static async start(daemon: Daemon, setup: Setup, namespace: string, directory: string): Promise<DaemonProcess> {
    mkdirSync(directory, { recursive: true });
    const programs = daemon.prepare(setup, directory);
    const started = new DaemonProcess(directory);
    for (const program of programs) {
      while (program.after !== undefined && !existsSync(program.after) && !started.ended) await sleep(1);
      started.#children.push(launch(program, namespace, join(directory, "log")));
    }
    return started;
  }

  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** The one that speaks BGP. */
  get mainPid(): number {
    return this.pids.at(-1) ?? 0;
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

  /** SIGKILL for all, without waiting. */
  kill(): void {
    for (const pid of this.pids.flatMap(processTree)) process.kill(pid, "SIGKILL");
  }

  /** SIGTERM, and SIGKILL for what is still there after three seconds. */
  async stop(): Promise<void> {
    await Promise.all([...this.#children].reverse().map(end));
  }
}

/** Other roots see the processes and files of this one; `ip netns exec` gave the mounts a namespace of their own. */
const enter = `for part in /proc /dev /run "$1"; do mkdir -p "$0$part"; mount --rbind "$part" "$0$part"; done; shift; exec chroot "$0" "$@"`;

function launch({ command, args, environment, root }: Program, namespace: string, logFile: string): ChildProcess {
  const log = openSync(logFile, "a");
  const inside = root === undefined ? [] : ["sh", "-ec", enter, root, tmpdir()];
  const wrapped = ["netns", "exec", namespace, "prlimit", "--nofile=20000", ...inside, command, ...args];
  const child = spawn("ip", wrapped, { stdio: ["ignore", log, log], env: { ...process.env, ...environment } });
  closeSync(log);
  return child;
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
