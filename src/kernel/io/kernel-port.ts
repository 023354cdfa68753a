import { Worker } from "node:worker_threads";
import { workerScript } from "#lib/io/worker-script.ts";
import type { Answer, DumpEnd, NetlinkPort, NotificationListener } from "../netlink-port.ts";
import { type Received, received } from "../wire/message.ts";
import type { FromWorker, KernelMode, ToWorker } from "./messages.ts";

/** Batches on their way: enough that the kernel never waits for us, few enough that a change is not queued for long. */
const BATCHES = 4;
const BATCH_OCTETS = 64 << 10;

interface Dump {
  readonly received: (data: Received) => void;
  readonly ended: (end: DumpEnd) => void;
}

/** The main thread's end of the kernel thread. */
export class KernelPort implements NetlinkPort {
  readonly #worker: Worker;
  readonly #pool: ArrayBuffer[] = [];
  readonly #answers = new Map<number, (answer: Answer) => void>();
  readonly #dumps = new Map<number, Dump>();
  #listener: NotificationListener | undefined;
  #next = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
    for (let batch = 0; batch < BATCHES; batch++) this.#pool.push(new ArrayBuffer(BATCH_OCTETS));
  }

  /**
   * Starts the thread and opens its sockets.
   * @param script the thread's code: `kernel-worker.ts`, or its bundle
   * @throws Error where the kernel refuses the sockets
   */
  static async open(mode: KernelMode, script = workerScript(import.meta.url, "kernel-worker")): Promise<KernelPort> {
    const worker = new Worker(script, { workerData: { mode } });
    await new Promise<void>((resolve, reject) => {
      worker.once("message", (message: FromWorker) => {
        if (message.kind === "ready") resolve();
        else reject(new Error(message.kind === "failed" ? message.reason : "the kernel thread began out of order"));
      });
      worker.once("error", reject);
    });
    const port = new KernelPort(worker);
    worker.on("message", (message: FromWorker) => port.#take(message));
    return port;
  }

  room(): Uint32Array | undefined {
    const buffer = this.#pool.pop();
    return buffer && new Uint32Array(buffer);
  }

  release(room: Uint32Array): void {
    this.#pool.push(room.buffer as ArrayBuffer);
  }

  submit(room: Uint32Array, words: number, answered: (answer: Answer) => void): void {
    const id = this.#next++;
    this.#answers.set(id, answered);
    const buffer = room.buffer as ArrayBuffer;
    this.#tell({ kind: "batch", id, buffer, octets: words * 4 }, [buffer]);
  }

  dump(request: Uint32Array, received: (data: Received) => void, ended: (end: DumpEnd) => void): void {
    const id = this.#next++;
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
        this.#pool.push(message.buffer);
        const answered = this.#answers.get(message.id);
        this.#answers.delete(message.id);
        answered?.({ refusals: message.refusals, lost: message.lost });
        break;
      }
      case "chunk":
        this.#dumps.get(message.id)?.received(received(message.buffer, message.octets));
        this.#tell({ kind: "read", id: message.id, buffer: message.buffer }, [message.buffer]);
        break;
      case "end": {
        const dump = this.#dumps.get(message.id);
        this.#dumps.delete(message.id);
        dump?.ended({ code: message.code, text: message.text });
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
