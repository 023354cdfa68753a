import { bug } from "#lib/bug.ts";
import { type Changes, ExportTally, noRefusals, type Refusals, untold } from "./change-counts.ts";
import { type Exporter, ExportFilter, type GroupRules } from "./export.ts";
import { GroupReview } from "./group-review.ts";
import type { LocRib } from "./loc-rib.ts";
import { Marks } from "./marks.ts";
import { LOCAL, type NeighbourTable } from "./neighbours.ts";
import { MAX_OUTSTANDING_DUMP, type Member, Outbox } from "./outbox.ts";
import { OwnRoutes } from "./own-routes.ts";
import type { SessionOut } from "./ports.ts";
import { type SlabPool, SlabWriter } from "./slab.ts";
import { DirtyQueue } from "./table/dirty-queue.ts";
import { dumpsFor, TableDump } from "./table-dump.ts";
import { ToldRecord } from "./told-record.ts";
import type { Job, Turns } from "./turns.ts";
import { BATCH, type UpdateBatch } from "./update-batch.ts";
import { type InstallProgress, WaitInstall } from "./wait-install.ts";

/** Prefixes that one step of a group that is gone looks at. */
const DRAIN = 8192;

/** What all groups of a family share. */
export interface GroupParts {
  readonly loc: LocRib;
  readonly neighbours: NeighbourTable;
  readonly pool: SlabPool;
  readonly turns: Turns;
  readonly batch: UpdateBatch;
  /** undefined: nothing is installed anywhere. */
  readonly installs: InstallProgress | undefined;
  /** Highest prefix number. */
  readonly maxPrefixes: number;
  /** Some members have become a group of their own. */
  onSplit(group: UpdateGroup): void;
  /** The group has nothing to do for now. */
  onIdle(group: UpdateGroup): void;
}

/**
 * Neighbours that are told the same routes of one family in the same words: one encoding, one record of what was told.
 * All members get one ordered stream, each without what it told itself; a joining one gets the table as it stands beside
 * it, and the changes like everybody.
 */
export class UpdateGroup implements Job {
  rules: GroupRules;
  readonly #members = new Map<number, Member>();
  /** The same as a list, which deliveries keep; undefined after a change. */
  #audience: readonly Member[] | undefined;
  readonly #marks = new Marks();
  readonly #parts: GroupParts;
  readonly loc: LocRib;
  readonly told: ToldRecord;
  readonly filter: ExportFilter;
  readonly queue: DirtyQueue;
  readonly #waits: WaitInstall;
  /** What was not told, since the group began. */
  readonly refusals: Refusals = noRefusals();
  readonly #writer: SlabWriter;
  readonly #outbox: Outbox;
  #dumps: TableDump[] = [];
  #review: GroupReview | undefined;
  /** Every prefix was looked at once. */
  #reviewed = false;
  #closed = false;
  readonly #seen = new Uint32Array(BATCH);
  readonly #own = new OwnRoutes();
  readonly #refused: number[] = [];

  constructor(parts: GroupParts, rules: GroupRules, isHeld: boolean) {
    this.rules = rules;
    this.#parts = parts;
    this.loc = parts.loc;
    this.told = new ToldRecord(parts.maxPrefixes, parts.neighbours.max);
    this.filter = new ExportFilter(parts.loc, parts.neighbours, rules.kind, rules.exporter, isHeld);
    this.queue = new DirtyQueue(parts.maxPrefixes);
    this.#waits = new WaitInstall(parts.installs, parts.turns);
    this.#writer = new SlabWriter(parts.pool);
    this.#outbox = new Outbox(parts.pool, parts.turns);
    this.loc.attach(this.queue);
    parts.turns.add(this);
    this.#beginReview(rules.exporter, false);
  }

