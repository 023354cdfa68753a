import { Writer } from "#lib/bytes.ts";
import type { Family } from "#route/family.ts";
import { AFI, SAFI_UNICAST } from "./afi-safi.ts";
import { AttributeRewriter, type RewriteSource } from "./attribute-rewrite.ts";
import { EXTENDED_LENGTH, encodeAttribute, OPTIONAL } from "./attributes/attribute.ts";
import { attributeTable } from "./attributes/table.ts";
import { type ExportContext, PACKED_OCTETS } from "./export-context.ts";
import { beginMessage, endMessage, HEADER_OCTETS, MessageType } from "./message-type.ts";
import { encodeRouteRefresh } from "./route-refresh.ts";

/*
 * Hot: every route that is told on is written here. No objects; octets go straight into the slab.
 */

/** Room for whole messages in a slab that many sockets share; the RIB's `MessageSpace`. */
export interface EncoderSpace {
  bytes: Uint8Array;
  at: number;
  reserve(octets: number): void;
}

const { mpUnreach } = attributeTable;
/** Octets in front of the withdrawn routes, and, where there are none, in front of the attributes. */
const WITHDRAWN_AT = HEADER_OCTETS + 2;
const ATTRIBUTES_AT = HEADER_OCTETS + 4;
/** Longest prefixes, length octet included. */
const LONGEST: Readonly<Record<Family, number>> = { ipv4: 5, ipv6: 17 };

/** What is written where, from the front of the message: */
const CLOSED = 0;
/** header, no withdrawn routes, attributes, prefixes. */
const CLASSIC_REACH = 1;
/** header, no withdrawn routes, MP_REACH_NLRI with its prefixes first (RFC 7606 §5.1), the other attributes. */
const MP_REACH_FIRST = 2;
/** header, prefixes, no attributes. */
const CLASSIC_UNREACH = 3;
/** header, no withdrawn routes, MP_UNREACH_NLRI with its prefixes. */
const MP_UNREACH_ONLY = 4;

/** Makes the UPDATE messages of one update group; the RIB's `UpdateEncoder`. */
export class UpdateWriter {
  readonly #maxOctets: number;
  readonly #rewriter: AttributeRewriter;
  /** Attributes of the set being told, where they do not go straight into the slab; grows to what the largest set needs. */
  #buffer: Uint8Array = new Uint8Array(AttributeRewriter.bound(PACKED_OCTETS));
  /** Where the attributes of the set being told are: there, or in the set's first message. */
  #attributes: Uint8Array = this.#buffer;
  #attributesAt = 0;
  #attributeOctets = 0;
  #space: EncoderSpace | undefined;
  #layout = CLOSED;
  #family: Family = "ipv4";
  #bytes: Uint8Array = new Uint8Array();
  /** Where the message begins, where its first prefix and its next one go, and where prefixes have to end. */
  #start = 0;
  #first = 0;
  #at = 0;
  #limit = 0;
  /** Longest message for the set being told. */
  #octets = PACKED_OCTETS;

  constructor(context: ExportContext) {
    this.#maxOctets = context.maxMessageOctets;
    this.#rewriter = new AttributeRewriter(context);
  }

