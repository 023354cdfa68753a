import { FIRST_FAILURE_CODE, ReplyReader } from "../line-protocol.ts";
import { JSON_BEGINS, JSON_GOES_ON } from "../render/json.ts";

/** Longest line of a server that is shown. */
const MAX_LINE_CHARACTERS = 4096;

/** How replies are shown: as words, as words with their codes, or as JSON values, one a line. */
export type PrintStyle = "plain" | "verbose" | "json";

/** What came of one line of the server. */
export interface Printed {
  /** Lines to show. */
  readonly lines: readonly string[];
  /** The reply is over. */
  readonly ended: boolean;
  /** It said that the command failed. */
  readonly failed: boolean;
}

/** Turns what the server sends into what is shown. */
export class ReplyPrinter {
  readonly #style: PrintStyle;
  readonly #reader = new ReplyReader();
  #rest = "";
  #value = "";

  constructor(style: PrintStyle) {
    this.#style = style;
  }

  /** @param text in any chunking @returns one item for each whole line */
  push(text: string): Printed[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.map((line) => this.#print(line));
  }

  #print(line: string): Printed {
    if (line.length > MAX_LINE_CHARACTERS) return shown(`??? <${line.slice(0, 64)}...>`);
    const read = this.#reader.read(line);
    if (read.kind === "notice") return shown(`>>> ${read.text}`);
    if (read.kind === "garbage") return shown(`??? <${read.text}>`);
    const { code, last, abbreviated, text } = read;
    const failed = last && code >= FIRST_FAILURE_CODE;
    if (this.#style === "json" && !failed) return { lines: this.#json(code, last, text), ended: last, failed };
    const silent = last && code === 0 && text === "";
    const prefix = abbreviated ? "     " : line.slice(0, 5);
    const whole = this.#style === "verbose" ? `${prefix}${text}` : text;
    return { lines: silent ? [] : [whole], ended: last, failed };
  }

  /** Pieces of a value are kept until the next one begins. Lines that are no JSON are left out. */
  #json(code: number, last: boolean, text: string): string[] {
    const complete = this.#value !== "" && (code !== JSON_GOES_ON || last) ? [this.#value] : [];
    if (complete.length > 0) this.#value = "";
    if (code === JSON_BEGINS) this.#value = text;
    else if (code === JSON_GOES_ON && !last) this.#value += text;
    return complete;
  }
}

const shown = (line: string): Printed => ({ lines: [line], ended: false, failed: false });
