import type { Family } from "#route/family.ts";

/** How one neighbour's UPDATEs are understood. Fixed for the life of a session. */
export interface ReadContext {
  /** Number for `RouteSink.find`, from `ReadContexts.number`. */
  readonly context: number;
  /** Families agreed on (RFC 4760 §8). */
  readonly families: readonly Family[];
  readonly external: boolean;
  readonly localAs: number;
  readonly remoteAs: number;
  /** AS numbers have 4 octets on this session (RFC 6793). */
  readonly fourOctetAs: boolean;
  /** IPv4 routes may have IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** Our own, for ORIGINATOR_ID and CLUSTER_LIST (RFC 4456 §8). */
  readonly routerId: number;
  readonly clusterId: number;
  /** How often our own AS may stand in an AS_PATH before the route counts as looped. */
  readonly allowOwnAs: number;
  /** Must an external neighbour's AS_PATH begin with its own AS (RFC 4271 §6.3)? Route servers leave theirs out. */
  readonly checkFirstAs: boolean;
}

/** Numbers for contexts, from 1: equal for those that make the same attribute set of the same octets. */
export class ReadContexts {
  readonly #numbers = new Map<string, number>();

  number(context: Omit<ReadContext, "context" | "families">): number {
    const key = [
      context.external,
      context.localAs,
      context.external && context.checkFirstAs ? context.remoteAs : "",
      context.fourOctetAs,
      context.extendedNextHop,
      context.routerId,
      context.clusterId,
      context.allowOwnAs,
    ].join(" ");
    const known = this.#numbers.get(key) ?? this.#numbers.size + 1;
    this.#numbers.set(key, known);
    return known;
  }
}
