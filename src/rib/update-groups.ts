import { bug } from "#lib/bug.ts";
import type { Changes } from "./change-counts.ts";
import type { Exporter, GroupRules } from "./export.ts";
import type { Member } from "./outbox.ts";
import type { SessionOut, UpdateEncoder } from "./ports.ts";
import { type GroupParts, UpdateGroup } from "./update-group.ts";

/** What decides which group a neighbour belongs to. */
export interface Audience {
  /** Code of `NeighbourTable.kinds`. */
  readonly kind: number;
  /** Equal for sessions to which the same UPDATEs can be sent. */
  readonly encoding: string;
  /** Equal for equal export policies. */
  readonly policy: string;
  readonly exporter: Exporter | undefined;
  encoder(): UpdateEncoder;
}

interface Membership {
  group: UpdateGroup;
  readonly member: Member;
  readonly audience: Audience;
}

/** Is that what decides about the group already? */
function isSame(audience: Audience, next: Partial<Audience>): boolean {
  const { kind = audience.kind, encoding = audience.encoding, policy = audience.policy } = next;
  return kind === audience.kind && encoding === audience.encoding && policy === audience.policy;
}

const keyOf = ({ kind, encoding, policy }: Audience): string => JSON.stringify([kind, encoding, policy]);

/**
 * The update groups of one family. Neighbours to whom the same can be told share one; it parts when some cannot keep up or
 * get other policies, and groups that tell the same become one again when both have told everything.
 */
export class UpdateGroups {
  readonly #parts: GroupParts;
  readonly #groups = new Set<UpdateGroup>();
  readonly #memberships = new Map<number, Membership>();
  #held: boolean;

  constructor(parts: Omit<GroupParts, "onSplit" | "onIdle">, held: boolean) {
    this.#held = held;
    this.#parts = {
      ...parts,
      onSplit: (group) => this.#adopt(group),
      onIdle: (group) => this.#unite(group),
    };
  }

  get size(): number {
    return this.#groups.size;
  }

  [Symbol.iterator](): Iterator<UpdateGroup> {
    return this.#groups.values();
  }

  /** The group of `neighbour`, if it has a session. */
  of(neighbour: number): UpdateGroup | undefined {
    return this.#memberships.get(neighbour)?.group;
  }

  /** What was told to `neighbour`, and what was not; undefined without a session. */
  changesOf(neighbour: number): Pick<Changes, "exportUpdates" | "exportWithdraws"> | undefined {
    const membership = this.#memberships.get(neighbour);
    return membership?.group.changesOf(membership.member);
  }

  join(neighbour: number, out: SessionOut, audience: Audience): void {
    const key = keyOf(audience);
    let group = [...this.#groups].find(({ rules }) => rules.key === key);
    if (group === undefined) {
      group = new UpdateGroup(this.#parts, rulesOf(audience), this.#held);
      this.#groups.add(group);
    }
    this.#memberships.set(neighbour, { group, member: group.join(neighbour, out), audience });
  }

  leave(neighbour: number): void {
    const membership = this.#memberships.get(neighbour);
    if (membership === undefined) return;
    this.#memberships.delete(neighbour);
    membership.group.leave(membership.member);
    if (membership.group.isClosed) this.#groups.delete(membership.group);
  }

  refresh(neighbour: number, enhanced: boolean): void {
    const membership = this.#memberships.get(neighbour);
    membership?.group.refresh(membership.member, enhanced);
  }

  /** Routes of neighbours are told from now on. */
  release(): void {
    this.#held = false;
    for (const group of this.#groups) group.release();
  }

  /** Every route is looked at again: what some neighbours are to others changed. */
  review(): void {
    for (const group of this.#groups) group.review();
  }

  /** Other export policies for some neighbours, or other words: what they were told is corrected, no session is reset. */
  change(audiences: ReadonlyMap<number, Partial<Audience>>): void {
    const moves = new Map<UpdateGroup, Map<string, Membership[]>>();
    for (const [neighbour, next] of audiences) {
      const membership = this.#memberships.get(neighbour);
      if (membership === undefined) continue;
      if (isSame(membership.audience, next)) continue;
      const audience = { ...membership.audience, ...next };
      const key = keyOf(audience);
      const moved = { ...membership, audience };
      this.#memberships.set(neighbour, moved);
      const byKey = moves.get(membership.group) ?? new Map<string, Membership[]>();
      moves.set(membership.group, byKey);
      const beside = byKey.get(key);
      if (beside === undefined) byKey.set(key, [moved]);
      else beside.push(moved);
    }
    for (const [group, byKey] of moves) for (const moved of byKey.values()) this.#move(group, moved);
  }

  #move(group: UpdateGroup, moved: readonly Membership[]): void {
    const { audience } = moved[0] ?? bug("a move of nobody");
    if (moved.length === group.members.length) {
      group.setRules(rulesOf(audience));
      return;
    }
    group.split(
      moved.map(({ member }) => member),
      rulesOf(audience),
    );
  }

  #adopt(group: UpdateGroup): void {
    this.#groups.add(group);
    for (const { neighbour } of group.members) {
      const membership = this.#memberships.get(neighbour);
      if (membership !== undefined) membership.group = group;
    }
  }

  /** `group` has told everything: if another one of its kind has too, they become one. */
  #unite(group: UpdateGroup): void {
    if (this.#groups.size < 2 || !group.isClean) return;
    for (const other of this.#groups) {
      if (other === group || other.rules.key !== group.rules.key || !other.isClean) continue;
      if (other.told.size !== group.told.size) continue;
      const [into, from] = other.members.length >= group.members.length ? [other, group] : [group, other];
      for (const { neighbour } of from.members) {
        const membership = this.#memberships.get(neighbour);
        if (membership !== undefined) membership.group = into;
      }
      into.merge(from);
      this.#groups.delete(from);
      return;
    }
  }
}

const rulesOf = (audience: Audience): GroupRules => ({
  key: keyOf(audience),
  kind: audience.kind,
  encoding: audience.encoding,
  encoder: audience.encoder(),
  exporter: audience.exporter,
});
