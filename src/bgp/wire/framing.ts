import { HEADER_OCTETS, MAX_EXTENDED_OCTETS, MAX_OCTETS, MessageType } from "./message-type.ts";
import { ErrorCode, HeaderError } from "./notification.ts";
import { PeerFault } from "./peer-fault.ts";

/** Shortest message of each type (RFC 4271 §6.1); the length of ROUTE-REFRESH is checked where it is read (RFC 7313 §5). */
const shortest: readonly number[] = [0, 29, 23, 21, 19, 19];
/** Longest one of each type where it is not the session's maximum (RFC 4271 §6.1, RFC 8654 §4). */
const longest: readonly number[] = [
  0,
  MAX_OCTETS,
  MAX_EXTENDED_OCTETS,
  MAX_EXTENDED_OCTETS,
  HEADER_OCTETS,
  MAX_EXTENDED_OCTETS,
];

/** Octets that a shared read buffer leaves free in front of where it is read into: a message may lack its last octet. */
export const HEAD_ROOM = MAX_EXTENDED_OCTETS - 1;

const nothing = new Uint8Array();

/**
 * Cuts one connection's stream into messages, without a copy and without an object per message:
 *
 *     cutter.feed(buffer, start, end);
 *     while (cutter.next()) handle(cutter.type, cutter.bytes, cutter.start, cutter.end);
 *
 * All connections may read into one shared buffer at HEAD_ROOM: what is left of a message at the end of a read is kept
 * here, and laid in front of the next read. Room that is missing there costs a copy, nothing else.
 */
export class MessageCutter {
  /** Longest message that the peer may send: 65,535 once extended messages are agreed (RFC 8654). */
  maxOctets: number = MAX_OCTETS;
  /** The message that `next` found: whole, header included, borrowed until the next `feed`. */
  bytes: Uint8Array = nothing;
  start = 0;
  end = 0;
  type = 0;
  #at = 0;
  #limit = 0;
  #kept: Uint8Array = nothing;
  #keptOctets = 0;

  /** Octets in front of `start` may be overwritten; those from `start` to `end` are borrowed until `next` returns false. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    const kept = this.#keptOctets;
    this.bytes = bytes;
    this.#at = start - kept;
    this.#limit = end;
    if (kept === 0) return;
    if (this.#at < 0) {
      this.bytes = new Uint8Array(kept + end - start);
      this.bytes.set(bytes.subarray(start, end), kept);
      this.#at = 0;
      this.#limit = this.bytes.length;
    }
    this.bytes.set(this.#kept.subarray(0, kept), this.#at);
  }

  /**
   * Moves to the next whole message.
   * @returns false when there is none: what is left was kept, and the buffer is free
   * @throws PeerFault 1/1, 1/2 or 1/3 as soon as a header is seen to be wrong (RFC 4271 §6.1)
   */
  next(): boolean {
    const { bytes } = this;
    const at = this.#at;
    const left = this.#limit - at;
    if (left < HEADER_OCTETS) return this.#keep();
    const octets = (bytes[at + 16]! << 8) | bytes[at + 17]!;
    const type = bytes[at + 18]!;
    let marker = 0xff;
    for (let i = 0; i < 16; i++) marker &= bytes[at + i]!;
    if (marker !== 0xff) throw headerFault(HeaderError.notSynchronized, []);
    if (octets < HEADER_OCTETS || octets > this.maxOctets) throw badLength(octets);
    if (type < MessageType.open || type > MessageType.routeRefresh) throw headerFault(HeaderError.badType, [type]);
    if (octets < shortest[type]! || octets > longest[type]!) throw badLength(octets);
    if (left < octets) return this.#keep();
    this.type = type;
    this.start = at;
    this.end = at + octets;
    this.#at = at + octets;
    return true;
  }

  #keep(): false {
    const octets = this.#limit - this.#at;
    if (octets > this.#kept.length) this.#kept = new Uint8Array(Math.max(octets, 2 * this.#kept.length));
    this.#kept.set(this.bytes.subarray(this.#at, this.#limit));
    this.#keptOctets = octets;
    this.bytes = nothing;
    this.#at = this.#limit = 0;
    return false;
  }
}

const headerFault = (subcode: number, data: readonly number[]): PeerFault =>
  new PeerFault({ code: ErrorCode.header, subcode, data });

const badLength = (octets: number): PeerFault => headerFault(HeaderError.badLength, [octets >> 8, octets & 255]);
