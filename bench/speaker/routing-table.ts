import { attributesDigest, type Digest } from "./attributes-digest.ts";
import { mix } from "./mix.ts";

/**
 * What a stream of UPDATE messages amounts to: prefix -> digest of its attributes. Two streams that end in the same
 * routes have the same `checksum`, in whatever order and packing they came.
 */
export class RoutingTable {
  /** AS number of the daemon that told the routes; where it stands first in a path, it is left out of the digest. */
  readonly #toldBy: number | undefined;
  /** Slot s: address words at 8s..8s+3, length + 1 (0: free, 255: deleted) at 8s+4, digest at 8s+5 and 8s+6. */
  #slots = new Int32Array(8 << 16);
  #mask = (1 << 16) - 1;
  #used = 0;
  #prefixes = 0;
  #sum0 = 0;
  #sum1 = 0;
  readonly #key = new Int32Array(5);
  readonly #digest: Digest = { lane0: 0, lane1: 0, reachStart: 0, reachEnd: 0, unreachStart: 0, unreachEnd: 0 };
  #messages = 0;

  constructor(toldBy: number | undefined) {
    this.#toldBy = toldBy;
  }

  get prefixes(): number {
    return this.#prefixes;
  }

  /** UPDATE messages applied. */
  get messages(): number {
    return this.#messages;
  }

  get checksum(): string {
    const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0");
    return hex(this.#sum0) + hex(this.#sum1);
  }

  /**
   * Applies one whole message, header included; other types than UPDATE change nothing.
   * @returns whether the table is another one than before
   */
  apply(bytes: Uint8Array, start: number): boolean {
    const end = start + ((bytes[start + 16]! << 8) | bytes[start + 17]!);
    if (bytes[start + 18] !== 2) return false;
    this.#messages++;
    const withdrawnEnd = start + 21 + ((bytes[start + 19]! << 8) | bytes[start + 20]!);
    const attributesEnd = withdrawnEnd + 2 + ((bytes[withdrawnEnd]! << 8) | bytes[withdrawnEnd + 1]!);
    const digest = this.#digest;
    attributesDigest(bytes, withdrawnEnd + 2, attributesEnd, this.#toldBy, digest);
    let changed = this.#withdraw(bytes, start + 21, withdrawnEnd, 1);
    changed = this.#withdraw(bytes, digest.unreachStart, digest.unreachEnd, 4) || changed;
    changed = this.#announce(bytes, attributesEnd, end, 1) || changed;
    return this.#announce(bytes, digest.reachStart, digest.reachEnd, 4) || changed;
  }

  #withdraw(bytes: Uint8Array, start: number, end: number, width: number): boolean {
    let changed = false;
    for (let at = start; at < end; ) {
      at = this.#read(bytes, at, width);
      const slot = this.#find();
      if (this.#slots[slot + 4]! === 0) continue;
      this.#add(slot, -1);
      this.#slots[slot + 4] = 255;
      changed = true;
    }
    return changed;
  }

  #announce(bytes: Uint8Array, start: number, end: number, width: number): boolean {
    let changed = false;
    for (let at = start; at < end; ) {
      if (this.#used * 2 > this.#mask) this.#grow();
      at = this.#read(bytes, at, width);
      const slot = this.#find();
      const slots = this.#slots;
      const { lane0, lane1 } = this.#digest;
      if (slots[slot + 4] !== 0) {
        if (slots[slot + 5] === lane0 && slots[slot + 6] === lane1) continue;
        this.#add(slot, -1);
      } else {
        slots.set(this.#key, slot);
        this.#used++;
      }
      slots[slot + 5] = lane0;
      slots[slot + 6] = lane1;
      this.#add(slot, 1);
      changed = true;
    }
    return changed;
  }

  /** Reads one NLRI (RFC 4271 §4.3) into the key. @returns where the next one begins */
  #read(bytes: Uint8Array, start: number, width: number): number {
    const length = bytes[start]!;
    const key = this.#key;
    key.fill(0);
    const octets = (length + 7) >>> 3;
    for (let i = 0; i < octets; i++) key[i >>> 2]! |= bytes[start + 1 + i]! << (24 - (i & 3) * 8);
    key[4] = length + 1 + (width === 4 ? 0x100 : 0);
    return start + 1 + octets;
  }

  /** The slot that holds the key, or the free one where it belongs. */
  #find(): number {
    const key = this.#key;
    const slots = this.#slots;
    let index = hash(key) & this.#mask;
    for (;;) {
      const slot = index * 8;
      if (slots[slot + 4] === 0) return slot;
      if (
        slots[slot + 4] === key[4] &&
        slots[slot] === key[0] &&
        slots[slot + 1] === key[1] &&
        slots[slot + 2] === key[2] &&
        slots[slot + 3] === key[3]
      ) {
        return slot;
      }
      index = (index + 1) & this.#mask;
    }
  }

  /** Counts the slot's route in (1) or out (-1). */
  #add(slot: number, sign: 1 | -1): void {
    const slots = this.#slots;
    const route = hash(slots.subarray(slot, slot + 5));
    this.#sum0 = (this.#sum0 + sign * mix(route, slots[slot + 5]!)) | 0;
    this.#sum1 = (this.#sum1 + sign * mix(slots[slot + 6]!, route)) | 0;
    this.#prefixes += sign;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    this.#used = 0;
    for (let slot = 0; slot < old.length; slot += 8) {
      if (old[slot + 4] === 0 || old[slot + 4] === 255) continue;
      this.#key.set(old.subarray(slot, slot + 5));
      const to = this.#find();
      this.#slots.set(old.subarray(slot, slot + 8), to);
      this.#used++;
    }
  }
}

function hash(key: Int32Array): number {
  let h = 0x2545f491;
  for (let i = 0; i < 5; i++) h = mix(h, key[i]!);
  return h;
}
