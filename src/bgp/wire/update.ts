import { bitsOf, type Family } from "#route/family.ts";
import { AFI, SAFI_UNICAST } from "./afi-safi.ts";
import { AttributeScanner } from "./attribute-scan.ts";
import { EXTENDED_LENGTH, OPTIONAL, TRANSITIVE } from "./attributes/attribute.ts";
import { attributeTable } from "./attributes/table.ts";
import { HEADER_OCTETS, MAX_EXTENDED_OCTETS } from "./message-type.ts";
import { ErrorCode, UpdateError } from "./notification.ts";
import { DISCARD, FAMILY_NOT_AGREED, RESET, Remarks, WITHDRAW } from "./outcome.ts";
import { PeerFault } from "./peer-fault.ts";
import type { ReadContext } from "./read-context.ts";
import type { RouteSink } from "./route-sink.ts";

/*
 * Hot: all routes come through here. No objects and no exceptions in the usual case; offsets instead of slices.
 */

/** What became of an UPDATE: all was well; some attributes, or a family's routes, were ignored; all routes were taken as withdrawn. */
export type UpdateOutcome = "ok" | "discarded" | "withdrawn";

const { mpReach, mpUnreach, nextHop, origin, asPath } = attributeTable;
const MANDATORY = (1 << origin.code) | (1 << asPath.code);
/** Octets of an UPDATE with nothing in it: End-of-RIB for IPv4 (RFC 4724 §2). */
const EMPTY_UPDATE_OCTETS = HEADER_OCTETS + 4;
/** What `#intern` returns where the routes are to be taken as withdrawn. */
const NO_SET = 0;

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

/** A set with MP_REACH_NLRI cut down to its next hop: shared by all readers, good for one call. */
const reduced = new Uint8Array(MAX_EXTENDED_OCTETS);

/** Offsets of one multiprotocol attribute; `at` is -1 where there is none, or none of an agreed family. */
interface MpPart {
  at: number;
  family: Family;
  /** Its prefixes. */
  start: number;
  end: number;
}

const noPart = (): MpPart => ({ at: -1, family: "ipv6", start: 0, end: 0 });

/**
 * Reads one neighbour's UPDATE messages into its Adj-RIB-In. One reader per session:
 *
 *     if (reader.read(bytes, start, end) !== "ok") log.warn(reader.remarks());
 */
export class UpdateReader {
  readonly #context: ReadContext;
  readonly #sink: RouteSink;
  readonly #remarks = new Remarks();
  readonly #scanner: AttributeScanner;
  /** Families agreed on. */
  readonly #ipv4: boolean;
  readonly #ipv6: boolean;
  /** Are there multiprotocol attributes in the message, of whatever family? */
  #multiprotocol = false;
  readonly #reach = noPart();
  readonly #unreach = noPart();

  constructor(context: ReadContext, sink: RouteSink) {
    this.#context = context;
    this.#sink = sink;
    this.#scanner = new AttributeScanner(context, this.#remarks);
    this.#ipv4 = context.families.includes("ipv4");
    this.#ipv6 = context.families.includes("ipv6");
  }

