import { describeNotification } from "../wire/notification.ts";
import type { Ending, State } from "./session.ts";

/** One change of a neighbour's state. */
export interface Transition {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly from: State;
  readonly to: State;
  readonly reason: string;
}

/** Transitions kept per neighbour; older ones are forgotten. */
const HISTORY_LENGTH = 32;

/** The last transitions of one neighbour. A neighbour that does not answer is one line, not one a call. */
export class History {
  readonly #ring: Transition[] = [];
  #next = 0;
  #lastReason = "";

  record(transition: Transition): void {
    const { from, to, reason } = transition;
    if (unconnected(from) && unconnected(to) && (to === "connect" || reason === this.#lastReason)) return;
    this.#lastReason = reason;
    this.#ring[this.#next] = transition;
    this.#next = (this.#next + 1) % HISTORY_LENGTH;
  }

  /** Oldest first. */
  list(): Transition[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
  }
}

const unconnected = (state: State): boolean => state === "idle" || state === "connect" || state === "active";

/** One clause for logs and status: `received Cease/Administrative Shutdown: maintenance`. */
export function describeEnding(ending: Ending): string {
  if (ending.kind === "lost" || ending.kind === "closed") return ending.reason;
  return `${ending.kind} ${describeNotification(ending.notification)}`;
}
