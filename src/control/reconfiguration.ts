import type { Clock, Timer } from "#lib/clock.ts";
import type { ConfigurationActions, ConfigurationOutcome } from "./actions.ts";

export interface LoadRequest {
  readonly check: boolean;
  readonly soft: boolean;
  readonly path: string | undefined;
  /** Go back unless it is confirmed within this time; 0: no such condition. */
  readonly timeoutMs: number;
  /** Told when that time is over. */
  readonly expired: () => void;
}

/**
 * The operator's safety net around a new configuration, one for the whole daemon: a configuration loaded with a timeout
 * is rolled back unless it is confirmed in time.
 */
export class Reconfiguration {
  readonly #actions: ConfigurationActions;
  readonly #clock: Clock;
  #busy = false;
  #unconfirmed: { readonly timer: Timer; readonly untilMs: number } | undefined;

  constructor(actions: ConfigurationActions, clock: Clock) {
    this.#actions = actions;
    this.#clock = clock;
  }

  get source(): string {
    return this.#actions.source;
  }

  /** Until the configuration is rolled back; undefined: it is confirmed. */
  get unconfirmedMs(): number | undefined {
    return this.#unconfirmed && Math.max(0, this.#unconfirmed.untilMs - this.#clock.nowMs());
  }

  /** @param done called once, with `busy` where another load is on its way */
  load(request: LoadRequest, done: (outcome: ConfigurationOutcome | "busy") => void): void {
    this.#once(done, (finish) => {
      this.#actions.load(request, (outcome) => {
        if (outcome.kind === "applied") this.#applied(request, outcome.changed);
        finish(outcome);
      });
    });
  }

  /** @returns false where there is nothing to confirm */
  confirm(): boolean {
    if (this.#unconfirmed === undefined) return false;
    this.#disarm();
    return true;
  }

  /** @param done called once, with `busy` as for `load`; what was not changed there was nothing to undo of */
  undo(done: (outcome: ConfigurationOutcome | "busy") => void): void {
    this.#once(done, (finish) => this.#rollBack(finish));
  }

  /** @param changed otherwise there is nothing to go back from: what changed before was somebody else's */
  #applied({ timeoutMs, expired }: LoadRequest, changed: boolean): void {
    this.#disarm();
    if (timeoutMs === 0) return;
    const timer = this.#clock.after(timeoutMs, () => {
      this.#unconfirmed = undefined;
      expired();
      if (changed) this.#rollBack(() => {});
    });
    this.#unconfirmed = { timer, untilMs: this.#clock.nowMs() + timeoutMs };
  }

  #rollBack(done: (outcome: ConfigurationOutcome) => void): void {
    this.#disarm();
    this.#actions.rollBack(done);
  }

  #disarm(): void {
    this.#unconfirmed?.timer.cancel();
    this.#unconfirmed = undefined;
  }

  #once<Outcome>(done: (outcome: Outcome | "busy") => void, start: (finish: (outcome: Outcome) => void) => void): void {
    if (this.#busy) {
      done("busy");
      return;
    }
    this.#busy = true;
    start((outcome) => {
      this.#busy = false;
      done(outcome);
    });
  }
}