  /**
   * @param start of a whole message of at least 23 octets, header included; borrowed
   * @throws PeerFault 3/x where the session has to end (RFC 4271 §6.3, RFC 7606 §3); nothing reached the sink then
   */
  read(bytes: Uint8Array, start: number, end: number): UpdateOutcome {
    this.#remarks.clear();
    const withdrawn = start + HEADER_OCTETS + 2;
    const withdrawnEnd = withdrawn + u16(bytes, withdrawn - 2);
    const attributes = withdrawnEnd + 2;
    // RFC 7606 §3 (b): lengths that the message does not have.
    if (attributes > end) throw listFault();
    const nlri = attributes + u16(bytes, withdrawnEnd);
    if (nlri > end) throw listFault();
    if (end - start === EMPTY_UPDATE_OCTETS) {
      if (this.#ipv4) this.#sink.endOfRib("ipv4");
      return "ok";
    }
    const others = this.#locate(bytes, attributes, nlri);
    if (!wellFormed(bytes, withdrawn, withdrawnEnd, 32) || !wellFormed(bytes, nlri, end, 32)) {
      throw new PeerFault({ code: ErrorCode.update, subcode: UpdateError.invalidNetwork });
    }
    if (!this.#ipv4 && (withdrawn < withdrawnEnd || nlri < end)) {
      this.#remarks.note(DISCARD, 0, FAMILY_NOT_AGREED, -1);
    }
    this.#apply(bytes, withdrawn, withdrawnEnd, attributes, nlri, end, others);
    const { severity } = this.#remarks;
    return severity < DISCARD ? "ok" : severity === DISCARD ? "discarded" : "withdrawn";
  }

  /** What was wrong with the last message whose outcome was not "ok", for logs: `AS_PATH malformed, …`. */
  remarks(): string {
    return this.#remarks.toString();
  }

  /** Everything is known to be well-formed: interns the attributes, then tells the sink, withdrawn routes first. */
  #apply(
    bytes: Uint8Array,
    withdrawn: number,
    withdrawnEnd: number,
    attributes: number,
    nlri: number,
    end: number,
    others: boolean,
  ): void {
    const sink = this.#sink;
    const reach = this.#reach;
    const unreach = this.#unreach;
    const classic = this.#ipv4 && nlri < end;
    const multiprotocol = reach.at >= 0 && reach.start < reach.end;
    let classicSet = NO_SET;
    let multiprotocolSet = NO_SET;
    if (classic) classicSet = this.#intern(bytes, attributes, nlri, -1);
    if (multiprotocol) multiprotocolSet = this.#intern(bytes, attributes, nlri, reach.at);
    if (!classic && !multiprotocol && others) this.#inspect(bytes, attributes, nlri);
    if (classicSet !== NO_SET && this.#remarks.severity >= WITHDRAW) {
      // The two sets differ in the next hop: what is wrong with one concerns the whole message.
      sink.drop(classicSet);
      classicSet = NO_SET;
    }

    if (this.#ipv4 && withdrawn < withdrawnEnd) this.#unreach4(bytes, withdrawn, withdrawnEnd);
    if (unreach.at >= 0) {
      if (unreach.start < unreach.end) this.#unreachAll(unreach.family, bytes, unreach.start, unreach.end);
      else if (!others && reach.at < 0 && nlri === end && withdrawn === withdrawnEnd) sink.endOfRib(unreach.family);
    }
    if (classic) {
      if (classicSet === NO_SET) this.#unreach4(bytes, nlri, end);
      else this.#reach4(bytes, nlri, end, classicSet);
    }
    if (multiprotocol) {
      if (multiprotocolSet === NO_SET) this.#unreachAll(reach.family, bytes, reach.start, reach.end);
      else if (reach.family === "ipv4") this.#reach4(bytes, reach.start, reach.end, multiprotocolSet);
      else this.#reach6(bytes, reach.start, reach.end, multiprotocolSet);
    }
    if (classicSet !== NO_SET) sink.drop(classicSet);
    if (multiprotocolSet !== NO_SET) sink.drop(multiprotocolSet);
  }

  /**
   * Finds and checks the multiprotocol attributes.
   * @returns whether there are other attributes, or something that is none
   */
  #locate(bytes: Uint8Array, start: number, end: number): boolean {
    this.#reach.at = this.#unreach.at = -1;
    let others = false;
    let reached = false;
    let unreached = false;
    let at = start;
    while (at < end) {
      const head = (bytes[at]! & EXTENDED_LENGTH) === 0 ? 3 : 4;
      const value = at + head;
      const next = value + (head === 3 ? bytes[at + 2]! : u16(bytes, at + 2));
      if (value > end || next > end) {
        // RFC 7606 §4.
        this.#remarks.note(WITHDRAW, 0, UpdateError.malformedAttributeList, -1);
        others = true;
        break;
      }
      const code = bytes[at + 1]!;
      if (code === mpReach.code) {
        // RFC 7606 §3 (g).
        if (reached) throw listFault();
        reached = true;
        this.#locateReach(bytes, at, value, next);
      } else if (code === mpUnreach.code) {
        if (unreached) throw listFault();
        unreached = true;
        this.#locateUnreach(bytes, at, value, next);
      } else {
        others = true;
      }
      at = next;
    }
    this.#multiprotocol = reached || unreached;
    return others;
  }

