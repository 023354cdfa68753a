import { forbiddenFlags, isTold } from "./export.ts";
import type { LocRib } from "./loc-rib.ts";
import { LOCAL, type NeighbourTable } from "./neighbours.ts";
import type { SessionOut, UpdateEncoder } from "./ports.ts";
import { type Segment, type SlabPool, SlabWriter } from "./slab.ts";
import { DirtyQueue } from "./table/dirty-queue.ts";
import type { PathWalk } from "./table/path-table.ts";
import type { Job, Turns } from "./turns.ts";
import { BATCH, type UpdateBatch } from "./update-batch.ts";

/** Octets that may wait for a member's socket before nothing more is encoded for its group. */
const MAX_OUTSTANDING = 2 * 1024 * 1024;
/** The same while a member is told the whole table, so that it rarely holds the others up. */
const MAX_OUTSTANDING_DUMP = 512 * 1024;
/** Sends of one step. */
const SENDS = 64;
/** Prefixes that one step of a walk looks at. */
const WALK = 8192;

/** What export policy makes of a path. */
export interface Exporter {
  /** @returns the attribute set to tell (not held), or 0 where the path is not told */
  apply(set: number, prefix: number): number;
}

/** One neighbour in a group. */
export interface Member {
  readonly neighbour: number;
  readonly out: SessionOut;
  /** Octets given to the session and not yet written. */
  outstanding: number;
  closed: boolean;
  /** Marks that follow once the group has told everything up to a position of its queue. */
  readonly marks: Mark[];
}

interface Mark {
  readonly kind: "endOfRib" | "endRefresh";
  /** Position in the queue, or infinity while it is not known. */
  after: number;
}

/** The whole table for some members: after they joined, or because they asked (RFC 2918). */
interface Dump {
  members: Member[];
  readonly kind: "initial" | "refresh" | "enhanced";
  begun: boolean;
  cursor: number;
  readonly end: number;
  /** Where only own prefixes are told: a walk over these alone. */
  readonly own: PathWalk | undefined;
}

/** A look at every prefix, because the rules changed. */
interface Review {
  cursor: number;
  readonly end: number;
  /** What was applied before; undefined: whatever is told is told again. */
  readonly before: Exporter | undefined;
  readonly again: boolean;
}

interface Delivery {
  readonly segment: Segment;
  readonly members: readonly Member[];
  next: number;
}

/** What all groups of a family share. */
export interface GroupParts {
  readonly loc: LocRib;
  readonly neighbours: NeighbourTable;
  readonly pool: SlabPool;
  readonly turns: Turns;
  readonly batch: UpdateBatch;
  /** Highest prefix number. */
  readonly maxPrefixes: number;
}

/** What is told, and in which words: equal for all members. */
export interface GroupRules {
  /** Groups of equal keys may become one. */
  readonly key: string;
  /** Code of `NeighbourTable.kinds`. */
  readonly kind: number;
  readonly encoder: UpdateEncoder;
  readonly exporter: Exporter | undefined;
}

/**
 * Neighbours that are told the same routes of one family in the same words: one encoding, one record of what was told.
 * That is a neighbour number per prefix (the origin of the path, + 1; 0: not told), because the origin itself is left out:
 * a member has a prefix if the record is neither 0 nor its own number + 1. All members get one ordered stream; a joining
 * one gets the table as it stands beside it, and the changes like everybody.
 */
export class UpdateGroup implements Job {
  readonly rules: GroupRules;
  members: readonly Member[] = [];
  /** Prefixes told, and by origin. */
  told = 0;
  readonly #toldByOrigin: Uint32Array;
  readonly #sent: Uint16Array;
  readonly #parts: GroupParts;
  readonly #loc: LocRib;
  readonly #queue: DirtyQueue;
  readonly #writer: SlabWriter;
  readonly #forbidden: number;
  #exporter: Exporter | undefined;
  /** Only own prefixes go out: the daemon has just started and waits for its neighbours (RFC 4724 §4.1). */
  #held: boolean;
  #dumps: Dump[] = [];
  #review: Review | undefined;
  #deliveries: Delivery[] = [];
  #closed = false;
  /** Prefixes a member must be told to forget because it now tells them itself: prefix, member's neighbour number. */
  readonly #own: number[] = [];
  readonly #refused: number[] = [];

  constructor(parts: GroupParts, rules: GroupRules, held: boolean) {
    this.rules = rules;
    this.#parts = parts;
    this.#loc = parts.loc;
    this.#exporter = rules.exporter;
    this.#held = held;
    this.#forbidden = forbiddenFlags(rules.kind);
    this.#sent = new Uint16Array(parts.maxPrefixes + 1);
    this.#toldByOrigin = new Uint32Array(parts.neighbours.max);
    this.#queue = new DirtyQueue(parts.maxPrefixes);
    this.#writer = new SlabWriter(parts.pool);
    this.#loc.attach(this.#queue);
    parts.turns.add(this);
    this.#beginReview(undefined, false);
  }

