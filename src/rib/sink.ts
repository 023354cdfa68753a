import type { AttributeFacts } from "#route/attribute-facts.ts";
import type { Family } from "#route/family.ts";
import type { LocRib } from "./loc-rib.ts";
import type { RouteSink } from "./ports.ts";
import { type AttributeTable, contextKey, type SourceClass } from "./table/attribute-table.ts";
import { FILTERED } from "./table/path-table.ts";
import type { PrefixTable4 } from "./table/prefix-table-4.ts";
import type { PrefixTable6 } from "./table/prefix-table-6.ts";

/** What a sink tells about itself. */
interface SinkEvents {
  endOfRib(family: Family): void;
  /** The neighbour has told as many prefixes as it may, and now one more. Said once a session and family. */
  limitExceeded(family: Family, prefixes: number): void;
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

/** The Adj-RIB-In of one session. When the session is over it takes nothing more. */
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
    return this.#attributes.add(contextKey(context, this.#parts.from, "received"), octets, start, end, facts);
  }

  drop(attributes: number): void {
    this.#attributes.release(attributes);
  }

  reach4(address: number, length: number, attributes: number): void {
    if (this.#closed) return;
    const flags = length === 0 && this.#loc4.refusesDefault[this.#neighbour] !== 0 ? FILTERED : 0;
    this.#loc4.announce(this.#table4.add4(address, length), this.#neighbour, attributes, flags);
    const count = this.#loc4.paths.countOf(this.#neighbour);
    if (count > this.#limit4) {
      this.#limit4 = Number.POSITIVE_INFINITY;
      this.#parts.events.limitExceeded("ipv4", count);
    }
  }

  reach6(w0: number, w1: number, w2: number, w3: number, length: number, attributes: number): void {
    if (this.#closed) return;
    const flags = length === 0 && this.#loc6.refusesDefault[this.#neighbour] !== 0 ? FILTERED : 0;
    this.#loc6.announce(this.#table6.add6(w0, w1, w2, w3, length), this.#neighbour, attributes, flags);
    const count = this.#loc6.paths.countOf(this.#neighbour);
    if (count > this.#limit6) {
      this.#limit6 = Number.POSITIVE_INFINITY;
      this.#parts.events.limitExceeded("ipv6", count);
    }
  }

  unreach4(address: number, length: number): void {
    if (this.#closed) return;
    const prefix = this.#table4.find4(address, length);
    if (prefix !== 0) this.#loc4.withdraw(prefix, this.#neighbour);
  }

  unreach6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    if (this.#closed) return;
    const prefix = this.#table6.find6(w0, w1, w2, w3, length);
    if (prefix !== 0) this.#loc6.withdraw(prefix, this.#neighbour);
  }

  endOfRib(family: Family): void {
    if (!this.#closed) this.#parts.events.endOfRib(family);
  }
}
