import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs } from "./monotonic.ts";

/** What came back for one command. */
export interface Answer {
  readonly ms: number;
  readonly lines: number;
  /** The line that ended it, such as `0000 `. */
  readonly last: string;
}

/** A client of the socket that birdc talks to: a command a line, answers that end with `NNNN text`. */
export class ControlSocket {
  readonly #socket: net.Socket;
  #lines = 0;
  /** The last line, as far as it came. */
  #tail = "";
  #done: ((answer: Answer | Error) => void) | undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text) => this.#received(String(text)));
    socket.on("close", () => this.#finish(new Error("the control socket was closed")));
    socket.on("error", () => {});
  }

  /** Connects and takes the greeting. */
  static async open(path: string): Promise<ControlSocket> {
    const control = new ControlSocket(net.connect(path));
    await control.#answer();
    return control;
  }

  ask(command: string): Promise<Answer> {
    const answer = this.#answer();
    this.#socket.write(`${command}\n`);
    return answer;
  }

  close(): void {
    this.#socket.destroy();
  }

  #answer(): Promise<Answer> {
    this.#lines = 0;
    return new Promise((resolve, reject) => {
      const startMs = monotonicMs();
      this.#done = (outcome) =>
        outcome instanceof Error ? reject(outcome) : resolve({ ...outcome, ms: monotonicMs() - startMs });
    });
  }

  #received(text: string): void {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#lines++;
    const known = this.#tail + text;
    if (!known.endsWith("\n")) {
      this.#tail = known.slice(known.lastIndexOf("\n") + 1);
      return;
    }
    this.#tail = "";
    const last = known.slice(known.lastIndexOf("\n", known.length - 2) + 1, -1);
    if (/^\d{4} /.test(last)) this.#finish({ ms: 0, lines: this.#lines, last });
  }

  #finish(outcome: Answer | Error): void {
    this.#done?.(outcome);
    this.#done = undefined;
  }
}

/** Asks for the daemon's status fifty times a second and remembers the longest wait. */
export class ControlProbe {
  readonly #control: ControlSocket;
  #longestMs = 0;

  private constructor(control: ControlSocket) {
    this.#control = control;
  }

  static async start(path: string): Promise<ControlProbe> {
    const probe = new ControlProbe(await ControlSocket.open(path));
    void probe.#run();
    return probe;
  }

  /** Longest answer since the last call, milliseconds. */
  longestMs(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  stop(): void {
    this.#control.close();
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const { ms } = await this.#control.ask("show status");
        this.#longestMs = Math.max(this.#longestMs, ms);
        await sleep(20);
      }
    } catch {
      // The daemon or the probe was stopped.
    }
  }
}