  /** Prefixes told to `neighbour`, which is a member. */
  toldTo(neighbour: number): number {
    return this.told - this.#toldByOrigin[neighbour]!;
  }

  /** Is any told prefix recorded as coming from `neighbour`? */
  tellsOf(neighbour: number): boolean {
    return this.#toldByOrigin[neighbour]! > 0;
  }

  /** Was `prefix` told to `neighbour`, a member? */
  hasTold(prefix: number, neighbour: number): boolean {
    const sent = this.#sent[prefix]!;
    return sent !== 0 && sent !== neighbour + 1;
  }

  /** The set that `prefix` is told with now; 0 where it is not told. */
  exportedSet(prefix: number): number {
    const best = this.#loc.bestOf(prefix);
    return best === 0 ? 0 : this.#export(best, prefix);
  }

  join(neighbour: number, out: SessionOut): Member {
    const member: Member = { neighbour, out, outstanding: 0, closed: false, marks: [] };
    member.marks.push({ kind: "endOfRib", after: Number.POSITIVE_INFINITY });
    this.members = [...this.members, member];
    const waiting = this.#dumps.find(({ kind, begun }) => kind === "initial" && !begun);
    if (waiting !== undefined) waiting.members.push(member);
    else this.#addDump([member], "initial");
    this.#parts.turns.wake();
    return member;
  }

  leave(member: Member): void {
    member.closed = true;
    this.members = this.members.filter((other) => other !== member);
    for (const dump of this.#dumps) dump.members = dump.members.filter((other) => other !== member);
    this.#dumps = this.#dumps.filter(({ members }) => members.length > 0);
    if (this.members.length === 0) this.#close();
    this.#parts.turns.wake();
  }

  /** Tells `member` everything again. */
  refresh(member: Member, enhanced: boolean): void {
    this.#addDump([member], enhanced ? "enhanced" : "refresh");
    this.#parts.turns.wake();
  }

  /** Routes of neighbours go out too. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#beginReview(this.#exporter, false);
  }

  /** Another export policy: what it makes of each route is compared with what the old one made. */
  setExporter(exporter: Exporter | undefined): void {
    const before = this.#exporter;
    this.#exporter = exporter;
    this.#beginReview(before, true);
  }

  #beginReview(before: Exporter | undefined, changed: boolean): void {
    const again = changed && this.#review !== undefined;
    this.#review = { cursor: 1, end: this.#loc.prefixes.end, before, again };
    this.#parts.turns.wake();
  }

  #addDump(members: Member[], kind: Dump["kind"]): void {
    const own = this.told === this.#toldByOrigin[LOCAL] ? this.#loc.paths.walk(LOCAL) : undefined;
    this.#dumps.push({ members, kind, begun: false, cursor: 1, end: this.#loc.prefixes.end, own });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  #close(): void {
    this.#closed = true;
    this.#loc.detach(this.#queue);
    this.#writer.close();
    for (const { segment } of this.#deliveries.splice(0)) this.#parts.pool.release(segment.slab);
  }

