import { createInterface, type Interface } from "node:readline";
import { PassThrough } from "node:stream";
import { Pager } from "../pager.ts";

export const PROMPT = "bird> ";

/** What a terminal asks of the client. */
export interface TerminalPorts {
  /** Rows that explain what may stand at the end of a line. */
  help(line: string): readonly string[];
  /** Text to append to a line, or rows to choose from. */
  complete(line: string): { readonly append: string; readonly possible: readonly string[] };
  /** The reader is behind: let the daemon wait, and go on. */
  pause(): void;
  resume(): void;
}

/** Typed commands: a line with history, completion and `?`, and replies one screen at a time. */
export class Terminal {
  readonly #ports: TerminalPorts;
  /** Keys for the line editor; those for the pager never get there. */
  readonly #keys = new PassThrough();
  readonly #editor: Interface;
  readonly #pager: Pager;
  #out = "";
  #shownWhole: (() => void) | undefined;

  constructor(ports: TerminalPorts) {
    this.#ports = ports;
    this.#pager = new Pager(
      (line) => {
        this.#out += `${line}\n`;
      },
      () => process.stdout.rows ?? 0,
    );
    this.#editor = createInterface({
      input: this.#keys,
      output: process.stdout,
      terminal: true,
      prompt: PROMPT,
      historySize: 500,
      removeHistoryDuplicates: true,
      completer: (line: string) => this.#complete(line),
    });
    process.stdin.setRawMode(true);
    process.stdin.setEncoding("utf8");
    process.stdin.on("data", (text: string) => {
      // One by one: several TABs in a row are TABs, and not pasted text.
      for (const key of text) this.#key(key);
    });
  }

  /** Commands as they are typed; the next one is asked for when the reply to the last was shown. */
  async *lines(): AsyncGenerator<string> {
    this.#editor.prompt();
    for await (const line of this.#editor) {
      this.#pager.begin();
      yield line;
      if (this.#pager.holding) {
        await new Promise<void>((resolve) => {
          this.#shownWhole = resolve;
        });
      }
      // What comes unasked while the prompt stands is never held back.
      this.#pager.begin();
      this.#editor.prompt();
    }
  }

  /** Whole lines of a reply. */
  show(text: string): void {
    const asked = this.#pager.holding;
    for (const line of text.split("\n").slice(0, -1)) this.#pager.line(line);
    this.#flush();
    if (asked || !this.#pager.holding) return;
    this.#ports.pause();
    process.stdout.write("--More--\r");
  }

  close(): void {
    this.#editor.close();
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdout.write("\n");
  }

  #key(key: string): void {
    if (this.#pager.holding) this.#turn(key);
    else if (key === "?" && !this.#quoting()) this.#explain();
    else this.#keys.write(key);
  }

  #turn(key: string): void {
    process.stdout.write("        \r");
    this.#pager.key(key === "\u0003" ? "q" : key);
    this.#flush();
    if (this.#pager.holding) {
      process.stdout.write("--More--\r");
      return;
    }
    this.#ports.resume();
    this.#shownWhole?.();
    this.#shownWhole = undefined;
  }

  /** Is the cursor in a quoted text? */
  #quoting(): boolean {
    return this.#editor.line.slice(0, this.#editor.cursor).split('"').length % 2 === 0;
  }

  #explain(): void {
    const rows = this.#ports.help(this.#editor.line.slice(0, this.#editor.cursor));
    process.stdout.write(`?\n${rows.map((row) => `${row}\n`).join("")}`);
    this.#editor.prompt(true);
  }

  /** Rows to choose from are shown here, so that they can explain themselves. */
  #complete(line: string): [string[], string] {
    const { append, possible } = this.#ports.complete(line);
    if (append !== "") return [[line + append], line];
    if (possible.length > 0) {
      process.stdout.write(`\n${possible.map((row) => `${row}\n`).join("")}`);
      this.#editor.prompt(true);
    }
    return [[], line];
  }

  #flush(): void {
    if (this.#out !== "") process.stdout.write(this.#out);
    this.#out = "";
  }
}
