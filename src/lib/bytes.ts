/** Reads big-endian values from borrowed octets. Reading past the end throws RangeError; look at `remaining` first. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  u8(): number {
    this.#need(1);
    return this.bytes[this.at++]!;
  }

  u16(): number {
    this.#need(2);
    const { bytes, at } = this;
    this.at = at + 2;
    return (bytes[at]! << 8) | bytes[at + 1]!;
  }

  u32(): number {
    this.#need(4);
    const { bytes, at } = this;
    this.at = at + 4;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** The next `octets` octets, borrowed. */
  take(octets: number): Uint8Array {
    this.#need(octets);
    this.at += octets;
    return this.bytes.subarray(this.at - octets, this.at);
  }

  /** A reader of the next `octets` octets alone. */
  sub(octets: number): Reader {
    this.#need(octets);
    this.at += octets;
    return new Reader(this.bytes, this.at - octets, this.at);
  }

  #need(octets: number): void {
    if (octets < 0 || octets > this.end - this.at)
      throw new RangeError(`${octets} octets wanted, ${this.remaining} left`);
  }
}

/** Writes big-endian values into a growing buffer of its own. */
export class Writer {
  #bytes: Uint8Array;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#at;
  }

  u8(value: number): this {
    this.#room(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value);
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value);
  }

  put(octets: ArrayLike<number>): this {
    this.#room(octets.length);
    this.#bytes.set(octets, this.#at);
    this.#at += octets.length;
    return this;
  }

  /** Overwrites two octets written before, such as a length that is known only now. */
  patchU16(at: number, value: number): this {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + octets));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}
