import type { Change } from "./changes.ts";
import type { FromWorker } from "./messages.ts";

/** Most changes in one message, and most text but for a single one's: what the receiver takes in at once. */
const MAX_CHANGES = 100;
const MAX_TEXT = 32_768;

/**
 * Hands messages out one at a time, each when the one before was taken, and large ones in pieces: a list of 20,000
 * objects must not hold the receiver, who has keepalives to send. What waits is bounded by what the server has.
 */
export class Pace {
  readonly #post: (message: FromWorker) => void;
  readonly #waiting: FromWorker[] = [];
  #next = 0;
  #open = true;

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  put(message: FromWorker): void {
    this.#waiting.push(...inPieces(message));
    this.#hand();
  }

  /** The last message was dealt with. */
  taken(): void {
    this.#open = true;
    this.#hand();
  }

  #hand(): void {
    const message = this.#waiting[this.#next];
    if (!this.#open || message === undefined) return;
    this.#open = false;
    this.#next++;
    if (this.#next === this.#waiting.length) this.#waiting.length = this.#next = 0;
    this.#post(message);
  }
}

function inPieces(message: FromWorker): FromWorker[] {
  if (message.is !== "changes" && message.is !== "restored") return [message];
  const pieces: Change[][] = [];
  let piece: Change[] = [];
  let text = 0;
  for (const change of message.changes) {
    const more = change.is === "put" ? change.text.length : 0;
    if (piece.length === 0 || piece.length === MAX_CHANGES || text + more > MAX_TEXT) {
      piece = [];
      text = 0;
      pieces.push(piece);
    }
    piece.push(change);
    text += more;
  }
  return pieces.map((changes) => ({ ...message, changes }));
}
