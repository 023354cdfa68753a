/**
 * The line protocol of BIRD's control socket, both ways: requests are lines, replies are lines that begin with a
 * four-digit code. `NNNN-text` has followers, `NNNN text` is the last; a line with the code of the line before it may
 * begin with one blank instead. `+text` comes unasked.
 */

/** Longest line of a reply in octets, line end included. Clients have buffers of that size. */
export const MAX_REPLY_LINE_OCTETS = 511;
/** Replies leave in blocks of whole lines of at most this size: some clients look for the final code in every block. */
export const REPLY_BLOCK_OCTETS = 4096;
/** Longest request; a longer one is answered with 9000 and skipped. */
export const MAX_REQUEST_CHARACTERS = 4096;

/** Codes from here on mean that the command failed, when they end a reply. */
export const FIRST_FAILURE_CODE = 8000;

export interface ReplyLine {
  /** 0 to 9999. */
  readonly code: number;
  readonly text: string;
}

/** Octets of `text` in UTF-8. */
export function octetLength(text: string): number {
  let octets = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // A surrogate pair is two units and four octets.
    if (unit > 0x7f) octets += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return octets;
}

/** Cuts what arrives into request lines. Carriage returns are dropped anywhere; a NUL ends the command's text. */
export class RequestCutter {
  #rest = "";
  #skipping = false;

  /** Characters of a line whose end did not come yet. */
  get pendingCharacters(): number {
    return this.#rest.length;
  }

  /** @returns whole lines without their ends; undefined stands for one that was too long */
  push(text: string): (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    const pieces = (this.#rest + text).split("\n");
    this.#rest = pieces.pop() ?? "";
    for (const piece of pieces) {
      lines.push(this.#skipping || piece.length > MAX_REQUEST_CHARACTERS ? undefined : clean(piece));
      this.#skipping = false;
    }
    if (this.#rest.length > MAX_REQUEST_CHARACTERS) {
      this.#rest = "";
      this.#skipping = true;
    }
    return lines;
  }

  /** What came without a line end, when no more comes. @returns undefined where there is nothing */
  finish(): string | undefined {
    const rest = clean(this.#rest);
    this.#rest = "";
    return rest.trim() === "" || this.#skipping ? undefined : rest;
  }
}

function clean(line: string): string {
  const end = line.indexOf("\0");
  return (end < 0 ? line : line.slice(0, end)).replaceAll("\r", "");
}

/** A line that a server sent, as a client understands it. */
export type ServerLine =
  /** `code` is that of the lines before where the line has none of its own. */
  | {
      readonly kind: "reply";
      readonly code: number;
      readonly last: boolean;
      readonly abbreviated: boolean;
      readonly text: string;
    }
  | { readonly kind: "notice"; readonly text: string }
  | { readonly kind: "garbage"; readonly text: string };

/** Reads lines of a server, without their ends. */
export class ReplyReader {
  #lastCode = 0;

  read(line: string): ServerLine {
    if (line.startsWith("+")) return { kind: "notice", text: line.slice(1) };
    const [, code, mark, text = ""] = /^(\d{4})([ -])(.*)$/s.exec(line) ?? [];
    if (code !== undefined) {
      this.#lastCode = Number(code);
      return { kind: "reply", code: Number(code), last: mark === " ", abbreviated: false, text };
    }
    if (line.startsWith(" ")) {
      return { kind: "reply", code: this.#lastCode, last: false, abbreviated: true, text: line.slice(1) };
    }
    return { kind: "garbage", text: line };
  }
}
