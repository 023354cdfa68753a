/** Shows a long reply one screen at a time. Lines that do not fit wait for a key; what is skipped is dropped. */
export class Pager {
  readonly #show: (line: string) => void;
  /** Rows of the terminal; 0: no paging. */
  readonly #rows: () => number;
  #room = 0;
  #waiting: string[] = [];
  #skipping = false;

  constructor(show: (line: string) => void, rows: () => number) {
    this.#show = show;
    this.#rows = rows;
  }

  /** A reply begins. */
  begin(): void {
    this.#room = Math.max(0, this.#rows() - 2);
    this.#waiting = [];
    this.#skipping = false;
  }

  /** There is more than was shown, and a key is wanted. */
  get holding(): boolean {
    return this.#waiting.length > 0;
  }

  line(text: string): void {
    if (this.#skipping) return;
    const paging = this.#rows() > 0;
    if (paging && (this.#room === 0 || this.holding)) this.#waiting.push(text);
    else this.#put(text);
  }

  /** SPACE shows a screen, ENTER a line, `q` nothing more of this reply; other keys nothing at all. */
  key(key: string): void {
    if (key === "q") {
      this.#skipping = true;
      this.#waiting = [];
    } else if (key === " " || key === "\r" || key === "\n") {
      this.#room = key === " " ? Math.max(1, this.#rows() - 1) : 1;
      while (this.#room > 0 && this.holding) this.#put(this.#waiting.shift() ?? "");
    }
  }

  #put(text: string): void {
    this.#room--;
    this.#show(text);
  }
}
