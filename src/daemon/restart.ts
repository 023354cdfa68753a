import type { SessionObserver } from "#bgp/session/driver.ts";
import type { Negotiated } from "#bgp/session/negotiate.ts";
import type { PeerConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { type Family, families } from "#route/family.ts";

export interface RestartParts {
  readonly clock: Clock;
  readonly log: Log;
  /** The kernel held routes of ours when we came. */
  readonly restarted: boolean;
  readonly deferralMs: number;
  /** Every neighbour that matters has told all of `family`, or its time is over. Called once a family. */
  done(family: Family): void;
}

/** When the daemon has heard enough after its start to tell others, and to sweep what nobody wanted. */
export class Restart implements SessionObserver {
  readonly #parts: RestartParts;
  readonly #waiting: Record<Family, Set<string>> = { ipv4: new Set(), ipv6: new Set() };
  readonly #open = new Set<Family>(families);
  #timer: Timer | undefined;

  constructor(parts: RestartParts) {
    this.#parts = parts;
  }

  get restarting(): boolean {
    return this.#parts.restarted && this.#open.size > 0;
  }

  start(peers: readonly PeerConfig[]): void {
    for (const { name, families: wanted } of peers) for (const family of wanted) this.#waiting[family].add(name);
    this.#timer = this.#parts.clock.after(this.#parts.deferralMs, () => this.#expire());
    for (const family of families) this.#look(family);
  }

  established(peer: string, negotiated: Negotiated): void {
    const kept = negotiated.gracefulRestart;
    for (const family of families) {
      if (!negotiated.families.includes(family) || kept === undefined || kept.restarting) this.#heard(peer, family);
    }
  }

  down(peer: string): void {
    for (const family of families) this.#heard(peer, family);
  }

  endOfRib(peer: string, family: Family): void {
    this.#heard(peer, family);
  }

  #heard(peer: string, family: Family): void {
    if (this.#waiting[family].delete(peer)) this.#look(family);
  }

  #look(family: Family): void {
    if (this.#waiting[family].size > 0 || !this.#open.delete(family)) return;
    if (this.#open.size === 0) this.#timer?.cancel();
    this.#parts.done(family);
  }

  #expire(): void {
    for (const family of families) {
      if (this.#waiting[family].size === 0) continue;
      this.#parts.log.warn(`${family}: no longer waiting for End-of-RIB of ${[...this.#waiting[family]].join(", ")}`);
      this.#waiting[family].clear();
      this.#look(family);
    }
  }
}
