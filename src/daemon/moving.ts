import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";

/** How long sessions that are no longer wanted stay for those that take their place. */
const LONGEST_MS = 30_000;
/** How long they stay where the other node is still there, and may be waiting for new ones of its own. */
const HANDOVER_MS = 10_000;

/** What moving needs of the daemon. */
export interface MovingParts {
  readonly clock: Clock;
  /** Has this neighbour told all it had? */
  isComplete(name: string): boolean;
  /** Nothing is waited for any more: `resolve` leaves the old ones out from now on. */
  over(): void;
}

/**
 * Where nodes of the mesh take each other's place, as when a reflector goes and another one comes, the sessions with the old
 * ones stay until the new ones have told their routes: make before break. A node that has nobody to wait for, such as the
 * reflector that goes, keeps its sessions for those who have. Bounded in time, for a new one that never comes.
 */
export class Moving {
  readonly #parts: MovingParts;
  /** In force before. */
  #known: readonly PeerConfig[] = [];
  /** No longer wanted. */
  #leaving = new Map<string, PeerConfig>();
  /** Names of those that are waited for. */
  #coming = new Set<string>();
  #timer: Timer | undefined;

  constructor(parts: MovingParts) {
    this.#parts = parts;
  }

  /** @returns `config` with the neighbours that stay a little longer; itself where there are none */
  resolve(config: NodeConfig): NodeConfig {
    const wanted = new Map(config.peers.map((peer) => [peer.name, peer]));
    const before = new Set(this.#known.map(({ name }) => name));
    const isFirst = this.#known.length === 0;
    const waited = this.#coming.size > 0;
    this.#coming = new Set([...this.#coming].filter((name) => wanted.has(name)));
    for (const { name, origin } of config.peers) {
      const isNew = !before.has(name) && !this.#leaving.has(name);
      if (origin === "mesh" && isNew && !isFirst) this.#coming.add(name);
    }
    for (const peer of this.#known) if (peer.origin === "mesh") this.#leaving.set(peer.name, peer);
    for (const name of wanted.keys()) this.#leaving.delete(name);
    this.#known = config.peers;
    if (this.#coming.size === 0) this.#leaveGone(config);
    else if (!waited) this.#stopTimer(); // the first one comes now, not when others began to leave
    if (this.#leaving.size === 0) this.#forget();
    else {
      const longestMs = this.#coming.size === 0 ? HANDOVER_MS : LONGEST_MS;
      this.#timer ??= this.#parts.clock.after(longestMs, () => this.#end());
    }
    return this.#leaving.size === 0 ? config : { ...config, peers: [...config.peers, ...this.#leaving.values()] };
  }

  /** Nodes that are no more need nobody's patience. */
  #leaveGone({ blockOwners }: NodeConfig): void {
    for (const [name, { announcer }] of this.#leaving) {
      if (announcer === undefined || !blockOwners.has(announcer.node)) this.#leaving.delete(name);
    }
  }

  /** A neighbour came up, or has told all it had. */
  look(): void {
    if (this.#leaving.size === 0 || this.#coming.size === 0) return;
    for (const name of this.#coming) if (this.#parts.isComplete(name)) this.#coming.delete(name);
    if (this.#coming.size === 0) this.#end();
  }

  stop(): void {
    this.#stopTimer();
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #end(): void {
    this.#forget();
    this.#parts.over();
  }

  #forget(): void {
    this.#stopTimer();
    this.#coming.clear();
    this.#leaving.clear();
  }
}
