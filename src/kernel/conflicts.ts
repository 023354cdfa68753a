import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { ForeignRoute } from "./foreign-routes.ts";
import { protocolName } from "./protocols.ts";

/** A route is put right so often within the window at once; then its failure's back-off applies. */
const REPAIRS = 5;
const WINDOW_MS = 10_000;
/** Routes whose repairs are counted; when more are changed at once, that is no quarrel about single ones. */
const COUNTED_ROUTES = 4096;

/** Quarrels with other managers of routes, said once per manager and kind, by its name. */
export class Conflicts {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #said = new Set<string>();
  readonly #repairs = new Map<string, number>();
  #windowEndMs = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Another's route stands at our prefix and metric: we yield. */
  held(protocol: number, prefix: string): void {
    this.#once(`held ${protocol}`, `${protocolName(protocol)} has a route to ${prefix} with our metric: ours waits`);
  }

  /** Another's route to the same prefix has a better metric. That of the kernel itself is no quarrel: it is our own subnet. */
  shadowed({ protocol, metric }: ForeignRoute, prefix: string, ours: number): void {
    const name = protocolName(protocol);
    if (name === "kernel") return;
    const text = `${name} has a route to ${prefix} with metric ${metric}, which wins over ours with ${ours}`;
    this.#once(`shadowed ${protocol}`, text);
  }

  /** A route of ours was changed or deleted. @returns whether to wait before it is put right */
  disturbed(prefix: string): boolean {
    const now = this.#clock.nowMs();
    if (now >= this.#windowEndMs) {
      this.#repairs.clear();
      this.#windowEndMs = now + WINDOW_MS;
    }
    const repairs = (this.#repairs.get(prefix) ?? 0) + 1;
    if (repairs > 1 || this.#repairs.size < COUNTED_ROUTES) this.#repairs.set(prefix, repairs);
    if (repairs === 1 && this.#repairs.size === 1)
      this.#log.info(`route ${prefix} was changed by another program: put right`);
    return repairs > REPAIRS;
  }

  #once(key: string, text: string): void {
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#log.warn(text);
  }
}
