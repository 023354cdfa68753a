import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Daemon, Neighbour, Setup } from "./daemons/daemon.ts";
import type { Table } from "./generator/table.ts";
import { daemonAddress, type Link, localAs, neighbourAddress } from "./lab/address-plan.ts";
import { DaemonProcess } from "./lab/daemon-process.ts";
import { IdleThread } from "./lab/idle-thread.ts";
import { KernelWatch } from "./lab/kernel.ts";
import { MeshNeighbours } from "./lab/mesh-neighbours.ts";
import { carrier, createNamespaces, type Namespaces, removeNamespaces } from "./lab/namespaces.ts";
import type { SessionSpec } from "./speaker/session.ts";
import { Speaker } from "./speaker/speaker.ts";

/** Namespaces, one daemon and two processes of neighbours, made for one run of one scenario and gone after it. */
export class Lab {
  readonly namespaces: Namespaces;
  /** Neighbours that tell. */
  readonly sources: Speaker;
  /** Neighbours that listen; a process of their own, so that they never wait for the others. */
  readonly sinks: Speaker;
  readonly directory: string;
  #idleThread: IdleThread | undefined;
  #daemon: DaemonProcess | undefined;
  #setup: Setup | undefined;
  #watch: KernelWatch | undefined;
  #mesh: MeshNeighbours | undefined;

  static async make(): Promise<Lab> {
    const lab = new Lab();
    await Promise.all([lab.sources.ready, lab.sinks.ready, carrier(lab.namespaces)]);
    return lab;
  }

  /** Labs that stand: what is left of them when the process ends is removed without waiting. */
  static readonly #standing = new Set<Lab>();
  static {
    process.on("exit", () => {
      for (const lab of Lab.#standing) lab.#abandon();
    });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
  }

  private constructor() {
    Lab.#standing.add(this);
    this.directory = mkdtempSync(join(tmpdir(), "linnet-bench-"));
    chmodSync(this.directory, 0o755);
    this.namespaces = createNamespaces();
    this.sources = new Speaker(this.namespaces.neighbours);
    this.sinks = new Speaker(this.namespaces.neighbours);
  }

  get daemon(): DaemonProcess {
    if (this.#daemon === undefined) throw new Error("no daemon was started");
    return this.#daemon;
  }

  /** Begins when it is asked for: it takes a little of the processors. */
  get idleThread(): IdleThread {
    this.#idleThread ??= new IdleThread();
    return this.#idleThread;
  }

  /** Says what the daemon will do, so that neighbours can be made before it runs. */
  configure(setup: Setup): void {
    this.#setup = setup;
  }

  async start(daemon: Daemon, setup: Setup): Promise<DaemonProcess> {
    this.configure(setup);
    const directory = join(this.directory, "daemon");
    this.#daemon = await DaemonProcess.start(daemon, setup, this.namespaces.daemon, directory);
    return this.#daemon;
  }

  /** The session of the neighbour with this index. */
  session(index: number): SessionSpec {
    const setup = this.#setup;
    const neighbour = setup?.neighbours.find((one) => one.index === index);
    if (setup === undefined || neighbour === undefined) throw new Error(`no neighbour ${index}`);
    return {
      id: index,
      localAddress: neighbour.address,
      remoteAddress: daemonAddress(neighbour.link),
      as: neighbour.as,
      holdSeconds: setup.holdSeconds,
      families: setup.families,
      daemonAs: localAs,
    };
  }

  /** Brings the sessions of these neighbours up. */
  async establish(speaker: Speaker, indices: readonly number[]): Promise<void> {
    await speaker.ask("open", { sessions: indices.map((index) => this.session(index)), timeoutMs: 60_000, inFlight });
  }

  /** Writes octets into a file and has the speaker read it. @returns its path */
  async load(speaker: Speaker, name: string, octets: Uint8Array): Promise<string> {
    const path = join(this.directory, name);
    writeFileSync(path, octets);
    await speaker.ask("load", { path });
    return path;
  }

  /** Watches for the routes of `table` in the daemon's namespace. */
  async watchKernel(table: Table): Promise<KernelWatch> {
    this.#watch = await KernelWatch.start(this.namespaces.daemon, table, join(this.directory, "watched"));
    return this.#watch;
  }

  /** Neighbours that dial from now on. */
  dialAll(sessions: readonly SessionSpec[]): MeshNeighbours {
    this.#mesh = new MeshNeighbours(this.namespaces.neighbours, sessions, inFlight, join(this.directory, "sessions"));
    return this.#mesh;
  }

  /** The last lines the daemon wrote. */
  logTail(): string {
    return this.#daemon?.log.split("\n").slice(-5).join("\n").trim() ?? "";
  }

  async end(): Promise<void> {
    await this.#daemon?.stop();
    this.#remove();
  }

  #abandon(): void {
    this.#daemon?.kill();
    this.#remove();
  }

  #remove(): void {
    Lab.#standing.delete(this);
    this.#watch?.stop();
    this.#mesh?.stop();
    this.sources.stop();
    this.sinks.stop();
    this.#idleThread?.stop();
    removeNamespaces(this.namespaces);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Sessions that are dialled at once: what the shortest queue of listen() in a daemon here holds (BIRD: 8). */
export const inFlight = 8;

/** Neighbour `index` with an AS number of its own, on link 0, that is told everything. */
export function neighbour(index: number, changes: Partial<Neighbour> = {}): Neighbour {
  const link: Link = changes.link ?? 0;
  return {
    index,
    as: 65001 + index,
    address: neighbourAddress(index, link),
    link,
    export: "all",
    client: false,
    ...changes,
  };
}
