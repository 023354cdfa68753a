import { LOOPED, OUT } from "./table/path-table.ts";

/** Route changes of one kind, since the session came up. */
export interface ChangeCounts {
  readonly received: number;
  /** Looped; or, outward, not for this neighbour: its own path, reflection, a community. */
  readonly rejected: number;
  /** By policy. */
  readonly filtered: number;
  /** Nothing new. */
  readonly ignored: number;
  readonly accepted: number;
}

/** Of one neighbour in one family. */
export interface Changes {
  readonly importUpdates: ChangeCounts;
  readonly importWithdraws: ChangeCounts;
  readonly exportUpdates: ChangeCounts;
  readonly exportWithdraws: ChangeCounts;
}

/** What neighbours told, by neighbour number: what was accepted is what is left. */
export class ImportTally {
  readonly updates: Uint32Array;
  readonly withdraws: Uint32Array;
  /** Updates that told what was known, and withdrawals of what was not. */
  readonly same: Uint32Array;
  readonly absent: Uint32Array;
  readonly #looped: Uint32Array;
  readonly #filtered: Uint32Array;

  constructor(neighbours: number) {
    this.updates = new Uint32Array(neighbours);
    this.withdraws = new Uint32Array(neighbours);
    this.same = new Uint32Array(neighbours);
    this.absent = new Uint32Array(neighbours);
    this.#looped = new Uint32Array(neighbours);
    this.#filtered = new Uint32Array(neighbours);
  }

  /** @param bits of the path's state, some of `OUT` */
  refuse(neighbour: number, bits: number): void {
    if ((bits & LOOPED) !== 0) this.#looped[neighbour]!++;
    else if ((bits & OUT) !== 0) this.#filtered[neighbour]!++;
  }

  /** A session begins. */
  reset(neighbour: number): void {
    for (const column of [this.updates, this.withdraws, this.same, this.absent, this.#looped, this.#filtered]) {
      column[neighbour] = 0;
    }
  }

  of(neighbour: number): Pick<Changes, "importUpdates" | "importWithdraws"> {
    const [updates, rejected] = [this.updates[neighbour]!, this.#looped[neighbour]!];
    const [filtered, same] = [this.#filtered[neighbour]!, this.same[neighbour]!];
    const [withdraws, absent] = [this.withdraws[neighbour]!, this.absent[neighbour]!];
    return {
      importUpdates: counts(updates - rejected - filtered - same, rejected, filtered, same),
      importWithdraws: counts(withdraws - absent, 0, 0, absent),
    };
  }
}

/** What one member of an update group was told, over all groups that it was in. */
export class ExportTally {
  /** Prefixes sent to it, announced and withdrawn. */
  reached = 0;
  withdrawn = 0;
  /** Told to its group and not to it: the path came from there. */
  own = 0;
  /** What groups refused, as of when it is not in one. */
  #rejected = 0;
  #filtered = 0;

  /** @param refused of its first group, before it joined */
  constructor(refused: Refusals) {
    this.exit(refused);
  }

  /** It becomes a member of `group`, whose refusals up to now were not about it. */
  enter({ rejected, filtered }: Refusals): void {
    this.#rejected -= rejected;
    this.#filtered -= filtered;
  }

  /** It leaves `group`. */
  exit({ rejected, filtered }: Refusals): void {
    this.#rejected += rejected;
    this.#filtered += filtered;
  }

  of(group: Refusals): Pick<Changes, "exportUpdates" | "exportWithdraws"> {
    const rejected = this.own + this.#rejected + group.rejected;
    return {
      exportUpdates: counts(this.reached, rejected, this.#filtered + group.filtered, 0),
      exportWithdraws: counts(this.withdrawn, 0, 0, 0),
    };
  }
}

/** Route changes that a group did not tell: because of its kind or a community, and because of its policy. */
export interface Refusals {
  rejected: number;
  filtered: number;
}

/** Of the best paths of `reachable` prefixes those that a group does not tell. The policy is why, where there is one: nobody asks it for each of them again. */
export function untold(
  reachable: number,
  told: { readonly size: number },
  { exporter }: { readonly exporter: object | undefined },
): Refusals {
  const refused = Math.max(0, reachable - told.size); // withdrawals that wait are still among the told
  return exporter === undefined ? { rejected: refused, filtered: 0 } : { rejected: 0, filtered: refused };
}

export const noRefusals = (): Refusals => ({ rejected: 0, filtered: 0 });

const counts = (accepted: number, rejected: number, filtered: number, ignored: number): ChangeCounts => ({
  received: accepted + rejected + filtered + ignored,
  rejected,
  filtered,
  ignored,
  accepted,
});

/** Of a table that takes everything. @param withdraws changes that took a route away */
export const takenChanges = (
  updates: number,
  withdraws: number,
): Pick<Changes, "exportUpdates" | "exportWithdraws"> => ({
  exportUpdates: counts(updates, 0, 0, 0),
  exportWithdraws: counts(withdraws, 0, 0, 0),
});

/** Of a neighbour without a session. */
export const noChanges: Changes = {
  importUpdates: counts(0, 0, 0, 0),
  importWithdraws: counts(0, 0, 0, 0),
  exportUpdates: counts(0, 0, 0, 0),
  exportWithdraws: counts(0, 0, 0, 0),
};
