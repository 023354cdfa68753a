import { Reader, Writer } from "#lib/bytes.ts";
import {
  type AttributeFacts,
  DEFAULT_LOCAL_PREF,
  emptyFacts,
  GRACEFUL_SHUTDOWN,
  HAS_LINK_BANDWIDTH,
  HAS_LOCAL_PREF,
  HAS_MED,
  LOOPED,
  NO_ADVERTISE,
  NO_EXPORT,
} from "#route/attribute-facts.ts";
import { mergeAggregator, mergeAsPath } from "./as4-merge.ts";
import { AS_SEQUENCE, AS_SET } from "./attributes/as-path.ts";
import { EXTENDED_LENGTH, encodeAttribute, OPTIONAL, TRANSITIVE, type WhenMalformed } from "./attributes/attribute.ts";
import { hasDuplicates, withoutDuplicates } from "./attributes/large-communities.ts";
import { attributeByCode, attributeTable } from "./attributes/table.ts";
import { MAX_EXTENDED_OCTETS } from "./message-type.ts";
import { UpdateError } from "./notification.ts";
import { DISCARD, DUPLICATE, FROM_EXTERNAL, FROM_NEW_SPEAKER, RESET, type Remarks, WITHDRAW } from "./outcome.ts";
import type { ReadContext } from "./read-context.ts";
import { word } from "./stored-set.ts";

/*
 * Hot: once per distinct attribute set. No objects, no exceptions. What a standard says about an attribute comes from the
 * table, spread into arrays by type code; only the looking at values is written out here.
 */

const SEVERITY_OF: Readonly<Record<WhenMalformed, number>> = { reset: RESET, withdraw: WITHDRAW, discard: DISCARD };
/** By type code: flags as specified, severity of a malformed value, internal-only; 0 for unknown types. */
const FLAGS = new Uint8Array(256);
const SEVERITY = new Uint8Array(256);
const INTERNAL_ONLY = new Uint8Array(256);
for (const row of attributeByCode.values()) {
  FLAGS[row.code] = row.flags;
  SEVERITY[row.code] = SEVERITY_OF[row.whenMalformed];
  INTERNAL_ONLY[row.code] = row.internalOnly === true ? 1 : 0;
}

const ORIGIN = attributeTable.origin.code;
const AS_PATH = attributeTable.asPath.code;
const NEXT_HOP = attributeTable.nextHop.code;
const MED = attributeTable.med.code;
const LOCAL_PREF = attributeTable.localPref.code;
const ATOMIC_AGGREGATE = attributeTable.atomicAggregate.code;
const AGGREGATOR = attributeTable.aggregator.code;
const COMMUNITIES = attributeTable.communities.code;
const ORIGINATOR_ID = attributeTable.originatorId.code;
const CLUSTER_LIST = attributeTable.clusterList.code;
const MP_REACH = attributeTable.mpReach.code;
const EXTENDED_COMMUNITIES = attributeTable.extendedCommunities.code;
const AS4_PATH = attributeTable.as4Path.code;
const AS4_AGGREGATOR = attributeTable.as4Aggregator.code;
const LARGE_COMMUNITIES = attributeTable.largeCommunities.code;

// The reader has seen to all else: what can be wrong with it here is the next hop, as with NEXT_HOP (RFC 7606 §7.3).
SEVERITY[MP_REACH] = WITHDRAW;

/**
 * Where canonical octets are written that are not the received ones: shared by all scanners, good until the next scan of any.
 * Widening AS numbers doubles a set at most.
 */
const scratch = new Uint8Array(2 * MAX_EXTENDED_OCTETS);

const floatBits = new Uint32Array(1);
const floatValue = new Float32Array(floatBits.buffer);

/** What of a session decides how attributes are understood. */
export type ScanContext = Pick<
  ReadContext,
  "external" | "localAs" | "remoteAs" | "checkFirstAs" | "fourOctetAs" | "routerId" | "clusterId" | "allowOwnAs"
>;

/**
 * Validates a new attribute set in one pass (RFC 7606), fills `facts`, and finds its canonical octets: what the RIB stores.
 * They are the received ones unless something had to be left out or widened.
 */
