import { connect, type Socket } from "node:net";
import { createInterface, emitKeypressEvents, type Interface } from "node:readline";
import { Conversation } from "../conversation.ts";
import { type ClientOptions, parseOptions, usage } from "../options.ts";
import { Pager } from "../pager.ts";

const PROMPT = "bird> ";

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

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  ECONNREFUSED: "Connection refused",
  EACCES: "Permission denied",
  ENOTSOCK: "Socket operation on non-socket",
};

/** Resolves when the server is gone, which is a failure, or when nobody reads what we write. */
function gone(socket: Socket, options: ClientOptions): Promise<number> {
  return new Promise((resolve) => {
    process.stdout.once("error", () => resolve(1));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const reason = reasons[error.code ?? ""] ?? error.message;
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
  readonly #options: ClientOptions;
  readonly #conversation: Conversation;
  /** Lines that belong to one piece of the server's output leave together. */
  #out = "";
  #show: (line: string) => void = (line) => {
    this.#out += `${line}\n`;
  };

  constructor(socket: Socket, options: ClientOptions) {
    this.#options = options;
    const ports = { send: (line: string) => socket.write(`${line}\n`), show: (line: string) => this.#show(line) };
    this.#conversation = new Conversation(ports, options.style);
    socket.on("data", (text: string) => {
      this.#conversation.received(text);
      // A reader that is slower than the daemon slows the daemon's reply down.
      if (this.#flush()) return;
      socket.pause();
      process.stdout.once("drain", () => socket.resume());
    });
  }

  async run(): Promise<number> {
    await new Promise<void>((resolve) => this.#conversation.greeted(resolve));
    if (this.#options.restricted) await new Promise((resolve) => this.#conversation.ask("restrict", resolve));
    const { command } = this.#options;
    if (command !== undefined) return (await this.#command(command)) ? 1 : 0;
    return process.stdin.isTTY ? this.#interactive() : this.#piped();
  }

  /** @returns false where the reader is behind */
  #flush(): boolean {
    const text = this.#out;
    this.#out = "";
    return text === "" || process.stdout.write(text);
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
      if (isLeaving(line)) break;
      if (line.trimEnd().endsWith("?")) this.#help(line.slice(0, line.lastIndexOf("?")));
      else await this.#typed(line);
      process.stdout.write(PROMPT);
    }
    process.stdout.write("\n");
    return 0;
  }

  /** Empty lines and `help` are answered here. */
  async #typed(line: string): Promise<void> {
    if (line.trim() === "") return;
    if (/^\s*help\b/.test(line)) {
      this.#show("Press `?' for context sensitive help.");
      this.#flush();
    } else {
      await this.#command(line);
    }
  }

  #help(line: string): void {
    for (const row of this.#conversation.tree.help(line)) this.#out += `${row}\n`;
    this.#flush();
  }

  #interactive(): Promise<number> {
    const terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt: PROMPT,
      historySize: 500,
      removeHistoryDuplicates: true,
      completer: (line: string) => this.#complete(line),
    });
    const print = this.#show;
    const pager = new Pager(print, () => process.stdout.rows ?? 0);
    this.#show = (line) => pager.line(line);
    this.#explainAtQuestionMark(terminal);
    terminal.prompt();
    return new Promise((resolve) => {
      terminal.on("line", (line) => {
        if (isLeaving(line)) terminal.close();
        else void this.#paged(line, terminal, pager);
      });
      terminal.on("close", () => {
        process.stdout.write("\n");
        resolve(0);
      });
    });
  }

  async #paged(line: string, terminal: Interface, pager: Pager): Promise<void> {
    terminal.pause();
    pager.begin();
    await this.#typed(line);
    while (pager.holding) {
      this.#flush();
      process.stdout.write("--More--\r");
      const key = await nextKey();
      process.stdout.write("        \r");
      pager.key(key);
    }
    this.#flush();
    // What comes unasked while the prompt stands is never held back.
    pager.begin();
    terminal.prompt();
  }

  /** `?` explains at once and does not stay in the line, unless it is in a quoted text. */
  #explainAtQuestionMark(terminal: Interface): void {
    emitKeypressEvents(process.stdin, terminal);
    process.stdin.on("keypress", (text: string | undefined) => {
      if (text !== "?" || terminal.line.slice(0, terminal.cursor).split('"').length % 2 === 0) return;
      terminal.write(null, { name: "backspace" });
      process.stdout.write("?\n");
      this.#help(terminal.line.slice(0, terminal.cursor));
      terminal.prompt(true);
    });
  }

  /** Rows to choose from are shown here, so that they can explain themselves. */
  #complete(line: string): [string[], string] {
    const { append, possible } = this.#conversation.tree.complete(line);
    if (append !== "") return [[line + append], line];
    if (possible.length > 0) process.stdout.write(`\n${possible.join("\n")}\n${PROMPT}${line}`);
    return [[], line];
  }
}

const isLeaving = (line: string): boolean => /^\s*(quit|exit)\s*$/.test(line);

function nextKey(): Promise<string> {
  return new Promise((resolve) => {
    process.stdin.setRawMode(true);
    process.stdin.resume();
    process.stdin.once("data", (data: Buffer | string) => resolve(data.toString().slice(0, 1)));
  });
}