  /** RFC 4760 §3, RFC 7606 §5.3 and §7.11: where the next hop or the prefixes cannot be relied on, the session ends. */
  #locateReach(bytes: Uint8Array, at: number, value: number, end: number): void {
    if (end - value < 5) throw mpFault(bytes, at, end);
    const hopOctets = bytes[value + 3]!;
    const prefixes = value + 5 + hopOctets;
    const family = this.#agreedFamily(u16(bytes, value), bytes[value + 2]!);
    if (family === undefined) {
      this.#remarks.note(DISCARD, mpReach.code, FAMILY_NOT_AGREED, -1);
      return;
    }
    const long = hopOctets === 16 || hopOctets === 32;
    const expected = family === "ipv6" ? long : hopOctets === 4 || (long && this.#context.extendedNextHop);
    if (!expected || prefixes > end || wrongFlags(bytes[at]!) || !wellFormed(bytes, prefixes, end, bitsOf(family))) {
      throw mpFault(bytes, at, end);
    }
    setPart(this.#reach, at, family, prefixes, end);
  }

  /** RFC 4760 §4, RFC 7606 §5.3 and §7.12. */
  #locateUnreach(bytes: Uint8Array, at: number, value: number, end: number): void {
    if (end - value < 3) throw mpFault(bytes, at, end);
    const family = this.#agreedFamily(u16(bytes, value), bytes[value + 2]!);
    if (family === undefined) {
      this.#remarks.note(DISCARD, mpUnreach.code, FAMILY_NOT_AGREED, -1);
      return;
    }
    if (wrongFlags(bytes[at]!) || !wellFormed(bytes, value + 3, end, bitsOf(family))) throw mpFault(bytes, at, end);
    setPart(this.#unreach, at, family, value + 3, end);
  }

  #agreedFamily(afi: number, safi: number): Family | undefined {
    if (safi !== SAFI_UNICAST) return undefined;
    if (afi === AFI.ipv6 && this.#ipv6) return "ipv6";
    return afi === AFI.ipv4 && this.#ipv4 ? "ipv4" : undefined;
  }

  /**
   * @param reachAt the MP_REACH_NLRI whose routes the set is for; -1: those of the NLRI field
   * @returns a held set, or NO_SET where the routes are to be taken as withdrawn
   */
  #intern(bytes: Uint8Array, start: number, end: number, reachAt: number): number {
    const { context, fourOctetAs } = this.#context;
    const remarks = this.#remarks;
    const scanner = this.#scanner;
    let octets = bytes;
    let from = start;
    let to = end;
    if (this.#multiprotocol) {
      to = this.#reduce(bytes, start, end, reachAt);
      octets = reduced;
      from = 0;
    }
    // A set that is stored is well-formed. With 2-octet AS numbers, received octets are never those of a stored set.
    if (fourOctetAs && remarks.severity < WITHDRAW) {
      const known = this.#sink.find(context, octets, from, to);
      if (known !== 0) return known;
    }
    scanner.scan(octets, from, to);
    const missing = (MANDATORY | (reachAt >= 0 ? 0 : 1 << nextHop.code)) & ~scanner.present;
    if (missing !== 0) remarks.note(WITHDRAW, 31 - Math.clz32(missing & -missing), UpdateError.missingWellKnown, -1);
    if (remarks.severity === RESET) throw this.#fault(octets);
    if (remarks.severity === WITHDRAW) return NO_SET;
    if (scanner.octets !== octets) {
      const known = this.#sink.find(context, scanner.octets, scanner.start, scanner.end);
      if (known !== 0) return known;
    }
    return this.#sink.add(context, scanner.octets, scanner.start, scanner.end, scanner.facts);
  }

  /** There are attributes, but no routes to withdraw if they are wrong: then the session ends (RFC 7606 §5.2). */
  #inspect(bytes: Uint8Array, start: number, end: number): void {
    const octets = this.#reduce(bytes, start, end, -1);
    this.#scanner.scan(reduced, 0, octets);
    if (this.#remarks.severity >= WITHDRAW) throw this.#fault(reduced);
  }

