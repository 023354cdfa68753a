import { Worker } from "node:worker_threads";
import { Defaults } from "#config/defaults.ts";
import { emptySet, type ObjectSet } from "#config/objects.ts";
import type { Remark } from "#config/remark.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import { workerScript } from "#lib/io/worker-script.ts";
import type { Log } from "#lib/log.ts";
import type { Change } from "../changes.ts";
import type { FromWorker, ToWorker, WorkerStart, WriteOutcome, WriteRequest } from "../messages.ts";
import { ObjectCache } from "../object-cache.ts";
import { isAlways, type Resource } from "../resources.ts";
import { wanted } from "../wanted.ts";
import { concerned, writerRank } from "../writes/acceptance.ts";
import { AcceptanceWriter } from "../writes/acceptance-writer.ts";

/** Changes come in bursts, at start above all: they are put in force together. */
const GATHER_MS = 50;

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
  /** Known, or known not to be had now: nobody need wait for it. */
  answered: boolean;
}

/** The objects of an API server, followed by a worker. */
export class ApiProvider {
  readonly title = "kubernetes";
  readonly #options: ApiProviderOptions;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #cache = new ObjectCache();
  readonly #defaults = new Defaults();
  readonly #followed = new Map<string, Followed>();
  readonly #acceptance: AcceptanceWriter;
  readonly #writes = new Map<number, (outcome: WriteOutcome) => void>();
  /** The worker asked what shall be followed. */
  #begun = false;
  #lastWrite = 0;
  #gathering: Timer | undefined;

  constructor(options: ApiProviderOptions) {
    this.#options = options;
    const { clock, log, kubeconfig, userAgent, cacheFile } = options;
    this.#acceptance = new AcceptanceWriter({
      clock,
      log,
      rank: () => this.rank(),
      judged: () => this.#cache.judged(),
      objects: () => this.#state().objects,
      send: (request) => this.write(request),
    });
    const start: WorkerStart = { kubeconfig, userAgent, cacheFile };
    this.#worker = new Worker(workerScript(import.meta.url, "k8s-worker"), { workerData: start });
    this.#ended = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => {
      throw error;
    });
  }

  #begin(restored: number): void {
    const { cacheFile, log, nodeName } = this.#options;
    if (restored > 0) log.info(`${restored} objects restored from ${cacheFile} until the API server answers`);
    this.#begun = true;
    const resources = wanted(this.#state().objects, nodeName);
    this.#takeUp(resources, restored > 0);
    this.#post({ is: "follow", resources });
    if (restored > 0) this.#gather();
  }

  /** The state as it is known: the server tells changes by itself. */
  async refresh(): Promise<ApiState> {
    return this.#state();
  }

  /** `writerRank` of this node, now. @param object only among nodes that see what is wrong with it */
  rank(object?: string): number | undefined {
    return writerRank(concerned(this.#cache.state().objects, object), this.#options.nodeName);
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

  /** @returns when the worker has ended, and saved what it knew */
  close(): Promise<void> {
    this.#gathering?.cancel();
    this.#acceptance.close();
    this.#post({ is: "stop" });
    return this.#ended;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    this.#take(message);
    if (message.is !== "written" && message.is !== "failed") this.#post({ is: "taken" }); // see `Pace`
  }

  #take(message: FromWorker): void {
    switch (message.is) {
      case "restored":
        this.#cache.apply(message.kind, message.changes);
        return;
      case "begun":
        this.#begin(message.restored);
        return;
      case "fileFailed":
        this.#options.log.warn(message.text);
        return;
      case "changes":
        this.#changes(message.id, message.changes);
        return;
      case "synced":
        this.#synced(message.id);
        return;
      case "outage":
        this.#outage(message.id, message.text);
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
    this.#cache.apply(followed.resource.kind, changes);
    this.#gather();
  }

  #synced(id: string): void {
    const followed = this.#followed.get(id);
    if (followed === undefined) return;
    followed.answered = true;
    this.#gather();
  }

  #outage(id: string, text: string | undefined): void {
    const { log } = this.#options;
    const followed = this.#followed.get(id);
    const known = followed?.answered === true ? "what is known of it stands" : "it is waited for";
    if (text === undefined) log.info(`the API server tells ${id} again`);
    else log.warn(`the API server does not tell ${id}: ${text}; ${known}`);
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
    });
  }

  #waits(): boolean {
    return !this.#begun || Array.from(this.#followed.values()).some(({ answered }) => !answered);
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
      this.#followed.set(resource.id, same && known ? known : { resource, answered });
      before.delete(resource.id);
    }
    for (const { resource } of before.values()) this.#cache.forget(resource);
  }
}
