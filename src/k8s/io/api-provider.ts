import { Worker } from "node:worker_threads";
import { Defaults } from "#config/defaults.ts";
import { emptySet, type ObjectSet } from "#config/objects.ts";
import type { Remark } from "#config/remark.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import { workerScript } from "#lib/io/worker-script.ts";
import type { Log } from "#lib/log.ts";
import { mapSteps, Slices, type Steps } from "#lib/steps.ts";
import type { Change } from "../changes.ts";
import type { FromWorker, ToWorker, WorkerStart, WriteOutcome, WriteRequest } from "../messages.ts";
import { ObjectCache } from "../object-cache.ts";
import { always, type Resource } from "../resources.ts";
import { wanted } from "../wanted.ts";
import { writerRank } from "../writes/acceptance.ts";
import { AcceptanceWriter } from "../writes/acceptance-writer.ts";
import { ObjectFile, readObjects } from "./object-file.ts";

/** Changes come in bursts, at start above all: they are put in force together. */
const GATHER_MS = 50;
/** How long after a change the cache is written. */
const SAVE_MS = 30_000;

export interface ApiProviderOptions {
  readonly kubeconfig: string | undefined;
  readonly userAgent: string;
  /** Whose neighbours' Secrets are followed. */
  readonly nodeName: string;
  /** File that keeps the objects over a restart; undefined: none. */
  readonly cacheFile: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Objects that count where the server has none of their kind and name; `defaultsChanged` says that they are others. */
  readonly defaults?: () => ObjectSet;
  /** All kinds are known, or were known before the restart, and something is new. */
  changed(state: ApiState): void;
  /** The API server cannot be asked at all. */
  failed(text: string): void;
}

export interface ApiState {
  readonly objects: ObjectSet;
  readonly remarks: readonly Remark[];
}

interface Followed {
  readonly resource: Resource;
  /** Keys told so far; undefined once the first list was told whole. */
  told: Set<string> | undefined;
  /** Known, or known not to be had now: nobody need wait for it. */
  answered: boolean;
}

/** The objects of an API server, followed by a worker. */
export class ApiProvider {
  readonly title = "kubernetes";
  readonly #options: ApiProviderOptions;
  /** From when what the disk knows was read. */
  #worker: Worker | undefined;
  readonly #cache = new ObjectCache();
  readonly #defaults = new Defaults();
  readonly #followed = new Map<string, Followed>();
  readonly #acceptance: AcceptanceWriter;
  readonly #writes = new Map<number, (outcome: WriteOutcome) => void>();
  #closed = false;
  readonly #file: ObjectFile | undefined;
  #lastWrite = 0;
  #gathering: Timer | undefined;
  #saving: Timer | undefined;

