import { KeywordTree } from "./keywords.ts";
import { type PrintStyle, ReplyPrinter } from "./printer.ts";

/** What a conversation asks of the world. */
export interface ConversationPorts {
  /** To the server. */
  send(line: string): void;
  /** For the user, a whole line. */
  show(line: string): void;
}

/** The client's side of a connection: knows when the server is to be waited for. */
export class Conversation {
  readonly #ports: ConversationPorts;
  readonly #style: PrintStyle;
  readonly #printer: ReplyPrinter;
  /** Called when the reply to the last line that was sent is complete. */
  #replied: ((failed: boolean) => void) | undefined;
  #tree = new KeywordTree("2.0");

  constructor(ports: ConversationPorts, style: PrintStyle) {
    this.#ports = ports;
    this.#style = style;
    this.#printer = new ReplyPrinter(style);
  }

  /** Keywords of the server's version, once it has greeted. */
  get tree(): KeywordTree {
    return this.#tree;
  }

  /** Waits for the greeting, which counts as a reply. */
  greeted(then: () => void): void {
    this.#replied = then;
  }

  /** What the server sent. */
  received(text: string): void {
    for (const { lines, ended, failed } of this.#printer.push(text)) {
      const version = /\bBIRD v?(\d\S*) ready/.exec(lines[0] ?? "")?.[1];
      if (version !== undefined) this.#tree = new KeywordTree(version);
      for (const line of lines) this.#ports.show(line);
      if (!ended) continue;
      const replied = this.#replied;
      this.#replied = undefined;
      replied?.(failed);
    }
  }

  /** Sends a line as it is. */
  ask(line: string, then: (failed: boolean) => void): void {
    this.#replied = then;
    this.#ports.send(line);
  }

  /**
   * Does what a typed command says: sends it, or explains why not.
   * @param then called when it is done, at once where nothing was sent
   */
  command(typed: string, then: (failed: boolean) => void): void {
    const expansion = this.#tree.expand(typed);
    if (expansion.kind === "command") {
      const programs = this.#style === "json" && expansion.text.startsWith("show ");
      this.ask(programs ? `json ${expansion.text}` : expansion.text, then);
      return;
    }
    const ambiguous = expansion.kind === "ambiguous";
    this.#ports.show(
      ambiguous ? "Ambiguous command, possible expansions are:" : "No such command. Press `?' for help.",
    );
    if (ambiguous) for (const row of expansion.possible) this.#ports.show(row);
    then(true);
  }
}
