import type { DrainConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { DrainStage } from "#rib/policy.ts";

/** What a drain needs of the daemon. */
export interface DrainParts {
  readonly clock: Clock;
  readonly log: Log;
  apply(stage: DrainStage): void;
}

/** How far the node is on its way out of service. */
export interface DrainState {
  readonly stage: DrainStage;
  /** Why, for people; none: `stage` is `off`. */
  readonly reasons: readonly string[];
  /** Milliseconds until routes are withdrawn, while `stage` is `leaving`. */
  readonly withdrawInMs: number | undefined;
}

const IDLE: DrainConfig = { reasons: [], nodeShutdown: false, withdrawMs: 0 };

/**
 * Takes the node out of service while there is a reason to: first every route asks neighbours to find another way
 * (RFC 8326 §4), then all are withdrawn. Reasons come from the node's configuration and from operators; with the last of
 * them the node is back at once.
 */
export class Drain {
  readonly #parts: DrainParts;
  readonly #asked = new Set<string>();
  #config = IDLE;
  #stage: DrainStage = "off";
  /** When the first reason came, by the clock's `nowMs`. */
  #sinceMs = 0;
  #timer: Timer | undefined;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  get state(): DrainState {
    const left = this.#sinceMs + this.#config.withdrawMs - this.#parts.clock.nowMs();
    return {
      stage: this.#stage,
      reasons: this.#reasons,
      withdrawInMs: this.#stage === "leaving" ? Math.max(0, left) : undefined,
    };
  }

  get #reasons(): readonly string[] {
    return [...this.#config.reasons, ...this.#asked];
  }

  reconfigure(config: DrainConfig): void {
    this.#config = config;
    this.#look();
  }

  /** One more reason. */
  ask(reason: string): void {
    this.#asked.add(reason);
    this.#look();
  }

  /** All reasons that were asked for are gone; those of the configuration stay. */
  undo(): void {
    this.#asked.clear();
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { clock } = this.#parts;
    this.#timer?.cancel();
    this.#timer = undefined;
    const nowMs = clock.nowMs();
    if (this.#reasons.length === 0) {
      this.#enter("off");
      return;
    }
    if (this.#stage === "off") this.#sinceMs = nowMs;
    const left = this.#sinceMs + this.#config.withdrawMs - nowMs;
    this.#enter(left > 0 ? "leaving" : "gone");
    if (left > 0) this.#timer = clock.after(left, () => this.#look());
  }

  #enter(stage: DrainStage): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    const reasons = this.#reasons;
    this.#parts.log.info(SAID[stage], reasons.length === 0 ? undefined : { reasons: reasons.join(", ") });
    this.#parts.apply(stage);
  }
}

const SAID: Readonly<Record<DrainStage, string>> = {
  off: "the node is back in service: its routes are told as before",
  leaving: "the node goes out of service: its routes are told with GRACEFUL_SHUTDOWN",
  gone: "the node is out of service: its routes are withdrawn",
};
