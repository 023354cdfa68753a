import type { Reviewed } from "./group-review.ts";
import { LOCAL } from "./neighbours.ts";
import type { Member } from "./outbox.ts";
import type { PathWalk } from "./table/path-table.ts";
import { BATCH, type UpdateBatch } from "./update-batch.ts";

/** Prefixes that one step looks at. */
const STEP = 8192;

/** After a neighbour joined; because it asked (RFC 2918); the same between BoRR and EoRR (RFC 7313). */
export type DumpKind = "initial" | "refresh" | "enhanced";

/**
 * The whole table for some members of a group: what had been told when the dump began is told again, to them. What is told
 * later reaches them like all others; so does what waits in the queue, and is left out here.
 */
export class TableDump {
  readonly kind: DumpKind;
  members: readonly Member[];
  hasBegun = false;
  /** Next prefix number, and one past the last. */
  #cursor = 1;
  #end = 1;
  /** Where only own prefixes were told: a walk over these alone. */
  #own: PathWalk | undefined;

  constructor(kind: DumpKind, members: readonly Member[]) {
    this.kind = kind;
    this.members = members;
  }

  /** From here on nobody can join in any more. */
  begin({ loc, told }: Reviewed): void {
    this.hasBegun = true;
    this.#end = loc.prefixes.end;
    if (told.size === told.countOf(LOCAL)) this.#own = loc.paths.walk(LOCAL);
  }

  /** Puts the next ones into `batch`. @returns false when all are told */
  step(group: Reviewed, batch: UpdateBatch): boolean {
    const { loc, told } = group;
    if (this.#own !== undefined) {
      return this.#own.step(BATCH, (path) => {
        const prefix = loc.paths.prefixOf(path);
        if (told.get(prefix) === LOCAL + 1) this.#tell(group, batch, prefix);
      });
    }
    const end = Math.min(this.#cursor + STEP, this.#end);
    let prefix = this.#cursor;
    for (let left = BATCH; prefix < end && left > 0; prefix++) {
      if (told.get(prefix) !== 0 && this.#tell(group, batch, prefix)) left--;
    }
    this.#cursor = prefix;
    return prefix < this.#end;
  }

  #tell({ told, filter, queue }: Reviewed, batch: UpdateBatch, prefix: number): boolean {
    const out = queue.has(prefix) ? 0 : filter.apply(prefix);
    if (out !== 0) batch.reach(prefix, out, told.get(prefix) - 1);
    return out !== 0;
  }

  /** The same dump, as far as it has come, for other members. */
  copyFor(members: readonly Member[]): TableDump {
    const dump = new TableDump(this.kind, members);
    dump.hasBegun = this.hasBegun;
    dump.#cursor = this.#cursor;
    dump.#end = this.#end;
    dump.#own = this.#own?.copy();
    return dump;
  }
}

/** The dumps of those of its members that are among `members`, as far as they have come. */
export function dumpsFor(dumps: readonly TableDump[], members: readonly Member[]): TableDump[] {
  return dumps
    .map((dump) => dump.copyFor(dump.members.filter((member) => members.includes(member))))
    .filter((dump) => dump.members.length > 0);
}
