import type { AttributeFacts } from "#route/attribute-facts.ts";
import type { Family } from "#route/family.ts";
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
  readonly loc4: LocRib;
  readonly loc6: LocRib;
  /** Most prefixes by family. */
  readonly limits: Readonly<Partial<Record<Family, number>>>;
  readonly events: SinkEvents;
}

/** Prefixes that wait for the others of their UPDATE. */
const PENDING = 32;

/**
 * The Adj-RIB-In of one session. When the session is over it takes nothing more.
 *
 * Prefixes of an UPDATE are collected and their places in the hash table looked at before the first one is worked on:
 * the memory that they need then comes in at the same time, instead of one after the other. That saves a third of the
 * table's time, which is most of it. `drop`, with which an UPDATE ends, works on what is left.
 */
export class Sink implements RouteSink {
  readonly #parts: SinkParts;
  readonly #attributes: AttributeTable;
  readonly #loc4: LocRib;
  readonly #loc6: LocRib;
  readonly #table4: PrefixTable4;
  readonly #table6: PrefixTable6;
  readonly #neighbour: number;
  /** Infinity where there is no limit, or it was told already. */
  #limit4 = Number.POSITIVE_INFINITY;
  #limit6 = Number.POSITIVE_INFINITY;
  #closed = false;
  /** All of one family, with one attribute set. */
  readonly #words = new Uint32Array(PENDING * 4);
  readonly #lengths = new Uint8Array(PENDING);
  #pending4 = 0;
  #pending6 = 0;
  #pendingSet = 0;
  /** What the first look at the table saw: it has to end somewhere, or it would be optimized away. */
  touched = 0;

  constructor(parts: SinkParts) {
    this.#parts = parts;
    this.#attributes = parts.attributes;
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
    this.#work();
    this.#attributes.release(attributes);
  }

  reach4(address: number, length: number, attributes: number): void {
    if (this.#pending4 === PENDING || this.#pending6 > 0 || this.#pendingSet !== attributes) this.#work();
    const at = this.#pending4++;
    this.#words[at] = address;
    this.#lengths[at] = length;
    this.#pendingSet = attributes;
  }

  reach6(w0: number, w1: number, w2: number, w3: number, length: number, attributes: number): void {
    if (this.#pending6 === PENDING || this.#pending4 > 0 || this.#pendingSet !== attributes) this.#work();
    const words = this.#words;
    const at = this.#pending6++;
    words[at * 4] = w0;
    words[at * 4 + 1] = w1;
    words[at * 4 + 2] = w2;
    words[at * 4 + 3] = w3;
    this.#lengths[at] = length;
    this.#pendingSet = attributes;
  }

  #work(): void {
    const [count4, count6] = [this.#pending4, this.#pending6];
    this.#pending4 = 0;
    this.#pending6 = 0;
    if (this.#closed) return;
    try {
      if (count4 > 0) this.#announce4(count4);
      if (count6 > 0) this.#announce6(count6);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #announce4(count: number): void {
    const words = this.#words;
    const lengths = this.#lengths;
    const loc = this.#loc4;
    const table = this.#table4;
    const neighbour = this.#neighbour;
    const set = this.#pendingSet;
    if (count > 1) {
      let touched = 0;
      for (let at = 0; at < count; at++) touched ^= table.touch4(words[at]!, lengths[at]!);
      this.touched = touched;
    }
    for (let at = 0; at < count; at++) {
      const length = lengths[at]!;
      const flags = length === 0 && loc.refusesDefault[neighbour] !== 0 ? FILTERED : 0;
      loc.announce(table.add4(words[at]!, length), neighbour, set, flags);
    }
    const told = loc.paths.countOf(neighbour);
    if (told <= this.#limit4) return;
    this.#limit4 = Number.POSITIVE_INFINITY;
    this.#parts.events.limitExceeded("ipv4", told);
  }

  #announce6(count: number): void {
    const words = this.#words;
    const lengths = this.#lengths;
    const loc = this.#loc6;
    const table = this.#table6;
    const neighbour = this.#neighbour;
    const set = this.#pendingSet;
    if (count > 1) {
      let touched = 0;
      for (let at = 0; at < count; at++) {
        const from = at * 4;
        touched ^= table.touch6(words[from]!, words[from + 1]!, words[from + 2]!, words[from + 3]!, lengths[at]!);
      }
      this.touched = touched;
    }
    for (let at = 0; at < count; at++) {
      const from = at * 4;
      const length = lengths[at]!;
      const flags = length === 0 && loc.refusesDefault[neighbour] !== 0 ? FILTERED : 0;
      const prefix = table.add6(words[from]!, words[from + 1]!, words[from + 2]!, words[from + 3]!, length);
      loc.announce(prefix, neighbour, set, flags);
    }
    const told = loc.paths.countOf(neighbour);
    if (told <= this.#limit6) return;
    this.#limit6 = Number.POSITIVE_INFINITY;
    this.#parts.events.limitExceeded("ipv6", told);
  }

  /** A table is full: that ends this session, and nothing else. */
  #giveUp(error: unknown): void {
    if (!(error instanceof TableFull)) throw error;
    this.#closed = true;
    this.#parts.events.full(error);
  }

  unreach4(address: number, length: number): void {
    this.#work();
    if (this.#closed) return;
    const prefix = this.#table4.find4(address, length);
    if (prefix !== 0) this.#loc4.withdraw(prefix, this.#neighbour);
  }

  unreach6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.#work();
    if (this.#closed) return;
    const prefix = this.#table6.find6(w0, w1, w2, w3, length);
    if (prefix !== 0) this.#loc6.withdraw(prefix, this.#neighbour);
  }

  endOfRib(family: Family): void {
    this.#work();
    if (!this.#closed) this.#parts.events.endOfRib(family);
  }
}
