import { reserve } from "#lib/reserve.ts";
import { TableFull } from "./limits.ts";

/** Octets of one size class step: offsets are counted in these. */
const UNIT = 8;
/** Larger pieces than this many units share the classes of powers of two. */
const SMALL_UNITS = 64;

/**
 * Octets of attribute sets, in pieces of size classes: multiples of 8 octets up to 512, powers of two above. A piece that
 * is given back is the first to be used again for its class; its first four octets then hold the next free one.
 */
export class Arena {
  readonly bytes: Uint8Array;
  /** Octets in pieces that are in use, without what the rounding to classes wastes. */
  used = 0;
  readonly #links: Uint32Array;
  readonly #free = new Uint32Array(SMALL_UNITS + 32);
  #end = 1;

  /** @param max octets, at most 2^35 */
  constructor(max: number) {
    const units = Math.ceil(max / UNIT) + 1;
    this.bytes = reserve(Uint8Array, units * UNIT);
    this.#links = new Uint32Array(this.bytes.buffer);
  }

  /** Octets touched so far. */
  get octets(): number {
    return this.#end * UNIT;
  }

  /** Copies `octets[start, end)`. @returns the unit it begins at: `bytes` index divided by 8. @throws TableFull */
  store(octets: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const kind = classOf(length);
    let unit = this.#free[kind]!;
    if (unit !== 0) {
      this.#free[kind] = this.#links[unit * 2]!;
    } else {
      unit = this.#end;
      if ((unit + unitsOf(kind)) * UNIT > this.bytes.length) throw new TableFull("attributeOctets", this.bytes.length);
      this.#end += unitsOf(kind);
    }
    this.used += length;
    const { bytes } = this;
    for (let from = start, to = unit * UNIT; from < end; from++, to++) bytes[to] = octets[from]!;
    return unit;
  }

  release(unit: number, length: number): void {
    const kind = classOf(length);
    this.#links[unit * 2] = this.#free[kind]!;
    this.#free[kind] = unit;
    this.used -= length;
  }
}

function classOf(length: number): number {
  const units = Math.max(1, (length + UNIT - 1) >>> 3);
  return units <= SMALL_UNITS ? units : SMALL_UNITS + 32 - Math.clz32((units - 1) >>> 6);
}

function unitsOf(kind: number): number {
  return kind <= SMALL_UNITS ? kind : SMALL_UNITS << (kind - SMALL_UNITS);
}
