import type { DirtyQueue } from "./table/dirty-queue.ts";
import type { Turns } from "./turns.ts";

/** The longest that routes wait to be told for a forwarding table that does not answer. */
const PATIENCE_MS = 2_000;

/** What is known of how far the forwarding table is: `Forwarding`. */
export interface InstallProgress {
  /** Position behind all changes of the Loc-RIB up to now. */
  readonly mark: number;
  /** Has the forwarding table tried all changes up to `mark`? If not, the RIB's turns are woken when it has. */
  hasTried(mark: number): boolean;
}

/**
 * A route of a neighbour is told on when the forwarding table has had it: whoever hears of it sends packets at once. One
 * question stands for all that waits in a group's queue, and the next one for what came meanwhile.
 */
export class WaitInstall {
  readonly #progress: InstallProgress | undefined;
  readonly #turns: Turns;
  /** Up to this position of the queue nothing has to wait. */
  #free = 0;
  /** What is waited for: all up to this position of the queue, and of the forwarding table's changes. */
  #asked: { readonly position: number; readonly mark: number; readonly sinceMs: number } | undefined;

  #wakesAtMs = 0;

  /** @param progress undefined: nothing is installed anywhere */
  constructor(progress: InstallProgress | undefined, turns: Turns) {
    this.#progress = progress;
    this.#turns = turns;
  }

  /** May the route of the prefix that is next in `queue` be told? If not, turns are woken when it may. */
  frees(queue: DirtyQueue): boolean {
    if (this.#progress === undefined || queue.taken < this.#free) return true;
    const { mark } = this.#progress;
    const { nowMs } = this.#turns;
    this.#asked ??= { position: queue.pushed, mark, sinceMs: nowMs };
    if (!this.#progress.hasTried(this.#asked.mark) && nowMs - this.#asked.sinceMs < PATIENCE_MS) {
      this.#planWake(nowMs);
      return false;
    }
    this.#free = this.#asked.position;
    this.#asked = undefined;
    return true;
  }

  /** One timer at a time: routes wait for at most twice the time. */
  #planWake(nowMs: number): void {
    if (nowMs < this.#wakesAtMs) return;
    this.#wakesAtMs = nowMs + PATIENCE_MS;
    this.#turns.wakeAfter(PATIENCE_MS);
  }
}
