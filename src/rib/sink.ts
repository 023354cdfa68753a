import type { AttributeFacts } from "#route/attribute-facts.ts";
import type { Family } from "#route/family.ts";
import type { Inbox, InboxOwner } from "./inbox.ts";
import type { LocRib } from "./loc-rib.ts";
import type { RouteSink } from "./ports.ts";
import { type AttributeTable, contextKey, type SourceClass } from "./table/attribute-table.ts";
import { TableFull } from "./table/limits.ts";
import { FILTERED } from "./table/path-table.ts";
import type { PrefixTable4 } from "./table/prefix-table-4.ts";
import type { PrefixTable6 } from "./table/prefix-table-6.ts";

/** What a sink tells about itself. */
interface SinkEvents {
  endOfRib(family: Family): void;
  /** The neighbour has told as many prefixes as it may, and now one more. Said once a session and family. */
  limitExceeded(family: Family, prefixes: number): void;
  /** There is no room for what it tells. Nothing more is taken from it. */
  full(error: TableFull): void;
}

export interface SinkParts {
  readonly neighbour: number;
  /** Of the session: `external` or `internal`. */
  readonly from: SourceClass;
  readonly attributes: AttributeTable;
  readonly inbox: Inbox;
  readonly loc4: LocRib;
  readonly loc6: LocRib;
  /** Most prefixes by family. */
  readonly limits: Readonly<Partial<Record<Family, number>>>;
  readonly events: SinkEvents;
}

