import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { Conversation } from "../conversation.ts";
import { type ClientOptions, parseOptions, usage } from "../options.ts";
import { socketError } from "./socket-error.ts";
import { PROMPT, Terminal } from "./terminal.ts";

/**
 * The client: one command, or commands that are typed or piped in.
 * @param args without the program's name
 * @returns the exit status: 0, or 1 where the command failed or there is no daemon
 */
export async function birdc(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (typeof options === "string") {
    process.stderr.write(`birdc: ${options}\n${usage}\n`);
    return 1;
  }
  const socket = connect(options.socket);
  socket.setEncoding("utf8");
  const client = new Client(socket, options);
  try {
    return await Promise.race([gone(socket, options), client.run()]);
  } finally {
    socket.destroy();
  }
}

/** Resolves when the server is gone, which is a failure, or when nobody reads what we write. */
function gone(socket: Socket, options: ClientOptions): Promise<number> {
  return new Promise((resolve) => {
    process.stdout.once("error", () => resolve(1));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const reason = socketError(error);
      process.stderr.write(`Unable to connect to server control socket (${options.socket}): ${reason}\n`);
      resolve(1);
    });
    socket.once("end", () => {
      process.stderr.write("Connection closed by server\n");
      resolve(1);
    });
  });
}

class Client {
  readonly #socket: Socket;
  readonly #options: ClientOptions;
  readonly #conversation: Conversation;
  /** Where commands are typed. */
  #terminal: Terminal | undefined;
  /** Lines that belong to one piece of the server's output leave together. */
  #out = "";

  constructor(socket: Socket, options: ClientOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#conversation = new Conversation(
      {
        send: (line) => socket.write(`${line}\n`),
        show: (line) => {
          this.#out += `${line}\n`;
        },
      },
      options.style,
    );
    socket.on("data", (text: string) => {
      this.#conversation.received(text);
      this.#flush();
    });
  }

  async run(): Promise<number> {
    await new Promise<void>((resolve) => this.#conversation.greeted(resolve));
    if (this.#options.restricted) await new Promise((resolve) => this.#conversation.ask("restrict", resolve));
    const { command } = this.#options;
    if (command !== undefined) return (await this.#command(command)) ? 1 : 0;
    return process.stdin.isTTY ? this.#interactive() : this.#piped();
  }

  /** A reader that is slower than the daemon slows the daemon's reply down. */
  #flush(): void {
    const text = this.#out;
    this.#out = "";
    if (this.#terminal !== undefined) {
      this.#terminal.show(text);
    } else if (text !== "" && !process.stdout.write(text)) {
      this.#socket.pause();
      process.stdout.once("drain", () => this.#socket.resume());
    }
  }

  /** @returns it failed */
  async #command(line: string): Promise<boolean> {
    const failed = await new Promise<boolean>((resolve) => this.#conversation.command(line, resolve));
    this.#flush();
    return failed;
  }

  /** Commands from a pipe or a file, echoed behind the prompt. */
  async #piped(): Promise<number> {
    process.stdout.write(PROMPT);
    for await (const line of createInterface({ input: process.stdin })) {
      process.stdout.write(`${line}\n`);
      if (isLeaving(line)) return 0;
      if (line.trimEnd().endsWith("?")) this.#rows(this.#conversation.tree.help(line.slice(0, line.lastIndexOf("?"))));
      else await this.#typed(line);
      process.stdout.write(PROMPT);
    }
    process.stdout.write("\n");
    return 0;
  }

  #rows(rows: readonly string[]): void {
    this.#out += rows.map((row) => `${row}\n`).join("");
    this.#flush();
  }

  /** Empty lines and `help` are answered here. */
  async #typed(line: string): Promise<void> {
    if (line.trim() === "") return;
    if (/^\s*help\b/.test(line)) this.#rows(["Press `?' for context sensitive help."]);
    else await this.#command(line);
  }

  async #interactive(): Promise<number> {
    const terminal = new Terminal({
      help: (line) => this.#conversation.tree.help(line),
      complete: (line) => this.#conversation.tree.complete(line),
      pause: () => this.#socket.pause(),
      resume: () => this.#socket.resume(),
    });
    this.#terminal = terminal;
    for await (const line of terminal.lines()) {
      if (isLeaving(line)) break;
      await this.#typed(line);
    }
    terminal.close();
    return 0;
  }
}

const isLeaving = (line: string): boolean => /^\s*(quit|exit)\s*$/.test(line);
