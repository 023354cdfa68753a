import type { AttributeFacts } from "#route/attribute-facts.ts";
import type { Family } from "#route/family.ts";
import type { RouteSink } from "../wire/route-sink.ts";

/** Passes everything on, and tells when a family is complete. */
export class WatchedSink implements RouteSink {
  readonly #to: RouteSink;
  readonly #complete: (family: Family) => void;

  constructor(to: RouteSink, complete: (family: Family) => void) {
    this.#to = to;
    this.#complete = complete;
  }

  find(context: number, octets: Uint8Array, start: number, end: number): number {
    return this.#to.find(context, octets, start, end);
  }

  add(context: number, octets: Uint8Array, start: number, end: number, facts: AttributeFacts): number {
    return this.#to.add(context, octets, start, end, facts);
  }

  drop(attributes: number): void {
    this.#to.drop(attributes);
  }

  reach4(address: number, length: number, attributes: number): void {
    this.#to.reach4(address, length, attributes);
  }

  reach6(w0: number, w1: number, w2: number, w3: number, length: number, attributes: number): void {
    this.#to.reach6(w0, w1, w2, w3, length, attributes);
  }

  unreach4(address: number, length: number): void {
    this.#to.unreach4(address, length);
  }

  unreach6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.#to.unreach6(w0, w1, w2, w3, length);
  }

  endOfRib(family: Family): void {
    this.#to.endOfRib(family);
    this.#complete(family);
  }
}