/** The Adj-RIB-In of one session. When the session is over it takes nothing more. */
export class Sink implements RouteSink, InboxOwner {
  readonly #parts: SinkParts;
  readonly #attributes: AttributeTable;
  readonly #inbox: Inbox;
  readonly #loc4: LocRib;
  readonly #loc6: LocRib;
  readonly #table4: PrefixTable4;
  readonly #table6: PrefixTable6;
  readonly #neighbour: number;
  /** Infinity where there is no limit, or it was told already. */
  #limit4 = Number.POSITIVE_INFINITY;
  #limit6 = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(parts: SinkParts) {
    this.#parts = parts;
    this.#attributes = parts.attributes;
    this.#inbox = parts.inbox;
    this.#loc4 = parts.loc4;
    this.#loc6 = parts.loc6;
    this.#table4 = parts.loc4.prefixes as PrefixTable4;
    this.#table6 = parts.loc6.prefixes as PrefixTable6;
    this.#neighbour = parts.neighbour;
    this.setLimits(parts.limits);
  }

  setLimits({ ipv4, ipv6 }: SinkParts["limits"]): void {
    this.#limit4 = ipv4 ?? Number.POSITIVE_INFINITY;
    this.#limit6 = ipv6 ?? Number.POSITIVE_INFINITY;
  }

  /** What comes from now on is ignored. */
  close(): void {
    if (this.#inbox.owner === this) this.#inbox.flush();
    this.#closed = true;
  }

  find(context: number, octets: Uint8Array, start: number, end: number): number {
    return this.#attributes.find(contextKey(context, this.#parts.from, "received"), octets, start, end);
  }

  add(context: number, octets: Uint8Array, start: number, end: number, facts: AttributeFacts): number {
    try {
      return this.#attributes.add(contextKey(context, this.#parts.from, "received"), octets, start, end, facts);
    } catch (error) {
      this.#giveUp(error);
      return 0;
    }
  }

  drop(attributes: number): void {
    this.#inbox.flush();
    this.#attributes.release(attributes);
  }

  reach4(address: number, length: number, attributes: number): void {
    const inbox = this.#inbox;
    if (inbox.isClosedTo(this, "reach4", attributes)) inbox.open(this, "reach4", attributes);
    const at = inbox.count++;
    inbox.words[at] = address;
    inbox.lengths[at] = length;
  }

  reach6(w0: number, w1: number, w2: number, w3: number, length: number, attributes: number): void {
    const inbox = this.#inbox;
    if (inbox.isClosedTo(this, "reach6", attributes)) inbox.open(this, "reach6", attributes);
    this.#put6(w0, w1, w2, w3, length);
  }

  unreach4(address: number, length: number): void {
    const inbox = this.#inbox;
    if (inbox.isClosedTo(this, "unreach4", 0)) inbox.open(this, "unreach4", 0);
    const at = inbox.count++;
    inbox.words[at] = address;
    inbox.lengths[at] = length;
  }

  unreach6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    const inbox = this.#inbox;
    if (inbox.isClosedTo(this, "unreach6", 0)) inbox.open(this, "unreach6", 0);
    this.#put6(w0, w1, w2, w3, length);
  }

  #put6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    const { words, lengths } = this.#inbox;
    const at = this.#inbox.count++;
    words[at * 4] = w0;
    words[at * 4 + 1] = w1;
    words[at * 4 + 2] = w2;
    words[at * 4 + 3] = w3;
    lengths[at] = length;
  }

  endOfRib(family: Family): void {
    this.#inbox.flush();
    if (!this.#closed) this.#parts.events.endOfRib(family);
  }

  /** Does what the inbox says. Each pass over its prefixes asks for the memory that the next one needs. */
  work(inbox: Inbox): void {
    if (this.#closed) return;
    const { kind } = inbox;
    const loc = kind === "reach4" || kind === "unreach4" ? this.#loc4 : this.#loc6;
    try {
      if (loc === this.#loc4) this.#touch4(inbox);
      else this.#touch6(inbox);
      if (kind === "reach4") this.#add4(inbox);
      else if (kind === "reach6") this.#add6(inbox);
      else if (kind === "unreach4") this.#find4(inbox);
      else this.#find6(inbox);
      this.#touchPaths(loc, inbox);
      if (kind === "reach4" || kind === "reach6") this.#announce(loc, inbox);
      else this.#withdraw(loc, inbox);
    } catch (error) {
      this.#giveUp(error);
      for (const id of inbox.ids) loc.settle(id); // those that got no path
    }
  }

  #touch4({ words, lengths, count }: Inbox): void {
    let touched = 0;
    for (let at = 0; at < count; at++) touched ^= this.#table4.touch4(words[at]!, lengths[at]!);
    this.#inbox.touched = touched;
  }

  #touch6({ words, lengths, count }: Inbox): void {
    let touched = 0;
    for (let at = 0, from = 0; at < count; at++, from += 4) {
      touched ^= this.#table6.touch6(words[from]!, words[from + 1]!, words[from + 2]!, words[from + 3]!, lengths[at]!);
    }
    this.#inbox.touched = touched;
  }

  #add4({ words, lengths, ids, count }: Inbox): void {
    for (let at = 0; at < count; at++) ids[at] = this.#table4.add4(words[at]!, lengths[at]!);
  }

  #add6({ words, lengths, ids, count }: Inbox): void {
    for (let at = 0, from = 0; at < count; at++, from += 4) {
      ids[at] = this.#table6.add6(words[from]!, words[from + 1]!, words[from + 2]!, words[from + 3]!, lengths[at]!);
    }
  }

  #find4({ words, lengths, ids, count }: Inbox): void {
    for (let at = 0; at < count; at++) ids[at] = this.#table4.find4(words[at]!, lengths[at]!);
  }

  #find6({ words, lengths, ids, count }: Inbox): void {
    for (let at = 0, from = 0; at < count; at++, from += 4) {
      ids[at] = this.#table6.find6(words[from]!, words[from + 1]!, words[from + 2]!, words[from + 3]!, lengths[at]!);
    }
  }

  #touchPaths(loc: LocRib, { ids, count }: Inbox): void {
    let touched = 0;
    for (let at = 0; at < count; at++) touched ^= loc.headOf(ids[at]!);
    for (let at = 0; at < count; at++) touched ^= loc.paths.prefixOf(loc.headOf(ids[at]!));
    this.#inbox.touched = touched;
  }

  #announce(loc: LocRib, { ids, lengths, count, set }: Inbox): void {
    const neighbour = this.#neighbour;
    for (let at = 0; at < count; at++) {
      const flags = lengths[at] === 0 && loc.refusesDefault[neighbour] !== 0 ? FILTERED : 0;
      loc.announce(ids[at]!, neighbour, set, flags);
    }
    const told = loc.paths.countOf(neighbour);
    const limit = loc === this.#loc4 ? this.#limit4 : this.#limit6;
    if (told <= limit) return;
    if (loc === this.#loc4) this.#limit4 = Number.POSITIVE_INFINITY;
    else this.#limit6 = Number.POSITIVE_INFINITY;
    this.#parts.events.limitExceeded(loc.family, told);
  }

  #withdraw(loc: LocRib, { ids, count }: Inbox): void {
    for (let at = 0; at < count; at++) loc.withdraw(ids[at]!, this.#neighbour);
  }

  /** A table is full: that ends this session, and nothing else. */
  #giveUp(error: unknown): void {
    if (!(error instanceof TableFull)) throw error;
    this.#closed = true;
    this.#parts.events.full(error);
  }
}
