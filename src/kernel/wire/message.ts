import { NLA_TYPE_MASK } from "./constants.ts";

/**
 * Netlink messages (linux/netlink.h): a header of 16 octets (length, type, flags, sequence, port), a fixed part, and
 * attributes of type and length, everything padded to 4 octets. Numbers are in host order, addresses in network order.
 * This codec is for little-endian hosts (all that Node is built for on Linux but s390x); `io/` refuses others.
 */

export const HEADER_OCTETS = 16;

export const swap32 = (value: number): number =>
  ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;

const padded = (octets: number): number => (octets + 3) & ~3;

/** One message under construction, in a buffer of its own. */
export class MessageBuilder {
  #view = new DataView(new ArrayBuffer(256));
  #at = HEADER_OCTETS;

  constructor(type: number, flags: number, sequence = 0) {
    this.#view.setUint16(4, type, true);
    this.#view.setUint16(6, flags, true);
    this.#view.setUint32(8, sequence, true);
  }

  u8(value: number): this {
    this.#room(1);
    this.#view.setUint8(this.#at++, value);
    return this;
  }

  u16(value: number): this {
    this.#room(2);
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  /** Unsigned words in network order: an address. */
  address(words: readonly number[]): this {
    for (const word of words) this.u32(swap32(word));
    return this;
  }

  /** An attribute whose value `fill` writes; the padding is ours. */
  attribute(type: number, fill: (builder: this) => void): this {
    const start = this.#at;
    this.u16(0).u16(type);
    fill(this);
    return this.#close(start);
  }

  /** A `struct rtnexthop` (linux/rtnetlink.h), whose length covers the attributes within. */
  nextHop(flags: number, weight: number, link: number, fill: (builder: this) => void): this {
    const start = this.#at;
    this.u16(0)
      .u8(flags)
      .u8(weight - 1)
      .u32(link);
    fill(this);
    return this.#close(start);
  }

  /** The message as 32-bit words of the host. */
  finish(): Uint32Array<ArrayBuffer> {
    this.#view.setUint32(0, this.#at, true);
    return new Uint32Array(this.#view.buffer.slice(0, padded(this.#at)));
  }

  #close(start: number): this {
    this.#view.setUint16(start, this.#at - start, true);
    this.#room(3);
    this.#at = padded(this.#at);
    return this;
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#view.byteLength) return;
    const grown = new Uint8Array(this.#view.byteLength * 2);
    grown.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(grown.buffer);
  }
}

/** Received octets seen as words and as octets; the buffer begins at a message. */
export interface Received {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
}

/** @param octets how much of `buffer` was received */
export function received(buffer: ArrayBufferLike, octets: number = buffer.byteLength): Received {
  return { words: new Uint32Array(buffer, 0, octets >>> 2), bytes: new Uint8Array(buffer, 0, octets) };
}

/** Header of a received message, and where it lies; one object is filled again and again. */
export interface MessageHeader {
  type: number;
  flags: number;
  sequence: number;
  port: number;
  /** Octet offsets: of the fixed part, and past the message's last octet. */
  start: number;
  end: number;
}

/** Calls `visit` for each whole message, until one has an impossible length. The header is borrowed. */
export function eachMessage(data: Received, visit: (header: MessageHeader) => void): void {
  const { words, bytes } = data;
  const header: MessageHeader = { type: 0, flags: 0, sequence: 0, port: 0, start: 0, end: 0 };
  for (let at = 0; at + HEADER_OCTETS <= bytes.length; ) {
    const word = at >>> 2;
    const length = words[word]!;
    if (length < HEADER_OCTETS || length > bytes.length - at) return;
    header.type = words[word + 1]! & 0xffff;
    header.flags = words[word + 1]! >>> 16;
    header.sequence = words[word + 2]!;
    header.port = words[word + 3]!;
    header.start = at + HEADER_OCTETS;
    header.end = at + length;
    visit(header);
    at += padded(length);
  }
}

/**
 * Walks attributes between two octet offsets.
 * @param visit called with the type and the octet offsets of the value
 * @returns false where an attribute's length is impossible; those before it were visited
 */
export function eachAttribute(
  data: Received,
  start: number,
  end: number,
  visit: (type: number, start: number, end: number) => void,
): boolean {
  let at = start;
  while (at + 4 <= end) {
    const head = data.words[at >>> 2]!;
    const length = head & 0xffff;
    if (length < 4 || length > end - at) return false;
    visit((head >>> 16) & NLA_TYPE_MASK, at + 4, at + length);
    at += padded(length);
  }
  return true;
}

/** @returns unsigned words of an address of 4 or 16 octets; undefined for any other length */
export function addressWords(data: Received, start: number, end: number): readonly number[] | undefined {
  const octets = end - start;
  if (octets !== 4 && octets !== 16) return undefined;
  const words: number[] = [];
  for (let at = start; at < end; at += 4) {
    const { bytes } = data;
    words.push(((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0);
  }
  return words;
}

/** Text up to a NUL or the end; octets beyond ASCII become `?`, so that logs stay clean. */
export function text(data: Received, start: number, end: number): string {
  let result = "";
  for (let at = start; at < end && data.bytes[at] !== 0; at++) {
    const octet = data.bytes[at]!;
    result += octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : "?";
  }
  return result;
}
