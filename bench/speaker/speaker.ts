import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Ask, CommandName, Reply, Request, Response } from "./protocol.ts";

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The parent's end of a speaker process. */
export class Speaker {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;

  /** Fulfilled when the process listens to commands. */
  readonly ready: Promise<void>;

  /** @param namespace network namespace of the neighbours */
  constructor(namespace: string) {
    const program = join(import.meta.dirname, "process.ts");
    const command = [
      "netns",
      "exec",
      namespace,
      "taskset",
      "-c",
      "0",
      "prlimit",
      "--nofile=20000",
      process.execPath,
      program,
    ];
    this.#child = spawn("ip", command, { stdio: ["ignore", "inherit", "inherit", "ipc"], serialization: "advanced" });
    this.ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve: () => resolve(), reject }));
    this.#child.on("message", (response: Response) => this.#answered(response));
    this.#child.on("exit", (code) => this.#failAll(new Error(`the speaker ended with ${code}`)));
  }

  ask<Name extends CommandName>(name: Name, ask: Ask<Name>): Promise<Reply<Name>> {
    const number = ++this.#number;
    const reply = new Promise<unknown>((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
    const request: Request = { number, name, ask };
    this.#child.send(request);
    return reply as Promise<Reply<Name>>;
  }

  stop(): void {
    this.#child.removeAllListeners("exit");
    this.#failAll(new Error("the speaker was stopped"));
    if (this.#child.connected) this.#child.disconnect();
    this.#child.kill("SIGKILL");
  }

  #answered({ number, reply, error }: Response): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error === undefined) waiting?.resolve(reply);
    else waiting?.reject(new Error(error));
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
