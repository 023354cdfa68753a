import type { Member } from "./outbox.ts";
import type { PathWalk } from "./table/path-table.ts";

/** The whole table for some members: after they joined, or because they asked (RFC 2918). */
export interface TableDump {
  readonly kind: "initial" | "refresh" | "enhanced";
  members: readonly Member[];
  /** undefined before it begins; until then others may join in. */
  progress: DumpProgress | undefined;
}

/** What had been told when the dump began is told again; what is told later reaches the members like all others. */
export interface DumpProgress {
  /** Next prefix number, and one past the last. */
  cursor: number;
  readonly end: number;
  /** Where only own prefixes were told: a walk over these alone. */
  readonly own: PathWalk | undefined;
}

/** The dumps of those of its members that are among `members`, as far as they have come. */
export function dumpsFor(dumps: readonly TableDump[], members: readonly Member[]): TableDump[] {
  return dumps
    .map(({ kind, members: all, progress }) => ({
      kind,
      members: all.filter((member) => members.includes(member)),
      progress: progress && { ...progress, own: progress.own?.copy() },
    }))
    .filter((dump) => dump.members.length > 0);
}