export class AttributeScanner {
  /** Of the set last scanned; overwritten by the next scan. */
  readonly facts: AttributeFacts = emptyFacts();
  /** The canonical set: `octets[start, end)`, borrowed until the next scan of any scanner. */
  octets: Uint8Array = new Uint8Array();
  start = 0;
  end = 0;
  /** Bit `1 << code` for each known attribute below 32 that was there. */
  present = 0;
  readonly #context: ScanContext;
  readonly #remarks: Remarks;
  /** Octets of the canonical set in `scratch`; -1 while it still equals what was received. */
  #written = -1;
  /** Types from 32 on that were there. */
  readonly #high = new Uint32Array(8);

  constructor(context: ScanContext, remarks: Remarks) {
    this.#context = context;
    this.#remarks = remarks;
  }

  /** Looks at `bytes[start, end)`, path attributes whose MP_REACH_NLRI is its next hop alone. Faults go to the remarks. */
  scan(bytes: Uint8Array, start: number, end: number): void {
    const remarks = this.#remarks;
    this.#begin(bytes, start);
    let low = 0;
    let at = start;
    while (at < end) {
      const flags = end - at < 3 ? 0 : bytes[at]!;
      const head = (flags & EXTENDED_LENGTH) === 0 ? 3 : 4;
      if (end - at < head) break;
      const code = bytes[at + 1]!;
      const value = at + head;
      const next = value + (head === 3 ? bytes[at + 2]! : (bytes[at + 2]! << 8) | bytes[at + 3]!);
      if (next > end) break;

      let keep = true;
      const bit = 1 << (code & 31);
      const seen = code < 32 ? low : this.#high[code >> 5]!;
      if (code < 32) low |= bit;
      else this.#high[code >> 5] = seen | bit;
      const expected = FLAGS[code]!;
      if ((seen & bit) !== 0) {
        // RFC 7606 §3 (g): all but the first are dropped.
        remarks.note(DISCARD, code, DUPLICATE, at);
        keep = false;
      } else if (expected === 0) {
        if ((flags & OPTIONAL) === 0) remarks.note(RESET, code, UpdateError.unrecognizedWellKnown, at);
      } else if (INTERNAL_ONLY[code] === 1 && this.#context.external) {
        remarks.note(DISCARD, code, FROM_EXTERNAL, at);
        keep = false;
      } else if ((flags & (OPTIONAL | TRANSITIVE)) !== expected) {
        // RFC 7606 §3 (c).
        remarks.note(WITHDRAW, code, UpdateError.attributeFlags, at);
      } else if (code === AS4_PATH || code === AS4_AGGREGATOR) {
        this.#dismiss(code, at, new Reader(bytes, value, next));
        keep = false;
      } else if (!this.#context.fourOctetAs && (code === AS_PATH || code === AGGREGATOR)) {
        this.#divert(at);
        this.#widen(new Reader(bytes, start, end), at, new Reader(bytes, value, next));
        at = next;
        continue;
      } else {
        const fault = this.#look(code, bytes, value, next);
        if (fault !== 0) {
          const severity = SEVERITY[code]!;
          remarks.note(severity, code, fault, at);
          keep = severity > DISCARD;
        } else if (code === LARGE_COMMUNITIES && hasDuplicates(bytes, value, next)) {
          this.#divert(at);
          this.#put(bytes[at]!, code, withoutDuplicates(new Reader(bytes, value, next))!);
          at = next;
          continue;
        }
      }
      if (!keep) this.#divert(at);
      else if (this.#written >= 0) this.#copy(bytes, at, next);
      at = next;
    }
    // RFC 7606 §4: the list ends inside an attribute.
    if (at < end) remarks.note(WITHDRAW, 0, UpdateError.malformedAttributeList, -1);
    this.present = low;
    if (this.#written < 0) {
      this.end = end;
    } else {
      this.octets = scratch;
      this.start = 0;
      this.end = this.#written;
    }
  }

  #begin(bytes: Uint8Array, start: number): void {
    const { facts } = this;
    facts.flags = 0;
    facts.localPref = DEFAULT_LOCAL_PREF;
    facts.pathLength = 0;
    facts.origin = 0;
    facts.med = 0;
    facts.neighbourAs = 0;
    facts.originatorId = 0;
    facts.clusterLength = 0;
    facts.linkBandwidth = 0;
    facts.nextHopFamily = undefined;
    facts.nextHop0 = facts.nextHop1 = facts.nextHop2 = facts.nextHop3 = 0;
    facts.linkLocal0 = facts.linkLocal1 = facts.linkLocal2 = facts.linkLocal3 = 0;
    this.#high.fill(0);
    this.#written = -1;
    this.octets = bytes;
    this.start = start;
  }

