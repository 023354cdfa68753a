import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type RunOptions, type RunResult, run, tryRun } from "./run.ts";
import { until } from "./until.ts";

export type IpFamily = 4 | 6;

/** A route as `ip -j route` prints it; only the fields that tests ask for. */
export interface KernelRoute {
  readonly dst: string;
  readonly type?: string;
  readonly gateway?: string;
  readonly via?: { readonly family: string; readonly host: string };
  readonly dev?: string;
  readonly protocol: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
  readonly prefsrc?: string;
  readonly nexthops?: readonly { readonly gateway?: string; readonly dev: string }[];
}

/** A process in a host's namespace, ended by its process id only. */
export class Daemon {
  readonly name: string;
  readonly logFile: string;
  readonly child: ChildProcess;
  /** Where its output begins: others of the same name may have written to the file before it. */
  readonly #logFrom: number;
  readonly #ended: Promise<void>;

  constructor(name: string, logFile: string, logFrom: number, child: ChildProcess) {
    this.name = name;
    this.logFile = logFile;
    this.#logFrom = logFrom;
    this.child = child;
    this.#ended = new Promise((resolve) => {
      child.on("close", () => resolve());
      child.on("error", () => resolve());
    });
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  log(): string {
    return readFileSync(this.logFile).toString("utf8", this.#logFrom);
  }

  /** To the process, which tells its children; signals that none can catch go to all of them. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (!this.running || pid === undefined) return;
    if (signal === "SIGKILL" || signal === "SIGSTOP" || signal === "SIGCONT") process.kill(-pid, signal);
    else this.child.kill(signal);
  }

  /** Ends it, the hard way where `signal` did not help within 10 s. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.signal(signal);
    const timer = setTimeout(() => this.signal("SIGKILL"), 10_000);
    if (this.child.pid !== undefined) await this.#ended;
    clearTimeout(timer);
  }
}

/**
 * One machine of a lab: a network namespace, and a folder that stands for the parts of its disk that are its own
 * (`/run/netns` and everything else are shared with the real machine).
 */
export class Host {
  readonly name: string;
  /** Name of the namespace for `ip netns`. */
  readonly netns: string;
  readonly folder: string;
  readonly daemons: Daemon[] = [];
  /** Folders of `folder` that its processes see at another place. */
  readonly mounts = new Map<string, string>();

  constructor(name: string, netns: string, folder: string) {
    this.name = name;
    this.netns = netns;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** Its processes see a folder of their own at `place`, which must exist on the machine. */
  ownFolder(place: string): void {
    mkdirSync(place, { recursive: true });
    const own = this.path("disk", place);
    mkdirSync(own, { recursive: true });
    this.mounts.set(place, own);
  }

  /** `argv` as it is run in the namespace; the shell execs, so the process id is that of `argv`. */
  command(argv: readonly string[]): string[] {
    const enter = ["ip", "netns", "exec", this.netns];
    if (this.mounts.size === 0) return [...enter, ...argv];
    const binds = [...this.mounts].map(([place, own]) => `mount --bind '${own}' '${place}' &&`).join(" ");
    return [...enter, "unshare", "--mount", "sh", "-c", `${binds} exec "$@"`, "sh", ...argv];
  }

  run(argv: readonly string[], options?: RunOptions): Promise<string> {
    return run(this.command(argv), options);
  }

  tryRun(argv: readonly string[], options?: RunOptions): Promise<RunResult> {
    return tryRun(this.command(argv), options);
  }

  ip(...args: readonly string[]): Promise<string> {
    return run(["ip", "-n", this.netns, ...args]);
  }

  /** Several `ip` commands in one process. */
  ipBatch(lines: readonly string[]): Promise<string> {
    return run(["ip", "-n", this.netns, "-batch", "-"], { input: `${lines.join("\n")}\n` });
  }

  async sysctl(values: Readonly<Record<string, string | number>>): Promise<void> {
    await this.run(["sysctl", "-q", ...Object.entries(values).map(([key, value]) => `${key}=${value}`)]);
  }

  /** Forwards packets of both families. */
  async forward(): Promise<void> {
    await this.sysctl({ "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1 });
  }

  /** @param filter further words of `ip route show`, as `["proto", "bgp"]` */
  async routes(family: IpFamily, filter: readonly string[] = []): Promise<KernelRoute[]> {
    const text = await this.ip("-d", "-j", `-${family}`, "route", "show", ...filter);
    return JSON.parse(text || "[]") as KernelRoute[];
  }

  /** Starts a process that stays; what it prints goes to a file of the host's folder. */
  spawn(name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Daemon {
    return this.spawnOutside(name, this.command(argv), env);
  }

  /** The same for a process that enters the host's namespace by itself. */
  spawnOutside(name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Daemon {
    const logFile = this.path(`${name}.log`);
    const log = openSync(logFile, "a");
    const logFrom = fstatSync(log).size;
    const [file = "", ...args] = argv;
    const child = spawn(file, args, {
      stdio: ["ignore", log, log],
      detached: true, // A process group of its own.
      env: { ...process.env, LC_ALL: "C", ...env },
    });
    closeSync(log);
    const daemon = new Daemon(`${this.name} ${name}`, logFile, logFrom, child);
    this.daemons.push(daemon);
    return daemon;
  }

  /** Waits until a process of the host listens on a TCP port. */
  async listening(port: number, seconds = 10): Promise<void> {
    await until(`${this.name} listens on port ${port}`, seconds, async () =>
      (await run(["ip", "netns", "exec", this.netns, "ss", "-Hltn", `sport = :${port}`])).includes("LISTEN"),
    );
  }
}
