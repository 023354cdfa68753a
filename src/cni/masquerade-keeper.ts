import type { MasqueradeConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { removal, ruleset, sameTable, table } from "./masquerade.ts";

/** The `nft` program; implemented by `io/nft.ts`. */
export interface Nft {
  /** Runs commands as one transaction. @throws Error with what nft said */
  run(commands: string): Promise<void>;
  /** Our table as text. @returns undefined where there is none */
  list(): Promise<string | undefined>;
}

const CHECK_MS = 60_000;
/** A table that an earlier run left may stay for a moment: a daemon that starts has better things to do. */
const LEFTOVER_MS = 5_000;
const RETRY_MS = 10_000;

/** Keeps the masquerade table as it should be: set after every change and, where it is wanted, looked after once a minute. */
export class MasqueradeKeeper {
  readonly #nft: Nft;
  readonly #clock: Clock;
  readonly #log: Log;
  #wanted: MasqueradeConfig | undefined;
  #isNew = true;
  #next: Timer | undefined;
  /** The work that is going on: one nft at a time. */
  #work: Promise<void> = Promise.resolve();
  #failing = false;

  constructor(nft: Nft, clock: Clock, log: Log) {
    this.#nft = nft;
    this.#clock = clock;
    this.#log = log;
  }

  /** @param config undefined: no masquerading, and a table that an earlier run left is removed in a while */
  set(config: MasqueradeConfig | undefined): Promise<void> {
    const isLeftover = this.#isNew && config === undefined;
    this.#isNew = false;
    this.#wanted = config;
    if (isLeftover) this.#next = this.#clock.after(LEFTOVER_MS, () => this.#look("changed"));
    else this.#look("changed");
    return this.#work;
  }

  #look(why: "changed" | "checked"): void {
    this.#work = this.#work.then(() => this.#reconcile(why));
  }

  /** Ends the looking after; the table stays. */
  async stop(): Promise<void> {
    await this.#work;
    this.#next?.cancel();
  }

  async #reconcile(why: "changed" | "checked"): Promise<void> {
    this.#next?.cancel();
    try {
      const wanted = this.#wanted;
      const actual = await this.#nft.list();
      const right =
        wanted === undefined ? actual === undefined : actual !== undefined && sameTable(actual, table(wanted));
      if (!right) {
        if (why === "checked") this.#log.warn("somebody changed the masquerade table; it is put right");
        await this.#nft.run(wanted === undefined ? removal : ruleset(wanted));
        this.#log.info(wanted === undefined ? "masquerade table removed" : "masquerade table written");
      }
      this.#failing = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#failing) this.#log.error("the masquerade table cannot be written", { reason });
      this.#failing = true;
    }
    if (this.#wanted === undefined && !this.#failing) return; // nobody brings it back
    this.#next = this.#clock.after(this.#failing ? RETRY_MS : CHECK_MS, () => this.#look("checked"));
  }
}
