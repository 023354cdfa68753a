import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import type { ObjectSet } from "#config/objects.ts";
import type { Remark } from "#config/remark.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import { workerScript } from "#lib/io/worker-script.ts";
import type { Log } from "#lib/log.ts";
import type { FromWorker, ToWorker, WorkerStart, WriteOutcome, WriteRequest } from "../messages.ts";
import { type CachedObject, ObjectCache } from "../object-cache.ts";

/** Changes come in bursts, at start above all: they are put in force together. */
const GATHER_MS = 50;
/** How long after a change the cache is written. */
const SAVE_MS = 5_000;

export interface ApiProviderOptions extends WorkerStart {
  /** File that keeps the objects over a restart; undefined: none. */
  readonly cacheFile: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** All kinds are known, or were known before the restart, and something is new. */
  changed(state: ApiState): void;
  /** The API server cannot be asked at all. */
  failed(text: string): void;
}

export interface ApiState {
  readonly objects: ObjectSet;
  readonly remarks: readonly Remark[];
}

/** The objects of an API server, followed by a worker. */
export class ApiProvider {
  readonly title = "kubernetes";
  readonly #options: ApiProviderOptions;
  readonly #worker: Worker;
  readonly #cache = new ObjectCache();
  /** Kinds whose first list has not been told, with the keys that were. */
  readonly #unsettled: Map<string, Set<string>>;
  readonly #writes = new Map<number, (outcome: WriteOutcome) => void>();
  readonly #restored: boolean;
  #lastWrite = 0;
  #gathering: Timer | undefined;
  #saving: Timer | undefined;

  constructor(options: ApiProviderOptions) {
    this.#options = options;
    this.#unsettled = new Map(options.kinds.map((kind) => [kind, new Set()]));
    this.#restored = this.#restore();
    const { kubeconfig, userAgent, kinds } = options;
    const start: WorkerStart = { kubeconfig, userAgent, kinds };
    this.#worker = new Worker(workerScript(import.meta.url, "k8s-worker"), { workerData: start });
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => {
      throw error;
    });
    if (this.#restored) this.#gather();
  }

  /** The state as it is known: the server tells changes by itself. */
  async refresh(): Promise<ApiState> {
    return this.#cache.state();
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
    this.#gathering?.cancel();
    this.#saving?.cancel();
    this.#save();
    this.#post({ is: "stop" });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    switch (message.is) {
      case "changes": {
        const told = this.#unsettled.get(message.kind);
        for (const change of message.changes) told?.add(change.key);
        this.#cache.apply(message.kind, message.changes);
        this.#gather();
        return;
      }
      case "synced":
        this.#cache.settle(message.kind, this.#unsettled.get(message.kind) ?? new Set());
        this.#unsettled.delete(message.kind);
        this.#gather();
        return;
      case "outage":
        this.#say(message.kind, message.text);
        return;
      case "written":
        this.#writes.get(message.number)?.(message.outcome);
        this.#writes.delete(message.number);
        return;
      case "failed":
        this.#options.failed(message.text);
    }
  }

  #say(kind: string, text: string | undefined): void {
    if (text === undefined) this.#options.log.info(`the API server answers again about ${kind} objects`);
    else this.#options.log.warn(`the API server does not tell ${kind} objects: ${text}; the last known ones stand`);
  }

  /** Nothing is told before every kind is known: half a cluster would look like nodes that left. */
  #gather(): void {
    if (this.#unsettled.size > 0 && !this.#restored) return;
    this.#gathering ??= this.#options.clock.after(GATHER_MS, () => {
      this.#gathering = undefined;
      this.#options.changed(this.#cache.state());
      this.#saving ??= this.#options.clock.after(SAVE_MS, () => this.#save());
    });
  }

  #restore(): boolean {
    const { cacheFile, log } = this.#options;
    if (cacheFile === undefined) return false;
    try {
      const objects = JSON.parse(readFileSync(cacheFile, "utf8")) as CachedObject[];
      this.#cache.restore(objects);
      log.info(`${objects.length} objects restored from ${cacheFile} until the API server answers`);
      return objects.length > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") log.warn(`${cacheFile} is not used: ${String(error)}`);
      return false;
    }
  }

  #save(): void {
    this.#saving = undefined;
    const { cacheFile, log } = this.#options;
    if (cacheFile === undefined) return;
    try {
      mkdirSync(dirname(cacheFile), { recursive: true });
      writeFileSync(`${cacheFile}.new`, JSON.stringify(this.#cache.save()), { mode: 0o600 });
      renameSync(`${cacheFile}.new`, cacheFile);
    } catch (error) {
      log.warn(`the object cache cannot be written: ${String(error)}`);
    }
  }
}