  /** From `at` on the canonical octets differ from the received ones. */
  #divert(at: number): void {
    if (this.#written >= 0) return;
    this.#written = 0;
    this.#copy(this.octets, this.start, at);
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    scratch.set(bytes.subarray(start, end), this.#written);
    this.#written += end - start;
  }

  /** Looks at the value of a known attribute and takes its facts. @returns a subcode of UPDATE Message Error, 0 if well-formed */
  #look(code: number, bytes: Uint8Array, value: number, end: number): number {
    const { facts } = this;
    const octets = end - value;
    switch (code) {
      case ORIGIN:
        if (octets !== 1) return UpdateError.attributeLength;
        facts.origin = bytes[value]!;
        return facts.origin > 2 ? UpdateError.invalidOrigin : 0;
      case AS_PATH:
        return this.#lookAtPath(bytes, value, end);
      case NEXT_HOP:
        if (octets !== 4) return UpdateError.attributeLength;
        return this.#takeNextHop4(word(bytes, value));
      case MED:
        if (octets !== 4) return UpdateError.attributeLength;
        facts.med = word(bytes, value);
        facts.flags |= HAS_MED;
        return 0;
      case LOCAL_PREF:
        if (octets !== 4) return UpdateError.attributeLength;
        facts.localPref = word(bytes, value);
        facts.flags |= HAS_LOCAL_PREF;
        return 0;
      case ATOMIC_AGGREGATE:
        return octets === 0 ? 0 : UpdateError.attributeLength;
      case AGGREGATOR:
        if (octets !== 8) return UpdateError.attributeLength;
        return word(bytes, value) === 0 ? UpdateError.optionalAttribute : 0;
      case COMMUNITIES:
        return this.#lookAtCommunities(bytes, value, end);
      case ORIGINATOR_ID:
        if (octets !== 4) return UpdateError.attributeLength;
        facts.originatorId = word(bytes, value);
        if (facts.originatorId === this.#context.routerId) facts.flags |= LOOPED;
        return 0;
      case CLUSTER_LIST:
        if (octets === 0 || octets % 4 !== 0) return UpdateError.attributeLength;
        facts.clusterLength = octets >> 2;
        for (let at = value; at < end; at += 4) {
          if (word(bytes, at) === this.#context.clusterId) facts.flags |= LOOPED;
        }
        return 0;
      case MP_REACH:
        return this.#lookAtMpReach(bytes, value);
      case EXTENDED_COMMUNITIES:
        return this.#lookAtExtendedCommunities(bytes, value, end);
      case LARGE_COMMUNITIES:
        return octets === 0 || octets % 12 !== 0 ? UpdateError.attributeLength : 0;
      default:
        return 0;
    }
  }

  /** RFC 7606 §7.2, RFC 7607 §2, and the first AS of RFC 4271 §6.3. */
  #lookAtPath(bytes: Uint8Array, value: number, end: number): number {
    const { facts } = this;
    const { localAs, remoteAs, external, checkFirstAs, allowOwnAs } = this.#context;
    let length = 0;
    let first = 0;
    let own = 0;
    let at = value;
    while (at < end) {
      if (end - at < 2) return UpdateError.malformedAsPath;
      const kind = bytes[at]!;
      const count = bytes[at + 1]!;
      const segmentEnd = at + 2 + 4 * count;
      if ((kind !== AS_SEQUENCE && kind !== AS_SET) || count === 0 || segmentEnd > end) {
        return UpdateError.malformedAsPath;
      }
      length += kind === AS_SEQUENCE ? count : 1;
      if (at === value && kind === AS_SEQUENCE) first = word(bytes, at + 2);
      for (at += 2; at < segmentEnd; at += 4) {
        const as = word(bytes, at);
        if (as === 0) return UpdateError.malformedAsPath;
        if (as === localAs) own++;
      }
    }
    if (external && checkFirstAs && first !== remoteAs) return UpdateError.malformedAsPath;
    facts.pathLength = length;
    facts.neighbourAs = first;
    if (own > allowOwnAs) facts.flags |= LOOPED;
    return 0;
  }

  #takeNextHop4(address: number): number {
    if (address === 0 || address >= 0xe0000000) return UpdateError.invalidNextHop;
    this.facts.nextHopFamily = "ipv4";
    this.facts.nextHop0 = address;
    return 0;
  }