  get members(): readonly Member[] {
    this.#audience ??= [...this.#members.values()];
    return this.#audience;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Is everything told to everybody? */
  get isClean(): boolean {
    if (this.#closed || this.queue.length > 0 || this.#review !== undefined || this.#dumps.length > 0) return false;
    if (!this.#outbox.isEmpty || !this.#marks.isEmpty) return false;
    return this.members.every(({ outstanding }) => outstanding === 0);
  }

  /** Does the group still ask `exporter`? */
  asks(exporter: Exporter): boolean {
    return this.filter.exporter === exporter || this.#review?.before === exporter;
  }

  /** Prefixes told to `neighbour`, which is a member. */
  toldTo(neighbour: number): number {
    return this.told.size - this.told.countOf(neighbour);
  }

  join(neighbour: number, out: SessionOut): Member {
    // What was refused up to now concerns the first members, and is what the table says for those that come later.
    const tally = new ExportTally(this.#reviewed ? untold(this.loc.reachable, this.told, this.filter) : this.refusals);
    const member: Member = {
      neighbour,
      out,
      outbox: this.#outbox,
      outstanding: 0,
      closed: false,
      marks: [{ kind: "endOfRib", after: Number.POSITIVE_INFINITY }],
      tally,
    };
    this.#add(member);
    const waiting = this.#dumps.find(({ kind, hasBegun }) => kind === "initial" && !hasBegun);
    if (waiting !== undefined) waiting.members = [...waiting.members, member];
    else this.#dumps.push(new TableDump("initial", [member]));
    return member;
  }

  /** Route changes that `member` was told, or was not. */
  changesOf({ tally }: Member): Pick<Changes, "exportUpdates" | "exportWithdraws"> {
    return tally.of(this.refusals);
  }

  /** The session is over. The last member takes the group along. */
  leave(member: Member): void {
    member.closed = true;
    this.#remove(member);
    if (this.#members.size === 0) this.#close();
  }

  #add(member: Member): void {
    this.#members.set(member.neighbour, member);
    member.tally.enter(this.refusals);
    this.#audience = undefined;
    this.#outbox.adopt(member);
    this.#marks.enter(member);
    this.#parts.turns.wake();
  }

  #remove(member: Member): void {
    this.#members.delete(member.neighbour);
    member.tally.exit(this.refusals);
    this.#audience = undefined;
    this.#outbox.behind.delete(member);
    this.#marks.exit(member);
    for (const dump of this.#dumps) dump.members = dump.members.filter((other) => other !== member);
    this.#dumps = this.#dumps.filter(({ members }) => members.length > 0);
    this.#parts.turns.wake();
  }

  /** Tells `member` everything again. */
  refresh(member: Member, enhanced: boolean): void {
    this.#dumps.push(new TableDump(enhanced ? "enhanced" : "refresh", [member]));
    this.#parts.turns.wake();
  }

  /** Routes of neighbours go out too. */
  release(): void {
    if (!this.filter.isHeld) return;
    this.filter.isHeld = false;
    this.#beginReview(this.filter.exporter, false);
  }

  /** What neighbours are to each other changed. */
  review(): void {
    this.#beginReview(this.filter.exporter, false);
  }

  /** Other rules for all members: what they make of each route is compared with what the old ones made. */
  setRules(rules: GroupRules): void {
    const { exporter: before } = this.filter;
    const sameWords = rules.encoding === this.rules.encoding;
    this.rules = sameWords ? { ...rules, encoder: this.rules.encoder } : rules;
    this.filter.exporter = rules.exporter;
    this.filter.turn(rules.kind);
    this.#beginReview(before, !sameWords);
  }

  /**
   * Moves some of the members to a new group, which knows what they were told and has the same still to tell.
   * @param members not all
   */
  split(members: readonly Member[], rules: GroupRules): UpdateGroup {
    this.#outbox.step(Number.POSITIVE_INFINITY);
    const group = new UpdateGroup(this.#parts, rules, this.filter.isHeld);
    group.told.copy(this.told, this.loc.prefixes.end);
    group.queue.copy(this.queue);
    group.#review = this.#review?.copy();
    group.#reviewed = this.#reviewed;
    for (const member of members) {
      for (const mark of member.marks) mark.after = this.#positionIn(group, mark.after);
    }
    group.#dumps = dumpsFor(this.#dumps, members);
    for (const member of members) {
      this.#remove(member);
      group.#add(member);
    }
    const { key, encoding } = this.rules;
    if (rules.key !== key) group.#beginReview(this.filter.exporter, rules.encoding !== encoding);
    this.#parts.onSplit(group);
    return group;
  }

  /** A position of this group's queue in the one of `group`, which was copied from it. */
  #positionIn(group: UpdateGroup, position: number): number {
    return Math.max(0, position - this.queue.taken) + group.queue.taken;
  }

  /** Takes the members of another group with equal rules; both are clean. The other one is closed. */
  merge(other: UpdateGroup): void {
    if (!this.isClean || !other.isClean || this.rules.key !== other.rules.key) bug("groups that differ do not merge");
    for (const member of other.members) {
      other.#remove(member);
      this.#add(member);
    }
    other.#close();
  }

  /** @param before policy until now @param reworded whatever is told is told again */
  #beginReview(before: Exporter | undefined, reworded: boolean): void {
    this.#review = new GroupReview(this.loc.prefixes.end, before, reworded || this.#review?.rewords(before) === true);
    this.#parts.turns.wake();
  }

  #close(): void {
    this.#closed = true;
    this.loc.detach(this.queue);
    this.#writer.close();
    this.#outbox.clear();
    this.#parts.turns.wake();
  }

  step(): boolean {
    if (this.#closed) return this.#drain();
    if (!this.#outbox.step()) return true;
    if (this.#isBlocked()) return false;
    const reviewing = this.#stepReview();
    const dumping = this.#stepDump();
    const flushing = this.#flush();
    this.#tellMarks();
    const handed = this.#outbox.step();
    if (reviewing || dumping || flushing || !handed) return true;
    this.#parts.onIdle(this);
    return false;
  }

  /** The group is gone; its backlog must still be seen, so that prefixes without paths can go. */
  #drain(): boolean {
    for (let left = DRAIN; left > 0; left--) {
      const prefix = this.queue.shift();
      if (prefix === 0) {
        this.#parts.turns.remove(this);
        return false;
      }
      this.loc.settle(prefix);
    }
    return true;
  }

  #isBlocked(): boolean {
    const verdict = this.#outbox.verdict(this.#members.size);
    if (verdict === "part") this.split([...this.#outbox.behind], this.rules);
    return verdict === "hold";
  }

  #stepReview(): boolean {
    if (this.#review === undefined) return false;
    if (this.#review.step(this)) return true;
    this.#review = undefined;
    this.#reviewed = true;
    this.#marks.postpone(this.queue.pushed);
    return false;
  }

  /** @returns whether there is more to dump that could be told now */
  #stepDump(): boolean {
    const dump = this.#dumps[0];
    if (dump === undefined) return false;
    for (const { outstanding } of dump.members) if (outstanding > MAX_OUTSTANDING_DUMP) return false;
    if (!dump.hasBegun && !this.#beginDump(dump)) return false;
    const more = dump.step(this, this.#parts.batch);
    // Refused ones were never told: their origin was the only member until now.
    this.#parts.batch.write(this.rules.encoder, this.#writer, (prefix) => this.told.set(prefix, 0));
    this.#deliver(dump.members);
    if (more) return true;
    this.#dumps.shift();
    const { pushed } = this.queue;
    for (const member of dump.members) {
      if (dump.kind === "enhanced") this.#marks.add(member, { kind: "endRefresh", after: pushed });
      if (dump.kind === "initial") for (const mark of member.marks) mark.after = Math.min(mark.after, pushed);
    }
    return this.#dumps.length > 0;
  }

  /** @returns false while earlier marks are still to be told: BoRR never comes before End-of-RIB (RFC 7313 §4) */
  #beginDump(dump: TableDump): boolean {
    if (dump.kind === "enhanced") {
      if (dump.members.some(({ marks }) => marks.length > 0)) return false;
      this.#writer.origin(-1);
      this.rules.encoder.beginRefresh(this.#writer, this.loc.family);
      this.#deliver(dump.members);
    }
    dump.begin(this);
    return true;
  }

  /** Tells what changed of the prefixes that wait longest. @returns whether there is more that could be told now */
  #flush(): boolean {
    const queue = this.queue;
    if (queue.length === 0) return false;
    const { batch } = this.#parts;
    const seen = this.#seen;
    let count = 0;
    let waits = false;
    for (; count < BATCH; count++) {
      const prefix = queue.first;
      waits = prefix !== 0 && !this.#collect(prefix);
      if (prefix === 0 || waits) break;
      seen[count] = queue.shift();
    }
    this.#own.write(this.rules.encoder, this.#writer, this.loc.family, batch, (member) =>
      this.#deliver([this.#members.get(member)!]),
    );
    batch.write(this.rules.encoder, this.#writer, (prefix) => this.#refused.push(prefix));
    this.#withdrawRefused();
    this.#deliver();
    this.loc.settleAll(seen, count);
    return queue.length > 0 && !waits;
  }

  /** @returns false where the route has to be installed first */
  #collect(prefix: number): boolean {
    const { batch } = this.#parts;
    const before = this.told.get(prefix);
    const out = this.filter.apply(prefix);
    if (out === 0) {
      if (this.filter.refusal !== undefined) this.refusals[this.filter.refusal]++;
      if (before === 0) return true;
      this.told.set(prefix, 0);
      if (!this.#isAlone(before - 1)) batch.unreach(prefix, before - 1);
      return true;
    }
    const origin = this.loc.paths.neighbourOf(this.loc.bestOf(prefix));
    const isAlone = this.#isAlone(origin);
    if (origin !== LOCAL && !isAlone && !this.#waits.frees(this.queue)) return false;
    if (before !== origin + 1) {
      if (before !== 0 && this.#members.has(origin)) this.#own.add(origin, prefix);
      this.told.set(prefix, origin + 1);
    }
    if (isAlone) this.refusals.rejected++;
    else batch.reach(prefix, out, origin);
    return true;
  }

  /** Is `origin` the only member, so that nobody is to be told its paths? */
  #isAlone(origin: number): boolean {
    return this.#members.size === 1 && this.#members.has(origin);
  }

  /** A set too long for a message cannot be told: what was told before is no longer true. */
  #withdrawRefused(): void {
    if (this.#refused.length === 0) return;
    const { batch } = this.#parts;
    for (const prefix of this.#refused.splice(0)) {
      const before = this.told.get(prefix);
      this.told.set(prefix, 0);
      batch.unreach(prefix, before - 1);
    }
    batch.write(this.rules.encoder, this.#writer, () => {});
  }

  #tellMarks(): void {
    if (this.#marks.isEmpty || this.filter.isHeld || this.#review !== undefined) return;
    const { taken } = this.queue;
    for (const kind of ["endOfRib", "endRefresh"] as const) {
      const due = this.#marks.take(kind, taken);
      if (due.length === 0) continue;
      this.#writer.origin(-1);
      if (kind === "endOfRib") this.rules.encoder.endOfRib(this.#writer, this.loc.family);
      else this.rules.encoder.endRefresh(this.#writer, this.loc.family);
      this.#deliver(due);
    }
  }

  /** What was written since the last delivery goes to `members`, or all, behind everything that was delivered before. */
  #deliver(members?: readonly Member[]): void {
    const segments = this.#writer.finish();
    if (segments.length > 0) this.#outbox.add(segments, members ?? this.members);
  }
}
