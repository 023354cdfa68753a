import { NO_ADVERTISE, NO_EXPORT } from "#route/attribute-facts.ts";
import type { Refusals } from "./change-counts.ts";
import type { LocRib } from "./loc-rib.ts";
import { CLIENT, EXTERNAL, INTERNAL, LOCAL, type NeighbourTable } from "./neighbours.ts";
import type { UpdateEncoder } from "./ports.ts";

/**
 * May a route from a neighbour of the row's kind be told to one of the column's? Own routes to all; routes of external
 * neighbours to all; of internal ones not to internal ones (RFC 4271 §9.2), save that a reflector tells its clients'
 * routes to all and all routes to its clients (RFC 4456 §6). Rows and columns: local, external, internal, client.
 */
const mayTell: Readonly<Record<number, readonly boolean[]>> = {
  [LOCAL]: [false, true, true, true],
  [EXTERNAL]: [false, true, true, true],
  [INTERNAL]: [false, true, false, true],
  [CLIENT]: [false, true, true, true],
};

/** @param from, to codes of `NeighbourTable.kinds` */
export const isTold = (from: number, to: number): boolean => mayTell[from]![to]!;

/** Flags of `AttributeFacts` that keep a set from neighbours of kind `to` (RFC 1997). */
export const forbiddenFlags = (to: number): number => (to === EXTERNAL ? NO_EXPORT | NO_ADVERTISE : NO_ADVERTISE);

/** What export policy makes of a path. */
export interface Exporter {
  /** @returns the attribute set to tell (not held), or 0 where the path is not told */
  apply(set: number, prefix: number): number;
}

/** What is told, and in which words: equal for all members. */
export interface GroupRules {
  /** Groups of equal keys may become one. */
  readonly key: string;
  /** Code of `NeighbourTable.kinds`. */
  readonly kind: number;
  /** Equal for encoders that make equal octets. */
  readonly encoding: string;
  readonly encoder: UpdateEncoder;
  readonly exporter: Exporter | undefined;
}

/** Decides for one group whether a path is told, and with which attributes. */
export class ExportFilter {
  /** Export policy, where there is one. */
  exporter: Exporter | undefined;
  /** Only own prefixes go out: the daemon has just started and waits for its neighbours (RFC 4724 §4.1). */
  isHeld: boolean;
  /** Why `apply` said 0 last: `rejected` for what the neighbour is or a community says, `filtered` by policy. */
  refusal: keyof Refusals | undefined;
  readonly #loc: LocRib;
  readonly #neighbours: NeighbourTable;
  #kind = LOCAL;
  #forbidden = 0;

  /** @param kind of the group's members, a code of `NeighbourTable.kinds` */
  constructor(loc: LocRib, neighbours: NeighbourTable, kind: number, exporter: Exporter | undefined, isHeld: boolean) {
    this.#loc = loc;
    this.#neighbours = neighbours;
    this.exporter = exporter;
    this.isHeld = isHeld;
    this.turn(kind);
  }

  /** The group's members are of another kind from now on. */
  turn(kind: number): void {
    this.#kind = kind;
    this.#forbidden = forbiddenFlags(kind);
  }

  /** @returns the attribute set that the best path of `prefix` is told with; 0: it is not told */
  apply(prefix: number): number {
    const { paths, attributes } = this.#loc;
    const path = this.#loc.bestOf(prefix);
    this.refusal = undefined;
    if (path === 0) return 0;
    const origin = paths.neighbourOf(path);
    if (this.isHeld && origin !== LOCAL) return 0;
    this.refusal = "rejected";
    if (!isTold(this.#neighbours.kinds[origin]!, this.#kind)) return 0;
    const set = paths.attributesOf(path);
    if ((attributes.flagsOf(set) & this.#forbidden) !== 0) return 0;
    this.refusal = "filtered";
    return this.exporter === undefined ? set : this.exporter.apply(set, prefix);
  }
}