  #lookAtCommunities(bytes: Uint8Array, value: number, end: number): number {
    const octets = end - value;
    if (octets === 0 || octets % 4 !== 0) return UpdateError.attributeLength;
    for (let at = value; at < end; at += 4) {
      // The well-known ones begin with 0xffff (RFC 1997, RFC 8326 §5).
      if (bytes[at] !== 0xff || bytes[at + 1] !== 0xff) continue;
      const local = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      // NO_EXPORT_SUBCONFED is the same outside confederations.
      if (local === 0xff01 || local === 0xff03) this.facts.flags |= NO_EXPORT;
      else if (local === 0xff02) this.facts.flags |= NO_ADVERTISE;
      else if (local === 0) this.facts.flags |= GRACEFUL_SHUTDOWN;
    }
    return 0;
  }

  /** Link bandwidth: type 0x40 or 0x00, subtype 4, then an AS number and an IEEE 754 float (draft-ietf-idr-link-bandwidth §2). */
  #lookAtExtendedCommunities(bytes: Uint8Array, value: number, end: number): number {
    const octets = end - value;
    if (octets === 0 || octets % 8 !== 0) return UpdateError.attributeLength;
    for (let at = value; at < end; at += 8) {
      if ((bytes[at]! & ~0x40) !== 0 || bytes[at + 1] !== 4) continue;
      floatBits[0] = word(bytes, at + 4);
      const octetsPerSecond = floatValue[0]!;
      if (!(octetsPerSecond >= 0 && octetsPerSecond < Infinity)) continue;
      this.facts.linkBandwidth = octetsPerSecond;
      this.facts.flags |= HAS_LINK_BANDWIDTH;
    }
    return 0;
  }

  /** The reader has checked the lengths; the value is family, next hop and the reserved octet. */
  #lookAtMpReach(bytes: Uint8Array, value: number): number {
    const { facts } = this;
    const octets = bytes[value + 3]!;
    let at = value + 4;
    if (octets === 4) return this.#takeNextHop4(word(bytes, at));
    const second = at + 16;
    const linkLocal = octets === 32 && bytes[second] === 0xfe && (bytes[second + 1]! & 0xc0) === 0x80;
    const noGlobal = (word(bytes, at) | word(bytes, at + 4) | word(bytes, at + 8) | word(bytes, at + 12)) === 0;
    if (noGlobal && linkLocal) at = second;
    else if (noGlobal || bytes[at] === 0xff) return UpdateError.invalidNextHop;
    facts.nextHopFamily = "ipv6";
    facts.nextHop0 = word(bytes, at);
    facts.nextHop1 = word(bytes, at + 4);
    facts.nextHop2 = word(bytes, at + 8);
    facts.nextHop3 = word(bytes, at + 12);
    if (!linkLocal || noGlobal) return 0;
    facts.linkLocal0 = word(bytes, second);
    facts.linkLocal1 = word(bytes, second + 4);
    facts.linkLocal2 = word(bytes, second + 8);
    facts.linkLocal3 = word(bytes, second + 12);
    return 0;
  }

  /** AS_PATH or AGGREGATOR of a speaker with 2-octet AS numbers, in the 4-octet form (RFC 6793 §4.2.3). Rare: uses objects. */
  #widen(set: Reader, at: number, value: Reader): void {
    const { bytes } = set;
    const code = bytes[at + 1]!;
    const wide = code === AS_PATH ? mergeAsPath(set, value) : mergeAggregator(set, value);
    if (wide === undefined) {
      const fault = code === AS_PATH ? UpdateError.malformedAsPath : UpdateError.attributeLength;
      this.#remarks.note(SEVERITY[code]!, code, fault, at);
      return;
    }
    this.#put(bytes[at]!, code, wide);
    const fault = this.#look(code, scratch, this.#written - wide.length, this.#written);
    if (fault !== 0) this.#remarks.note(SEVERITY[code]!, code, fault, at);
  }

  /** Writes an attribute with another value than it came with. */
  #put(flags: number, code: number, value: Uint8Array): void {
    const attribute = new Writer();
    encodeAttribute(attribute, flags, code, value);
    const octets = attribute.finish();
    this.#copy(octets, 0, octets.length);
  }

  /** AS4_PATH and AS4_AGGREGATOR never stay: from an old speaker they were used, a new one has no business to send them. */
  #dismiss(code: number, at: number, value: Reader): void {
    if (this.#context.fourOctetAs) this.#remarks.note(DISCARD, code, FROM_NEW_SPEAKER, at);
    else if (attributeByCode.get(code)?.decode(value) === undefined) {
      this.#remarks.note(DISCARD, code, UpdateError.optionalAttribute, at);
    }
  }
}