  constructor(options: ApiProviderOptions) {
    this.#options = options;
    this.#file = options.cacheFile === undefined ? undefined : new ObjectFile(options.cacheFile, options.clock);
    const { clock, log } = options;
    this.#acceptance = new AcceptanceWriter({
      clock,
      log,
      rank: () => this.rank(),
      judged: () => this.#cache.judged(),
      send: (request) => this.write(request),
    });
    new Slices(clock).add(
      () => this.#restore(),
      (restored) => this.#begin(restored),
    );
  }

  #begin(restored: boolean): void {
    if (this.#closed) return;
    const { kubeconfig, userAgent, nodeName } = this.#options;
    const resources = wanted(this.#state().objects, nodeName);
    this.#takeUp(resources, restored);
    const start: WorkerStart = { kubeconfig, userAgent, resources };
    this.#worker = new Worker(workerScript(import.meta.url, "k8s-worker"), { workerData: start });
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => {
      throw error;
    });
    if (restored) this.#gather();
  }

  /** The state as it is known: the server tells changes by itself. */
  async refresh(): Promise<ApiState> {
    return this.#state();
  }

  /** `writerRank` of this node, now. */
  rank(): number | undefined {
    return writerRank(this.#cache.state().objects.Node.keys(), this.#options.nodeName);
  }

  defaultsChanged(): void {
    this.#gather();
  }

  #state(): ApiState {
    const { objects, remarks } = this.#cache.state();
    return { objects: this.#defaults.beside(objects, this.#options.defaults?.() ?? emptySet), remarks };
  }

  read(path: string): Promise<ApiState> {
    return Promise.reject(new Error(`${path}: the configuration comes from the API server, not from files`));
  }

  write(request: WriteRequest): Promise<WriteOutcome> {
    const { promise, resolve } = Promise.withResolvers<WriteOutcome>();
    const number = ++this.#lastWrite;
    this.#writes.set(number, resolve);
    this.#post({ is: "write", number, request });
    return promise;
  }

  close(): void {
    this.#closed = true;
    this.#gathering?.cancel();
    this.#acceptance.close();
    this.#saving?.cancel();
    this.#saveNow();
    this.#post({ is: "stop" });
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: FromWorker): void {
    switch (message.is) {
      case "changes":
        this.#changes(message.id, message.changes);
        this.#post({ is: "taken" });
        return;
      case "synced":
        this.#synced(message.id);
        this.#post({ is: "taken" });
        return;
      case "outage":
        this.#outage(message.id, message.text);
        this.#post({ is: "taken" });
        return;
      case "written":
        this.#writes.get(message.number)?.(message.outcome);
        this.#writes.delete(message.number);
        return;
      case "failed":
        this.#options.failed(message.text);
    }
  }

  #changes(id: string, changes: readonly Change[]): void {
    const followed = this.#followed.get(id);
    if (followed === undefined) return; // sent before the worker heard that it is no longer wanted
    for (const change of changes) followed.told?.add(change.key);
    this.#cache.apply(followed.resource.kind, changes);
    this.#gather();
  }

  #synced(id: string): void {
    const followed = this.#followed.get(id);
    if (followed === undefined) return;
    if (followed.told !== undefined) this.#cache.settle(followed.resource, followed.told);
    followed.told = undefined;
    followed.answered = true;
    this.#gather();
  }

  #outage(id: string, text: string | undefined): void {
    const { log } = this.#options;
    if (text === undefined) log.info(`the API server tells ${id} again`);
    else log.warn(`the API server does not tell ${id}: ${text}; what is known of it stands`);
    const followed = this.#followed.get(id);
    if (followed === undefined || text === undefined || isAlways(id)) return;
    followed.answered = true;
    this.#gather();
  }

  /**
   * Nothing is told before all that every node needs is known: half a cluster would look like nodes that left. What is
   * followed by configuration is waited for until the server answered about it, be it with a refusal.
   */
  #gather(): void {
    if (this.#waits()) return;
    this.#gathering ??= this.#options.clock.after(GATHER_MS, () => {
      this.#gathering = undefined;
      const { objects } = this.#state();
      this.#follow(wanted(objects, this.#options.nodeName));
      if (this.#waits()) return;
      this.#options.changed(this.#state());
      this.#acceptance.changed();
      this.#saving ??= this.#options.clock.after(SAVE_MS, () => this.#save());
    });
  }

  #waits(): boolean {
    if (this.#worker === undefined) return true;
    return Array.from(this.#followed.values()).some(({ answered }) => !answered);
  }

  #follow(resources: readonly Resource[]): void {
    const now = JSON.stringify(resources);
    if (now === JSON.stringify(Array.from(this.#followed.values(), ({ resource }) => resource))) return;
    this.#takeUp(resources, false);
    this.#post({ is: "follow", resources });
  }

  /** What is followed as before keeps its state; what is followed no more is forgotten. */
  #takeUp(resources: readonly Resource[], answered: boolean): void {
    const before = new Map(this.#followed);
    this.#followed.clear();
    for (const resource of resources) {
      const known = before.get(resource.id);
      const same = JSON.stringify(known?.resource) === JSON.stringify(resource);
      this.#followed.set(resource.id, same && known ? known : { resource, told: new Set(), answered });
      before.delete(resource.id);
    }
    for (const { resource } of before.values()) this.#cache.settle(resource, new Set());
  }

  *#restore(): Steps<boolean> {
    const { cacheFile, log } = this.#options;
    if (cacheFile === undefined) return false;
    try {
      const objects = yield* readObjects(cacheFile);
      yield* mapSteps(objects, (object) => this.#cache.restore(object));
      log.info(`${objects.length} objects restored from ${cacheFile} until the API server answers`);
      return objects.length > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") log.warn(`${cacheFile} is not used: ${String(error)}`);
      return false;
    }
  }

  /** Half of what the server has would be worse than what was saved before. */
  #saveNow(): void {
    if (this.#waits()) return;
    try {
      this.#file?.writeNow(this.#cache.save());
    } catch (error) {
      this.#saved(error);
    }
  }

  #save(): void {
    this.#saving = undefined;
    this.#file?.write(this.#cache.save(), (error) => this.#saved(error));
  }

  #saved(error: unknown): void {
    if (error !== undefined) this.#options.log.warn(`the object cache cannot be written: ${String(error)}`);
  }
}

const isAlways = (id: string): boolean => always.some((resource) => resource.id === id);
