import { MAX_REPLY_LINE_OCTETS, REPLY_BLOCK_OCTETS, type ReplyLine } from "./line-protocol.ts";

/** Room of the longest text of a line, which is too long where it is not ASCII, behind a full block. */
const ROOM = REPLY_BLOCK_OCTETS + 4 * MAX_REPLY_LINE_OCTETS;

const NEWLINE = 0x0a;
const BLANK = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;

/**
 * Frames the lines of one connection's replies and writes them as UTF-8, a line at once or piece by piece. Whole tables
 * pass here, so that pieces become octets where they stand and nothing is made on the way.
 */
export class ReplyWriter {
  readonly #send: (block: Uint8Array) => void;
  readonly #octets = new Uint8Array(ROOM);
  /** Where the next octet goes, where the present line began, and its text behind the code. */
  #at = 0;
  #lineAt = 0;
  #textAt = 0;
  #code = 0;
  #last = false;
  /** Code of the line before; -1: a reply begins. */
  #lastCode = -1;
  #blocks = 0;
  /** Octets that left before those that stand here. */
  #gone = 0;
  /** From this place on what was written stands here as it was. */
  #intactFrom = 0;

  /** @param send gets blocks of whole lines, `REPLY_BLOCK_OCTETS` at most; borrowed until it returns */
  constructor(send: (block: Uint8Array) => void) {
    this.#send = send;
  }

  /** How many blocks left so far. */
  get blocks(): number {
    return this.#blocks;
  }

  /** A whole line. @param last ends the reply */
  line({ code, text }: ReplyLine, last = false): void {
    this.begin(code, last);
    this.text(text);
    this.end();
  }

  /** A line that belongs to no reply. @param text of one line, 160 characters at most */
  notice(text: string): void {
    this.#lineAt = this.#at;
    this.#octets[this.#at++] = PLUS;
    this.text(text);
    this.#finish();
  }

  /** Begins a line; its pieces follow, then `end`. */
  begin(code: number, last = false): void {
    this.#lineAt = this.#at;
    this.#code = code;
    this.#last = last;
    if (last || code !== this.#lastCode) {
      for (let unit = 1000; unit >= 1; unit /= 10) this.#octets[this.#at++] = ZERO + (Math.trunc(code / unit) % 10);
      if (!last) this.#octets[this.#at++] = MINUS;
    }
    if (last || code === this.#lastCode) this.#octets[this.#at++] = BLANK;
    this.#textAt = this.#at;
  }

  text(text: string): void {
    const octets = this.#octets;
    const { length } = text;
    // What is too long already needs no more: one octet too many tells `end`.
    const pieceEnd = this.#at + Math.min(length, this.#lineAt + MAX_REPLY_LINE_OCTETS - this.#at);
    const from = this.#at;
    let at = from;
    while (at < pieceEnd) {
      const unit = text.charCodeAt(at - from);
      if (unit > 0x7f) {
        this.#at = at;
        this.#encode(text.slice(at - from));
        return;
      }
      octets[at++] = unit;
    }
    this.#at = at;
  }

  /** What is not ASCII throughout. */
  #encode(text: string): void {
    for (const character of text) {
      if (this.#at - this.#lineAt >= MAX_REPLY_LINE_OCTETS) return;
      const code = character.codePointAt(0) ?? 0;
      const isLoneSurrogate = code >= 0xd800 && code <= 0xdfff;
      this.#codePoint(isLoneSurrogate ? 0xfffd : code);
    }
  }

  /** RFC 3629. */
  #codePoint(code: number): void {
    const octets = this.#octets;
    if (code < 0x80) {
      octets[this.#at++] = code;
      return;
    }
    const followers = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    octets[this.#at++] = ((0xf00 >> (followers + 1)) & 0xff) | (code >> (6 * followers));
    for (let left = followers - 1; left >= 0; left--) octets[this.#at++] = 0x80 | ((code >> (6 * left)) & 0x3f);
  }

  /** One ASCII character. */
  character(code: number): void {
    this.#octets[this.#at++] = code;
  }

  /** @param value 0 to 2^53 */
  decimal(value: number): void {
    if (value >= 1000) {
      const rest = value % 1000;
      this.decimal((value - rest) / 1000);
      this.#digit(Math.trunc(rest / 100));
      this.#digit(Math.trunc(rest / 10) % 10);
      this.#digit(rest % 10);
      return;
    }
    if (value >= 100) this.#digit(Math.trunc(value / 100));
    if (value >= 10) this.#digit(Math.trunc(value / 10) % 10);
    this.#digit(value % 10);
  }

  #digit(digit: number): void {
    this.#octets[this.#at++] = ZERO + digit;
  }

  /** Blanks up to column `column` of the line's text, which was ASCII so far. */
  padTo(column: number): void {
    for (const end = this.#textAt + column; this.#at < end; ) this.#octets[this.#at++] = BLANK;
  }

  /** Number of the next octet of the connection. */
  get place(): number {
    return this.#gone + this.#at;
  }

  /** Writes once more what was written from one place to another of one line. @returns false where it is not here any more */
  again(from: number, to: number): boolean {
    if (from < this.#intactFrom) return false;
    this.#octets.copyWithin(this.#at, from - this.#gone, to - this.#gone);
    this.#at += to - from;
    return true;
  }

  /** Ends the line; one that is too long for clients becomes 8000. */
  end(): void {
    const fits = this.#at - this.#lineAt < MAX_REPLY_LINE_OCTETS;
    if (!fits) this.#overflow();
    this.#lastCode = this.#last ? -1 : this.#code;
    this.#finish();
  }

  #overflow(): void {
    // Others will stand in the places of what goes.
    this.#intactFrom = this.place;
    this.#at = this.#lineAt;
    // Told with its code each time.
    this.#lastCode = -1;
    this.begin(8000, this.#last);
    this.text("<line overflow>");
  }

  #finish(): void {
    this.#octets[this.#at++] = NEWLINE;
    if (this.#at <= REPLY_BLOCK_OCTETS) {
      this.#lineAt = this.#at;
      return;
    }
    const [from, end] = [this.#lineAt, this.#at];
    this.#leave(from);
    this.#octets.copyWithin(0, from, end);
    this.#at = end - from;
    this.#lineAt = this.#at;
  }

  /** Sends what is left of whole lines. */
  flush(): void {
    if (this.#at === 0) return;
    this.#leave(this.#at);
    this.#at = 0;
    this.#lineAt = 0;
  }

  #leave(end: number): void {
    this.#blocks++;
    this.#gone += end;
    this.#intactFrom = this.#gone;
    this.#send(this.#octets.subarray(0, end));
  }
}
