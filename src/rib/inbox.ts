import type { Job, Turns } from "./turns.ts";

/** Prefixes that are worked on together. */
const ROOM = 32;

/** What is to be done with the prefixes in an inbox. */
export type InboxKind = "reach4" | "reach6" | "unreach4" | "unreach6";

/** A session whose prefixes are in the inbox. */
export interface InboxOwner {
  work(inbox: Inbox): void;
}

/**
 * Prefixes that one session has just told, all of one kind and with one attribute set: collected so that the memory that
 * they need comes in at the same time, instead of one after the other, which saves a third of the table's time. One inbox
 * for all sessions; what is in it is worked on when something else comes, and at the latest in the next turn.
 */
export class Inbox implements Job {
  owner: InboxOwner | undefined;
  kind: InboxKind = "reach4";
  set = 0;
  count = 0;
  /** One address word each for IPv4, four for IPv6. */
  readonly words: Uint32Array = new Uint32Array(ROOM * 4);
  readonly lengths: Uint8Array = new Uint8Array(ROOM);
  /** Prefix numbers, for the owner. */
  readonly ids: Uint32Array = new Uint32Array(ROOM);
  /** What the first look at the tables saw: it has to end somewhere, or it would be optimized away. */
  touched = 0;
  readonly #turns: Turns;

  constructor(turns: Turns) {
    this.#turns = turns;
    turns.add(this);
  }

  /** Must another prefix of this sort wait until those in the inbox are worked on? */
  isClosedTo(owner: InboxOwner, kind: InboxKind, set: number): boolean {
    return this.owner !== owner || this.kind !== kind || this.set !== set || this.count === ROOM;
  }

  /** Works on what is in it, and is open for another sort. */
  open(owner: InboxOwner, kind: InboxKind, set: number): void {
    this.flush();
    this.owner = owner;
    this.kind = kind;
    this.set = set;
    this.#turns.wake();
  }

  flush(): void {
    const { owner } = this;
    this.owner = undefined; // who ends its session meanwhile shall not begin again
    owner?.work(this);
    this.count = 0;
  }

  step(): boolean {
    this.flush();
    return false;
  }
}
