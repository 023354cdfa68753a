import type { Clock, Timer } from "#lib/clock.ts";
import type { Family } from "#route/family.ts";
import type { RoutingSide } from "../ports.ts";
import { type Helper, type HelperEffect, type HelperEvent, help, noHelp } from "./graceful-restart.ts";

/** A timer ended, and with it the routes of these families that were still kept. */
export type GaveUp = (timer: "restart" | "stale", families: readonly Family[]) => void;

/** Runs the helper role of graceful restart for one neighbour. */
export class StaleRoutes {
  readonly #peer: string;
  readonly #clock: Clock;
  readonly #routing: RoutingSide;
  #helper: Helper = noHelp;
  readonly #timers = new Map<"restart" | "stale", Timer>();
  /** When the neighbour must be back, in the clock's milliseconds. */
  #backByMs = 0;

  readonly #gaveUp: GaveUp;

  constructor(peer: string, clock: Clock, routing: RoutingSide, gaveUp: GaveUp) {
    this.#gaveUp = gaveUp;
    this.#peer = peer;
    this.#clock = clock;
    this.#routing = routing;
  }

  get helper(): Helper {
    return this.#helper;
  }

  /** How long the routes of a neighbour that is away are kept yet. */
  get restartMs(): number | undefined {
    return this.#helper.away ? Math.max(0, this.#backByMs - this.#clock.nowMs()) : undefined;
  }

  /** @returns the families that a session which came up found kept */
  handle(event: HelperEvent): readonly Family[] {
    const { next, effects } = help(this.#helper, event);
    this.#helper = next;
    for (const effect of effects) this.#run(effect);
    return effects.flatMap((effect) => (effect.kind === "keep" ? effect.families : []));
  }

  /** The process ends: what is stale stays so, for the next one to sweep. */
  leave(): void {
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #run(effect: HelperEffect): void {
    switch (effect.kind) {
      case "retain":
        this.#routing.down(this.#peer, effect.families);
        return;
      case "markStale":
        this.#routing.markStale(this.#peer, effect.family);
        return;
      case "sweep":
        this.#routing.sweep(this.#peer, effect.family);
        return;
      case "arm":
        this.#arm(effect.timer, effect.ms);
        return;
      case "disarm":
        this.#timers.get(effect.timer)?.cancel();
        return;
      case "keep": // `RoutingSide.up` says it
    }
  }

  #arm(name: "restart" | "stale", ms: number): void {
    this.#timers.get(name)?.cancel();
    if (name === "restart") this.#backByMs = this.#clock.nowMs() + ms;
    this.#timers.set(
      name,
      this.#clock.after(ms, () => this.#expired(name)),
    );
  }

  #expired(name: "restart" | "stale"): void {
    const { stale } = this.#helper;
    this.handle({ kind: `${name}Expired` });
    if (stale.length > 0) this.#gaveUp(name, stale);
  }
}