  /** Opens a message for routes that share a stored set. @returns false where the set cannot be told: nothing was begun */
  beginReach(
    space: EncoderSpace,
    family: Family,
    octets: Uint8Array,
    start: number,
    end: number,
    source: RewriteSource,
  ): boolean {
    const rewriter = this.#rewriter;
    if (rewriter.load(family, octets, start, end, source) === 0) return false;
    const bound = AttributeRewriter.bound(end - start);
    if (!rewriter.multiprotocol && bound + ATTRIBUTES_AT + LONGEST.ipv4 <= PACKED_OCTETS) {
      space.reserve(PACKED_OCTETS);
      this.#octets = PACKED_OCTETS;
      this.#attributes = space.bytes;
      this.#attributesAt = space.at + ATTRIBUTES_AT;
      this.#attributeOctets = rewriter.write(space.bytes, this.#attributesAt, source) - this.#attributesAt;
      this.#open(space, family, CLASSIC_REACH);
      return true;
    }
    if (bound > this.#buffer.length) this.#buffer = new Uint8Array(bound);
    this.#attributes = this.#buffer;
    this.#attributesAt = 0;
    this.#attributeOctets = rewriter.write(this.#buffer, 0, source);
    const layout = rewriter.multiprotocol ? MP_REACH_FIRST : CLASSIC_REACH;
    const needed = ATTRIBUTES_AT + this.#attributeOctets + LONGEST[family] + (layout === MP_REACH_FIRST ? 9 + 32 : 0);
    if (needed > this.#maxOctets) return false;
    this.#octets = needed > PACKED_OCTETS ? this.#maxOctets : PACKED_OCTETS;
    this.#open(space, family, layout);
    return true;
  }

  beginUnreach(space: EncoderSpace, family: Family): void {
    this.#attributeOctets = 0;
    this.#octets = PACKED_OCTETS;
    this.#open(space, family, family === "ipv4" ? CLASSIC_UNREACH : MP_UNREACH_ONLY);
  }

  add4(address: number, length: number): void {
    if (this.#at + 5 > this.#limit) this.#continue();
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = length;
    if (length > 0) bytes[at++] = address >>> 24;
    if (length > 8) bytes[at++] = address >>> 16;
    if (length > 16) bytes[at++] = address >>> 8;
    if (length > 24) bytes[at++] = address;
    this.#at = at;
  }

  add6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    if (this.#at + 17 > this.#limit) this.#continue();
    const bytes = this.#bytes;
    const at = this.#at;
    // Whole words, then back to where the prefix ends: there is room, and the next prefix overwrites the rest.
    bytes[at] = length;
    putWord(bytes, at + 1, w0);
    if (length > 32) putWord(bytes, at + 5, w1);
    if (length > 64) putWord(bytes, at + 9, w2);
    if (length > 96) putWord(bytes, at + 13, w3);
    this.#at = at + 1 + ((length + 7) >> 3);
  }

  /** Closes the message; one without prefixes is taken back. */
  end(): void {
    if (this.#at > this.#first) this.#close();
    this.#layout = CLOSED;
    this.#space = undefined;
  }

  /** RFC 4724 §2. */
  endOfRib(space: EncoderSpace, family: Family): void {
    append(space, encodeEndOfRib(family));
  }

  /** The marks around routes that are told again because the neighbour asked (RFC 7313 §4.1). */
  beginRefresh(space: EncoderSpace, family: Family): void {
    append(space, encodeRouteRefresh({ kind: "begin", family }));
  }

  endRefresh(space: EncoderSpace, family: Family): void {
    append(space, encodeRouteRefresh({ kind: "end", family }));
  }

  #continue(): void {
    this.#close();
    this.#open(this.#space!, this.#family, this.#layout);
  }

  #open(space: EncoderSpace, family: Family, layout: number): void {
    space.reserve(this.#octets);
    const { bytes, at: start } = space;
    this.#space = space;
    this.#family = family;
    this.#layout = layout;
    this.#bytes = bytes;
    this.#start = start;
    const octets = this.#attributeOctets;
    let tail = 0;
    let at = start + ATTRIBUTES_AT;
    if (layout === CLASSIC_REACH) {
      if (this.#attributes !== bytes || this.#attributesAt !== at) this.#copyAttributes(at);
      at += octets;
    } else if (layout === MP_REACH_FIRST) {
      at = this.#rewriter.writeMpReach(family, bytes, at);
      tail = octets;
    } else if (layout === MP_UNREACH_ONLY) {
      bytes[at] = OPTIONAL | EXTENDED_LENGTH;
      bytes[at + 1] = mpUnreach.code;
      putU16(bytes, at + 4, AFI[family]);
      bytes[at + 6] = SAFI_UNICAST;
      at += 7;
    } else {
      at = start + WITHDRAWN_AT;
      tail = 2;
    }
    this.#first = this.#at = at;
    this.#limit = start + this.#octets - tail;
  }

  #copyAttributes(to: number): void {
    const bytes = this.#bytes;
    const attributes = this.#attributes;
    const from = this.#attributesAt;
    for (let i = 0; i < this.#attributeOctets; i++) bytes[to + i] = attributes[from + i]!;
  }

  /** Writes the lengths that are known only now, and what comes behind the prefixes. */
  #close(): void {
    const bytes = this.#bytes;
    const start = this.#start;
    const lengths = start + HEADER_OCTETS;
    let at = this.#at;
    if (this.#layout === CLASSIC_UNREACH) {
      putU16(bytes, lengths, at - this.#first);
      putU16(bytes, at, 0);
      at += 2;
    } else {
      putU16(bytes, lengths, 0);
      if (this.#layout !== CLASSIC_REACH) putU16(bytes, start + ATTRIBUTES_AT + 2, at - start - ATTRIBUTES_AT - 4);
      if (this.#layout === MP_REACH_FIRST) {
        this.#copyAttributes(at);
        at += this.#attributeOctets;
      }
      const end = this.#layout === CLASSIC_REACH ? this.#first : at;
      putU16(bytes, lengths + 2, end - start - ATTRIBUTES_AT);
    }
    putHeader(bytes, start, at - start);
    this.#space!.at = at;
  }
}

/** Rare messages may cost objects. */
function append(space: EncoderSpace, message: Uint8Array): void {
  space.reserve(message.length);
  space.bytes.set(message, space.at);
  space.at += message.length;
}

/** An UPDATE with nothing in it for IPv4, with an empty MP_UNREACH_NLRI for others (RFC 4724 §2). */
function encodeEndOfRib(family: Family): Uint8Array {
  const attributes = new Writer(8);
  if (family !== "ipv4") {
    const value = new Writer(4);
    mpUnreach.encode(value, { afi: AFI[family], safi: SAFI_UNICAST, prefixes: [] });
    encodeAttribute(attributes, mpUnreach.flags, mpUnreach.code, value.finish());
  }
  const out = beginMessage(new Writer(32), MessageType.update);
  return endMessage(out.u16(0).u16(attributes.length).put(attributes.finish()));
}

function putHeader(bytes: Uint8Array, at: number, octets: number): void {
  for (let i = 0; i < 16; i++) bytes[at + i] = 0xff;
  putU16(bytes, at + 16, octets);
  bytes[at + 18] = MessageType.update;
}

function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