  /**
   * Copies a set without multiprotocol attributes; for the routes of the MP_REACH_NLRI at `reachAt`, without NEXT_HOP (RFC 4760
   * §3) and with that attribute's next hop. @returns octets in `reduced`
   */
  #reduce(bytes: Uint8Array, start: number, end: number, reachAt: number): number {
    let to = 0;
    let at = start;
    while (at < end) {
      const extended = (bytes[at]! & EXTENDED_LENGTH) !== 0;
      const code = bytes[at + 1]!;
      const next = end - at < 4 ? end : at + (extended ? 4 + u16(bytes, at + 2) : 3 + bytes[at + 2]!);
      if (at === reachAt) {
        const value = at + (extended ? 4 : 3);
        const octets = 5 + bytes[value + 3]!;
        reduced[to] = OPTIONAL;
        reduced[to + 1] = code;
        reduced[to + 2] = octets;
        for (let i = 0; i < octets; i++) reduced[to + 3 + i] = bytes[value + i]!;
        reduced[to + 2 + octets] = 0; // reserved
        to += 3 + octets;
      } else if (code !== mpReach.code && code !== mpUnreach.code && (reachAt < 0 || code !== nextHop.code)) {
        const stop = Math.min(next, end);
        for (let i = at; i < stop; i++) reduced[to++] = bytes[i]!;
      }
      at = next;
    }
    return to;
  }

  #fault(octets: Uint8Array): PeerFault {
    const { subcode, at } = this.#remarks;
    return new PeerFault({ code: ErrorCode.update, subcode, data: at < 0 ? [] : attributeAt(octets, at) });
  }

  #reach4(bytes: Uint8Array, start: number, end: number, set: number): void {
    const sink = this.#sink;
    for (let at = start; at < end; ) {
      const length = bytes[at]!;
      sink.reach4(prefix4(bytes, at + 1, length), length, set);
      at += 1 + ((length + 7) >> 3);
    }
  }

  #unreach4(bytes: Uint8Array, start: number, end: number): void {
    const sink = this.#sink;
    for (let at = start; at < end; ) {
      const length = bytes[at]!;
      sink.unreach4(prefix4(bytes, at + 1, length), length);
      at += 1 + ((length + 7) >> 3);
    }
  }

  #reach6(bytes: Uint8Array, start: number, end: number, set: number): void {
    const sink = this.#sink;
    for (let at = start; at < end; ) {
      const length = bytes[at]!;
      const w0 = masked(bytes, at + 1, length);
      const w1 = length > 32 ? masked(bytes, at + 5, length - 32) : 0;
      const w2 = length > 64 ? masked(bytes, at + 9, length - 64) : 0;
      const w3 = length > 96 ? masked(bytes, at + 13, length - 96) : 0;
      sink.reach6(w0, w1, w2, w3, length, set);
      at += 1 + ((length + 7) >> 3);
    }
  }

  #unreach6(bytes: Uint8Array, start: number, end: number): void {
    const sink = this.#sink;
    for (let at = start; at < end; ) {
      const length = bytes[at]!;
      const w0 = masked(bytes, at + 1, length);
      const w1 = length > 32 ? masked(bytes, at + 5, length - 32) : 0;
      const w2 = length > 64 ? masked(bytes, at + 9, length - 64) : 0;
      const w3 = length > 96 ? masked(bytes, at + 13, length - 96) : 0;
      sink.unreach6(w0, w1, w2, w3, length);
      at += 1 + ((length + 7) >> 3);
    }
  }

  #unreachAll(family: Family, bytes: Uint8Array, start: number, end: number): void {
    if (family === "ipv4") this.#unreach4(bytes, start, end);
    else this.#unreach6(bytes, start, end);
  }
}

const listFault = (): PeerFault =>
  new PeerFault({ code: ErrorCode.update, subcode: UpdateError.malformedAttributeList });

/** RFC 4760 §7: the data is the attribute. */
const mpFault = (bytes: Uint8Array, at: number, end: number): PeerFault =>
  new PeerFault({ code: ErrorCode.update, subcode: UpdateError.optionalAttribute, data: bytes.slice(at, end) });

/** RFC 7606 §5.3: not those of RFC 4760 §3 and §4, optional and non-transitive. */
const wrongFlags = (flags: number): boolean => (flags & (OPTIONAL | TRANSITIVE)) !== OPTIONAL;

/** A copy of the attribute at `at`: flags, type, length and value (RFC 4271 §6.3). */
function attributeAt(octets: Uint8Array, at: number): Uint8Array {
  const extended = (octets[at]! & EXTENDED_LENGTH) !== 0;
  return octets.slice(at, at + (extended ? 4 + u16(octets, at + 2) : 3 + octets[at + 2]!));
}

function setPart(part: MpPart, at: number, family: Family, start: number, end: number): void {
  part.at = at;
  part.family = family;
  part.start = start;
  part.end = end;
}

/** Are there whole prefixes of at most `bits` bits, and nothing else (RFC 7606 §5.3)? */
function wellFormed(bytes: Uint8Array, start: number, end: number, bits: number): boolean {
  let at = start;
  while (at < end) {
    const length = bytes[at]!;
    if (length > bits) return false;
    at += 1 + ((length + 7) >> 3);
  }
  return at === end;
}

/** The 32 bits at `at`, those from `length` on cleared; what is read beyond the prefix is cleared with them. */
function masked(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return 0;
  const value = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return (length >= 32 ? value : value & (-1 << (32 - length))) >>> 0;
}

const prefix4 = masked;
