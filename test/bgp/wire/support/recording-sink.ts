import type { RouteSink } from "#bgp/wire/route-sink.ts";
import { formatWords } from "#route/address.ts";
import type { AttributeFacts } from "#route/attribute-facts.ts";
import type { Family } from "#route/family.ts";
import { toHex } from "./octets.ts";

/** An Adj-RIB-In that writes down what it is told; attribute sets are shown by their octets. */
export class RecordingSink implements RouteSink {
  /** `reach 10.0.0.0/8 SET`, `unreach 10.0.0.0/8`, `end of rib ipv4`. */
  readonly log: string[] = [];
  /** Facts by octets. */
  readonly facts = new Map<string, AttributeFacts>();
  /** Sets held by somebody who has not dropped them. */
  held = 0;
  added = 0;
  readonly #sets: string[] = [];

  find(context: number, octets: Uint8Array, start: number, end: number): number {
    const set = this.#sets.indexOf(`${context} ${toHex(octets.subarray(start, end))}`) + 1;
    if (set > 0) this.held++;
    return set;
  }

  add(context: number, octets: Uint8Array, start: number, end: number, facts: AttributeFacts): number {
    const text = toHex(octets.subarray(start, end));
    this.facts.set(text, { ...facts });
    this.held++;
    this.added++;
    return this.#sets.push(`${context} ${text}`);
  }

  drop(): void {
    this.held--;
  }

  reach4(address: number, length: number, attributes: number): void {
    this.log.push(`reach ${formatWords("ipv4", address)}/${length} ${this.#octets(attributes)}`);
  }

  reach6(w0: number, w1: number, w2: number, w3: number, length: number, attributes: number): void {
    this.log.push(`reach ${formatWords("ipv6", w0, w1, w2, w3)}/${length} ${this.#octets(attributes)}`);
  }

  unreach4(address: number, length: number): void {
    this.log.push(`unreach ${formatWords("ipv4", address)}/${length}`);
  }

  unreach6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.log.push(`unreach ${formatWords("ipv6", w0, w1, w2, w3)}/${length}`);
  }

  endOfRib(family: Family): void {
    this.log.push(`end of rib ${family}`);
  }

  #octets(set: number): string {
    return this.#sets[set - 1]?.split(" ")[1] ?? `unknown set ${set}`;
  }
}