  step(): boolean {
    if (this.#closed) return this.#drain();
    if (!this.#handOut()) return true;
    if (this.#isBlocked()) return false;
    const reviewing = this.#stepReview();
    const dumping = this.#stepDump();
    const flushing = this.#flush();
    this.#tellMarks();
    const handed = this.#handOut();
    return reviewing || dumping || flushing || !handed;
  }

  /** The group is gone; its backlog must still be seen, so that prefixes without paths can go. */
  #drain(): boolean {
    for (let left = WALK; left > 0; left--) {
      const prefix = this.#queue.shift();
      if (prefix === 0) {
        this.#parts.turns.remove(this);
        return false;
      }
      this.#loc.settle(prefix);
    }
    return true;
  }

  #isBlocked(): boolean {
    for (const member of this.members) if (member.outstanding > MAX_OUTSTANDING) return true;
    return false;
  }

  #stepReview(): boolean {
    const review = this.#review;
    if (review === undefined) return false;
    if (this.#queue.length > BATCH * 4) return true;
    const end = Math.min(review.cursor + WALK, review.end);
    const { links } = this.#loc.prefixes;
    for (let prefix = review.cursor; prefix < end; prefix++) {
      const best = links[prefix * 2 + 1]!;
      const out = best === 0 ? 0 : this.#export(best, prefix);
      const told = this.#sent[prefix] !== 0;
      if (told !== (out !== 0) || (told && this.#isReworded(review, best, prefix, out))) this.#queue.push(prefix);
    }
    review.cursor = end;
    if (end < review.end) return true;
    this.#review = undefined;
    for (const { marks } of this.members) {
      for (const mark of marks) if (mark.after !== Number.POSITIVE_INFINITY) mark.after = this.#queue.pushed;
    }
    return false;
  }

  #isReworded(review: Review, best: number, prefix: number, out: number): boolean {
    if (review.again) return true;
    if (review.before === this.#exporter) return false;
    const set = this.#loc.paths.attributesOf(best);
    return (review.before === undefined ? set : review.before.apply(set, prefix)) !== out;
  }

  /** @returns whether there is more to dump that could be told now */
  #stepDump(): boolean {
    const dump = this.#dumps[0];
    if (dump === undefined) return false;
    for (const { outstanding } of dump.members) if (outstanding > MAX_OUTSTANDING_DUMP) return false;
    if (!dump.begun && !this.#beginDump(dump)) return false;
    const { batch } = this.#parts;
    const more = dump.own === undefined ? this.#dumpAll(dump) : dump.own.step(BATCH, (path) => this.#dumpOwn(path));
    batch.write(this.rules.encoder, this.#writer, () => {});
    this.#deliver(dump.members);
    if (more) return true;
    this.#dumps.shift();
    for (const { marks } of dump.members) {
      if (dump.kind === "enhanced") marks.push({ kind: "endRefresh", after: this.#queue.pushed });
      else for (const mark of marks) mark.after = Math.min(mark.after, this.#queue.pushed);
    }
    return this.#dumps.length > 0;
  }

  /** @returns false while earlier marks are still to be told: BoRR never comes before End-of-RIB (RFC 7313 §4) */
  #beginDump(dump: Dump): boolean {
    if (dump.kind === "enhanced") {
      if (dump.members.some(({ marks }) => marks.length > 0)) return false;
      this.#writer.origin(-1);
      this.rules.encoder.beginRefresh(this.#writer, this.#loc.family);
      this.#deliver(dump.members);
    }
    dump.begun = true;
    return true;
  }

  /** Prefixes that wait in the queue are left out: they are about to be told to everybody. */
  #dumpAll(dump: Dump): boolean {
    const { batch } = this.#parts;
    const { links } = this.#loc.prefixes;
    const end = Math.min(dump.cursor + WALK, dump.end);
    let prefix = dump.cursor;
    for (let left = BATCH; prefix < end && left > 0; prefix++) {
      const sent = this.#sent[prefix]!;
      if (sent === 0 || this.#queue.has(prefix)) continue;
      const out = this.#export(links[prefix * 2 + 1]!, prefix);
      if (out === 0) continue;
      batch.reach(prefix, out, sent - 1);
      left--;
    }
    dump.cursor = prefix;
    return prefix < dump.end;
  }

  #dumpOwn(path: number): void {
    const prefix = this.#loc.paths.prefixOf(path);
    if (this.#sent[prefix] !== LOCAL + 1 || this.#queue.has(prefix)) return;
    const out = this.#export(path, prefix);
    if (out !== 0) this.#parts.batch.reach(prefix, out, LOCAL);
  }

  /** @returns the attribute set that `path`, the best of `prefix`, is told with; 0: it is not told */
  #export(path: number, prefix: number): number {
    const { paths, attributes } = this.#loc;
    const origin = paths.neighbourOf(path);
    if (this.#held && origin !== LOCAL) return 0;
    if (!isTold(this.#parts.neighbours.kinds[origin]!, this.rules.kind)) return 0;
    const set = paths.attributesOf(path);
    if ((attributes.flagsOf(set) & this.#forbidden) !== 0) return 0;
    return this.#exporter === undefined ? set : this.#exporter.apply(set, prefix);
  }

  /** Tells what changed of the prefixes that wait longest. @returns whether more wait */
  #flush(): boolean {
    const queue = this.#queue;
    if (queue.length === 0) return false;
    const { batch } = this.#parts;
    const seen = this.#seen;
    let count = 0;
    for (; count < BATCH; count++) {
      const prefix = queue.shift();
      if (prefix === 0) break;
      seen[count] = prefix;
      this.#collect(prefix);
    }
    this.#tellOwn();
    batch.write(this.rules.encoder, this.#writer, (prefix) => this.#refused.push(prefix));
    this.#withdrawRefused();
    this.#deliver(this.members);
    for (let index = 0; index < count; index++) {
      if (this.#loc.headOf(seen[index]!) === 0) this.#loc.settle(seen[index]!);
    }
    return queue.length > 0;
  }

  readonly #seen = new Uint32Array(BATCH);

  #collect(prefix: number): void {
    const { batch } = this.#parts;
    const best = this.#loc.bestOf(prefix);
    const before = this.#sent[prefix]!;
    const out = best === 0 ? 0 : this.#export(best, prefix);
    if (out === 0) {
      if (before !== 0) {
        this.#record(prefix, before, 0);
        batch.unreach(prefix, before - 1);
      }
      return;
    }
    const origin = this.#loc.paths.neighbourOf(best);
    if (before !== origin + 1) {
      if (before !== 0 && this.#isMember(origin)) this.#own.push(prefix, origin);
      this.#record(prefix, before, origin + 1);
    }
    batch.reach(prefix, out, origin);
  }

  #record(prefix: number, before: number, now: number): void {
    this.#sent[prefix] = now;
    if (before !== 0) {
      this.told--;
      this.#toldByOrigin[before - 1]!--;
    }
    if (now !== 0) {
      this.told++;
      this.#toldByOrigin[now - 1]!++;
    }
  }

  #isMember(neighbour: number): boolean {
    return this.members.some((member) => member.neighbour === neighbour);
  }

  /** Members that have become the origin of a prefix they were told before are told that it is gone: now they have it. */
  #tellOwn(): void {
    const own = this.#own;
    if (own.length === 0) return;
    const { encoder } = this.rules;
    for (const member of this.members) {
      let begun = false;
      for (let at = 0; at < own.length; at += 2) {
        if (own[at + 1] !== member.neighbour) continue;
        if (!begun) {
          this.#writer.origin(-1);
          encoder.beginUnreach(this.#writer, this.#loc.family);
          begun = true;
        }
        this.#addPrefix(own[at]!);
      }
      if (!begun) continue;
      encoder.end();
      this.#deliver([member]);
    }
    own.length = 0;
  }

  #addPrefix(prefix: number): void {
    const { prefixes } = this.#loc;
    const { encoder } = this.rules;
    if (prefixes.family === "ipv4") {
      encoder.add4(prefixes.word(prefix, 0), prefixes.lengthOf(prefix));
      return;
    }
    const [w0, w1, w2, w3] = [0, 1, 2, 3].map((index) => prefixes.word(prefix, index)) as [
      number,
      number,
      number,
      number,
    ];
    encoder.add6(w0, w1, w2, w3, prefixes.lengthOf(prefix));
  }

  /** A set too long for a message cannot be told: what was told before is no longer true. */
  #withdrawRefused(): void {
    if (this.#refused.length === 0) return;
    const { batch } = this.#parts;
    for (const prefix of this.#refused.splice(0)) {
      const before = this.#sent[prefix]!;
      if (before === 0) continue;
      this.#record(prefix, before, 0);
      batch.unreach(prefix, before - 1);
    }
    batch.write(this.rules.encoder, this.#writer, () => {});
  }

  #tellMarks(): void {
    if (this.#held || this.#review !== undefined) return;
    const { taken } = this.#queue;
    for (const kind of ["endOfRib", "endRefresh"] as const) {
      const due = this.members.filter(({ marks }) => marks[0]?.kind === kind && marks[0].after <= taken);
      if (due.length === 0) continue;
      this.#writer.origin(-1);
      if (kind === "endOfRib") this.rules.encoder.endOfRib(this.#writer, this.#loc.family);
      else this.rules.encoder.endRefresh(this.#writer, this.#loc.family);
      for (const { marks } of due) marks.shift();
      this.#deliver(due);
    }
  }

  /** What was written since the last delivery goes to `members`, behind everything that was delivered before. */
  #deliver(members: readonly Member[]): void {
    for (const segment of this.#writer.finish()) this.#deliveries.push({ segment, members, next: 0 });
  }

  /** Gives sockets what is theirs, a limited number of sends a step. @returns whether all is handed out */
  #handOut(): boolean {
    let left = SENDS;
    while (this.#deliveries.length > 0) {
      const delivery = this.#deliveries[0]!;
      const { segment, members } = delivery;
      for (; delivery.next < members.length; delivery.next++) {
        if (left-- === 0) return false;
        const member = members[delivery.next]!;
        if (!member.closed) this.#sendSegment(member, segment);
      }
      this.#deliveries.shift();
      this.#parts.pool.release(segment.slab);
    }
    return true;
  }

  #sendSegment(member: Member, segment: Segment): void {
    let from = segment.from;
    for (const range of segment.ranges) {
      if (range.origin !== member.neighbour) continue;
      if (range.from > from) this.#send(member, segment, from, range.from);
      from = range.to;
    }
    if (segment.to > from) this.#send(member, segment, from, segment.to);
  }

  #send(member: Member, { slab }: Segment, from: number, to: number): void {
    const octets = to - from;
    slab.users++;
    member.outstanding += octets;
    member.out.send(slab.bytes, from, to, () => {
      member.outstanding -= octets;
      this.#parts.pool.release(slab);
      if (member.outstanding <= MAX_OUTSTANDING_DUMP) this.#parts.turns.wake();
    });
  }
}
