import type { ExportTally } from "./change-counts.ts";
import type { SessionOut } from "./ports.ts";
import type { Segment, SlabPool } from "./slab.ts";
import type { Turns } from "./turns.ts";

/** Sends of one step: 500 sockets are more than one turn's work. */
const SENDS = 64;
/** Octets that may wait for a member's socket before nothing more is encoded for its group. */
const MAX_OUTSTANDING = 2 * 1024 * 1024;
/** The same while a member is told the whole table, so that it rarely holds the others up. */
export const MAX_OUTSTANDING_DUMP: number = 512 * 1024;

/** How long some members may hold the others up before they become a group of their own. */
const PATIENCE_MS = 250;

/** One neighbour's session, as a group sees it. */
export interface Member {
  readonly neighbour: number;
  readonly out: SessionOut;
  /** Of its group: another one after the group has parted. */
  outbox: Outbox;
  /** Octets given to the session and not yet written. */
  outstanding: number;
  closed: boolean;
  /** Marks that follow once the group has told everything up to a position of its queue. */
  readonly marks: Mark[];
  readonly tally: ExportTally;
}

export interface Mark {
  readonly kind: "endOfRib" | "endRefresh";
  /** Position in the queue, or infinity while it is not known. */
  after: number;
}

interface Delivery {
  readonly segment: Segment;
  readonly members: readonly Member[];
  next: number;
}

/** Hands segments to sessions in order, some sends a step; what a member's own routes are in is left out for it. */
export class Outbox {
  /** Members that have more to write than one should. */
  readonly behind: Set<Member> = new Set();
  readonly #pool: SlabPool;
  readonly #turns: Turns;
  readonly #deliveries: Delivery[] = [];
  #behindSinceMs = -1;

  constructor(pool: SlabPool, turns: Turns) {
    this.#pool = pool;
    this.#turns = turns;
  }

  get isEmpty(): boolean {
    return this.#deliveries.length === 0;
  }

  /** @param segments given away: their slabs return when all members have written them */
  add(segments: readonly Segment[], members: readonly Member[]): void {
    for (const segment of segments) this.#deliveries.push({ segment, members, next: 0 });
  }

  /** @returns whether all is handed out */
  step(sends: number = SENDS): boolean {
    let left = sends;
    while (this.#deliveries.length > 0) {
      const delivery = this.#deliveries[0]!;
      const { segment, members } = delivery;
      for (; delivery.next < members.length; delivery.next++) {
        if (left-- === 0) return false;
        const member = members[delivery.next]!;
        if (!member.closed) this.#sendSegment(member, segment);
      }
      this.#deliveries.shift();
      this.#pool.release(segment.slab);
    }
    return true;
  }

  /**
   * What members that are behind mean for the others: nothing is encoded while they hold them up; after a while they part.
   * When all of them are behind, that is as fast as it goes.
   * @param members of the group
   */
  verdict(members: number): "go" | "hold" | "part" {
    if (this.behind.size === 0) {
      this.#behindSinceMs = -1;
      return "go";
    }
    const { nowMs } = this.#turns;
    if (this.#behindSinceMs < 0) {
      this.#behindSinceMs = nowMs;
      this.#turns.wakeAfter(PATIENCE_MS);
    }
    if (nowMs - this.#behindSinceMs < PATIENCE_MS || this.behind.size === members) return "hold";
    this.#behindSinceMs = -1;
    return "part";
  }

  /** Takes over a member of another group, with what it has still to write. */
  adopt(member: Member): void {
    member.outbox.behind.delete(member);
    member.outbox = this;
    if (member.outstanding > MAX_OUTSTANDING) this.behind.add(member);
  }

  /** Nobody is left to send to. */
  clear(): void {
    for (const { segment } of this.#deliveries.splice(0)) this.#pool.release(segment.slab);
  }

  #sendSegment(member: Member, segment: Segment): void {
    let { from } = segment;
    const { tally } = member;
    for (const range of segment.ranges) {
      if (range.origin !== member.neighbour) {
        tally.reached += range.reached;
        tally.withdrawn += range.withdrawn;
        continue;
      }
      tally.own += range.reached;
      if (range.from > from) this.#send(member, segment, from, range.from);
      from = range.to;
    }
    if (segment.to > from) this.#send(member, segment, from, segment.to);
  }

  #send(member: Member, { slab }: Segment, from: number, to: number): void {
    const octets = to - from;
    slab.users++;
    member.outstanding += octets;
    if (member.outstanding > MAX_OUTSTANDING) this.behind.add(member);
    member.out.send(slab.bytes, from, to, () => {
      member.outstanding -= octets;
      this.#pool.release(slab);
      if (member.outstanding <= MAX_OUTSTANDING) member.outbox.behind.delete(member);
      if (member.outstanding <= MAX_OUTSTANDING_DUMP) this.#turns.wake();
    });
  }
}
