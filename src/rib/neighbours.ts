import { type Address, toOctets } from "#route/address.ts";
import type { NeighbourKind } from "./ports.ts";

/** Codes of `NeighbourTable.kinds`. */
export const LOCAL = 0;
export const EXTERNAL = 1;
export const INTERNAL = 2;
export const CLIENT = 3;

const kinds: readonly NeighbourKind[] = ["local", "external", "internal", "client"];
const ADDRESS_WORDS = 5;

/** What the decision process asks about the neighbour a path came from. Number 0 is the node itself. */
export class NeighbourTable {
  readonly max: number;
  readonly kinds: Uint8Array;
  readonly routerIds: Uint32Array;
  /** Interface index of the session, 0 where it is not known. */
  readonly vias: Uint32Array;
  /** Five words each, so that they compare word by word: 4 or 6, then the address. */
  readonly addresses: Uint32Array;

  constructor(max: number) {
    this.max = max;
    this.kinds = new Uint8Array(max);
    this.routerIds = new Uint32Array(max);
    this.vias = new Uint32Array(max);
    this.addresses = new Uint32Array(max * ADDRESS_WORDS);
  }

  set(id: number, kind: NeighbourKind, routerId: number, via: number, address: Address): void {
    this.kinds[id] = kinds.indexOf(kind);
    this.routerIds[id] = routerId;
    this.vias[id] = via;
    const at = id * ADDRESS_WORDS;
    this.addresses.fill(0, at, at + ADDRESS_WORDS);
    this.addresses[at] = toOctets(address).length;
    this.addresses.set(address.words, at + 1);
  }

  /** The same neighbour in another part. */
  turn(id: number, kind: NeighbourKind): void {
    this.kinds[id] = kinds.indexOf(kind);
  }

  kindOf(id: number): NeighbourKind {
    return kinds[this.kinds[id]!]!;
  }

  /** Negative where the address of `a` is lower (RFC 4271 §9.1.2.2 (g)); IPv4 before IPv6. */
  compareAddresses(a: number, b: number): number {
    const { addresses } = this;
    for (let word = 0; word < ADDRESS_WORDS; word++) {
      const difference = addresses[a * ADDRESS_WORDS + word]! - addresses[b * ADDRESS_WORDS + word]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
