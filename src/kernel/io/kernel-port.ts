import { Worker } from "node:worker_threads";
import { workerScript } from "#lib/io/worker-script.ts";
import type { Answer, DumpEnd, NetlinkPort, NotificationListener } from "../netlink-port.ts";
import { type Received, received } from "../wire/message.ts";
import type { FromWorker, KernelMode, KernelWorkerData, ToWorker } from "./messages.ts";

/**
 * Batches on their way: enough that the kernel does not wait for us while another turn takes its 20 ms, few enough that a
 * change is not queued for long (ADR 0006).
 */
const BATCHES = 32;
const BATCH_OCTETS = 64 << 10;

/** A batch's room, and who waits for its answer. */
interface Room {
  readonly words: Uint32Array;
  answered: ((answer: Answer) => void) | undefined;
}

interface Dump {
  readonly received: (data: Received) => void;
  readonly ended: (end: DumpEnd) => void;
}

/** What the operator can mend: a capability that is missing, sockets that the kernel refuses. */
class KernelUnavailable extends Error {
  override readonly name = "KernelUnavailable";
}

/** The main thread's end of the kernel thread. */
export class KernelPort implements NetlinkPort {
  readonly #worker: Worker;
  readonly #rooms: readonly Room[];
  readonly #free: number[];
  readonly #dumps = new Map<number, Dump>();
  #listener: NotificationListener | undefined;
  #nextDump = 0;

  private constructor(worker: Worker, rooms: readonly SharedArrayBuffer[]) {
    this.#worker = worker;
    this.#rooms = rooms.map((buffer) => ({ words: new Uint32Array(buffer), answered: undefined }));
    this.#free = rooms.map((_, index) => index);
  }

  /**
   * Starts the thread and opens its sockets.
   * @param script the thread's code: `kernel-worker.ts`, or its bundle
   * @throws KernelUnavailable where the kernel refuses the sockets
   */
  static async open(mode: KernelMode, script = workerScript(import.meta.url, "kernel-worker")): Promise<KernelPort> {
    const rooms = Array.from({ length: BATCHES }, () => new SharedArrayBuffer(BATCH_OCTETS));
    const worker = new Worker(script, { workerData: { mode, rooms } satisfies KernelWorkerData });
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
    worker.once("message", (message: FromWorker) => {
      if (message.kind === "ready") resolve();
      else if (message.kind === "failed") reject(new KernelUnavailable(message.reason));
      else reject(new Error("the kernel thread began out of order"));
    });
    worker.once("error", reject);
    await ready;
    worker.off("error", reject); // what breaks the thread from now on ends the process: nobody else would notice
    const port = new KernelPort(worker, rooms);
    worker.on("message", (message: FromWorker) => port.#take(message));
    return port;
  }

  room(): Uint32Array | undefined {
    const room = this.#free.pop();
    return room === undefined ? undefined : this.#rooms[room]!.words;
  }

  release(words: Uint32Array): void {
    this.#free.push(this.#indexOf(words));
  }

  submit(words: Uint32Array, length: number, last: number, answered: (answer: Answer) => void): void {
    const room = this.#indexOf(words);
    this.#rooms[room]!.answered = answered;
    this.#tell({ kind: "batch", room, octets: length * 4, last });
  }

  #indexOf(words: Uint32Array): number {
    return this.#rooms.findIndex((room) => room.words === words);
  }

  dump(request: Uint32Array, received: (data: Received) => void, ended: (end: DumpEnd) => void): void {
    const id = this.#nextDump++;
    this.#dumps.set(id, { received, ended });
    this.#tell({ kind: "dump", id, request: request.slice().buffer });
  }

  listen(listener: NotificationListener): void {
    this.#listener = listener;
  }

  /** Ends the thread; routes stay. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#tell({ kind: "close" });
    await ended;
  }

  #tell(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #take(message: FromWorker): void {
    switch (message.kind) {
      case "answer": {
        const { answered } = this.#rooms[message.room]!;
        this.#free.push(message.room);
        answered?.({ refusals: message.refusals, lost: message.lost });
        break;
      }
      case "chunk":
        this.#dumps.get(message.id)?.received(received(message.buffer, message.octets));
        // In another turn: messages that keep coming would hold this one for the whole dump.
        setImmediate(() => this.#tell({ kind: "read", id: message.id, buffer: message.buffer }, [message.buffer]));
        break;
      case "end": {
        const dump = this.#dumps.get(message.id);
        this.#dumps.delete(message.id);
        dump?.ended(message.end);
        break;
      }
      case "notified":
        this.#listener?.received(received(message.buffer));
        break;
      case "overrun":
        this.#listener?.overrun();
        break;
      case "ready":
      case "failed":
        break;
    }
  }
}
