import { FIRST_FAILURE_CODE, MAX_REPLY_LINE_OCTETS, octetLength, type ReplyLine } from "#control/line-protocol.ts";

/** Frames lines as text, one by one: the slow, obvious twin of `ReplyWriter`. */
export class ReplyFramer {
  #lastCode = -1;

  /** @param last ends the reply @returns the framed line with its line end, never longer than the limit */
  frame(line: ReplyLine, last: boolean): string {
    const framed = this.#prefix(line.code, last) + line.text;
    const fits = framed.length * 3 < MAX_REPLY_LINE_OCTETS || octetLength(framed) < MAX_REPLY_LINE_OCTETS;
    const text = fits ? framed : last ? "8000 <line overflow>" : "8000-<line overflow>";
    this.#lastCode = last ? -1 : fits ? line.code : FIRST_FAILURE_CODE;
    return `${text}\n`;
  }

  #prefix(code: number, last: boolean): string {
    if (!last && code === this.#lastCode) return " ";
    return `${String(code).padStart(4, "0")}${last ? " " : "-"}`;
  }
}
