import type { Reader, Writer } from "#lib/bytes.ts";

/** Attribute flags (RFC 4271 §4.3). */
export const OPTIONAL = 0x80;
export const TRANSITIVE = 0x40;
export const PARTIAL = 0x20;
export const EXTENDED_LENGTH = 0x10;

/** What a malformed value costs (RFC 7606 §2): the session, the message's routes, or the attribute alone. */
export type WhenMalformed = "reset" | "withdraw" | "discard";

/** One kind of path attribute. */
export interface AttributeCodec<Value> {
  readonly code: number;
  /** As the RFCs write it. */
  readonly name: string;
  /** OPTIONAL and TRANSITIVE as specified; other bits 0. */
  readonly flags: number;
  readonly whenMalformed: WhenMalformed;
  /** Discarded when it comes from an external neighbour (RFC 7606 §7.5, §7.9, §7.10). */
  readonly internalOnly?: true;
  /** @returns undefined where the value is malformed */
  decode(value: Reader): Value | undefined;
  encode(out: Writer, value: Value): void;
}

/** The members of a list that fills `value`; undefined where it is empty or ends inside a member. */
export function decodeList<Member>(
  value: Reader,
  memberOctets: number,
  read: (reader: Reader) => Member,
): Member[] | undefined {
  if (value.remaining === 0 || value.remaining % memberOctets !== 0) return undefined;
  const members: Member[] = [];
  while (value.remaining > 0) members.push(read(value));
  return members;
}

/** The 32-bit value of an attribute of exactly 4 octets. */
export const decodeWord = (value: Reader): number | undefined => (value.remaining === 4 ? value.u32() : undefined);

/** Writes flags, type, length (in two octets where one is too short) and value. */
export function encodeAttribute(out: Writer, flags: number, code: number, value: Uint8Array): void {
  if (value.length > 255)
    out
      .u8(flags | EXTENDED_LENGTH)
      .u8(code)
      .u16(value.length);
  else
    out
      .u8(flags & ~EXTENDED_LENGTH)
      .u8(code)
      .u8(value.length);
  out.put(value);
}
