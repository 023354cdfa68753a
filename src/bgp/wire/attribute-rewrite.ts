import { toOctets } from "#route/address.ts";
import { LONGEST_SEGMENT } from "#route/as-path.ts";
import { DEFAULT_LOCAL_PREF } from "#route/attribute-facts.ts";
import type { Family } from "#route/family.ts";
import { AFI, SAFI_UNICAST } from "./afi-safi.ts";
import { AS_SEQUENCE, AS_TRANS } from "./attributes/as-path.ts";
import { EXTENDED_LENGTH, OPTIONAL, PARTIAL, TRANSITIVE } from "./attributes/attribute.ts";
import { attributeTable } from "./attributes/table.ts";
import type { ExportContext } from "./export-context.ts";
import { MAX_EXTENDED_OCTETS } from "./message-type.ts";
import { endOf, sortAttributes, valueAt, word } from "./stored-set.ts";

/*
 * Hot: once per attribute set and update group. Reads a stored set, writes what the group is told; no objects.
 */

const {
  asPath,
  nextHop,
  med,
  localPref,
  aggregator,
  originatorId,
  clusterList,
  mpReach,
  extendedCommunities,
  as4Path,
  as4Aggregator,
} = attributeTable;

const bit = (code: number): number => 1 << code;
const NEXT_HOP_BIT = bit(nextHop.code);
const LOCAL_PREF_BIT = bit(localPref.code);
const REFLECTION_BITS = bit(originatorId.code) | bit(clusterList.code);

/** Types that are in the table: all others are unknown to us. */
const KNOWN = new Uint8Array(256);
for (const { code } of Object.values(attributeTable)) KNOWN[code] = 1;

const NON_TRANSITIVE_COMMUNITY = 0x40;
const CATEGORY = OPTIONAL | TRANSITIVE;

/** AS_PATH in 4-octet numbers, for neighbours that know 2 octets only; good for one `write`. */
const widePath = new Uint8Array(2 * MAX_EXTENDED_OCTETS);

/** Who gave us the route; the RIB's `PathSource`. */
export interface RewriteSource {
  readonly kind: "local" | "external" | "internal" | "client";
  readonly routerId: number;
  /** A MED in the set was made here, by a policy, and is for external neighbours too. */
  readonly ownMed: boolean;
}

/**
 * Rewrites stored sets for one update group: `load`, then `write`. The set is walked in ascending type order; what has to
 * be added waits in a mask of type codes until the walk has come past its place.
 */
export class AttributeRewriter {
  readonly #context: ExportContext;
  readonly #external: boolean;
  readonly #own: Readonly<Record<Family, Uint8Array | undefined>>;
  /** The loaded set, sorted. */
  #set: Uint8Array = new Uint8Array();
  #start = 0;
  #end = 0;
  /** The next hop to be told: `hop[hopAt, hopAt + hopOctets)`. */
  #hop: Uint8Array = new Uint8Array();
  #hopAt = 0;
  #hopOctets = 0;
  /** Where the next octet goes. */
  #out: Uint8Array = new Uint8Array();
  #at = 0;
  /** Octets in `widePath`, and where AGGREGATOR is, for AS4_PATH and AS4_AGGREGATOR. */
  #wideOctets = 0;
  #aggregatorAt = 0;

  constructor(context: ExportContext) {
    this.#context = context;
    this.#external = context.kind === "external";
    this.#own = { ipv4: ownField(context, "ipv4"), ipv6: ownField(context, "ipv6") };
  }

  /** Octets that the attributes of a stored set of `octets` octets need at most. */
  static bound(octets: number): number {
    // AS4_PATH may repeat the path; the rest is what may be added: next hop, a segment, five attributes of a word or two.
    return 2 * octets + 128;
  }

  /**
   * Takes in a stored set, `octets[start, end)`, borrowed until `write`.
   * @returns octets of the next hop to be told, 0 where there is none: then the set cannot be told
   */
  load(family: Family, octets: Uint8Array, start: number, end: number, source: RewriteSource): number {
    let classic = -1;
    let multi = -1;
    let last = -1;
    let sorted = true;
    for (let at = start; at < end; at = endOf(octets, at)) {
      const code = octets[at + 1]!;
      if (code < last) sorted = false;
      last = code;
      if (code === nextHop.code) classic = at;
      else if (code === mpReach.code) multi = at;
    }
    this.#chooseNextHop(family, source, octets, classic, multi);
    this.#set = sorted ? octets : sortAttributes(octets, start, end);
    this.#start = sorted ? start : 0;
    this.#end = sorted ? end : this.#set.length;
    return this.#hopOctets;
  }

  /** Is the next hop told in MP_REACH_NLRI: for all IPv6 routes, and IPv4 ones with an IPv6 next hop? */
  get multiprotocol(): boolean {
    return this.#hopOctets > 4;
  }

  /** Writes the head of MP_REACH_NLRI, whose prefixes follow; the length is patched in afterwards. @returns where it ends */
  writeMpReach(family: Family, out: Uint8Array, at: number): number {
    out[at] = OPTIONAL | EXTENDED_LENGTH;
    out[at + 1] = mpReach.code;
    out[at + 4] = 0;
    out[at + 5] = AFI[family];
    out[at + 6] = SAFI_UNICAST;
    const octets = this.#hopOctets;
    out[at + 7] = octets;
    for (let i = 0; i < octets; i++) out[at + 8 + i] = this.#hop[this.#hopAt + i]!;
    out[at + 8 + octets] = 0; // reserved
    return at + 9 + octets;
  }

  /** Writes all attributes but MP_REACH_NLRI, in ascending type order. @returns where they end */
  write(out: Uint8Array, at: number, source: RewriteSource): number {
    const set = this.#set;
    const external = this.#external;
    const reflected = !external && (source.kind === "internal" || source.kind === "client");
    // RFC 4271 §5.1.4: the MED of one neighbouring AS is not for the next one.
    const keepMed = !external || source.kind === "local" || source.ownMed;
    let pending = this.multiprotocol ? 0 : NEXT_HOP_BIT;
    if (!external) pending |= reflected ? LOCAL_PREF_BIT | REFLECTION_BITS : LOCAL_PREF_BIT;
    this.#out = out;
    this.#at = at;
    for (let from = this.#start, next = 0; from < this.#end; from = next) {
      const code = set[from + 1]!;
      const value = valueAt(set, from);
      next = endOf(set, from);
      const due = code < 31 ? pending & (bit(code) - 1) : pending;
      if (due !== 0) {
        this.#add(due, source);
        pending ^= due;
      }
      switch (code) {
        case asPath.code:
          if (this.#writePath(value, next)) pending |= bit(as4Path.code);
          break;
        case med.code:
          if (keepMed) this.#copy(from, next);
          break;
        case localPref.code:
          if (!external) this.#copy(from, next);
          pending &= ~LOCAL_PREF_BIT;
          break;
        case aggregator.code:
          if (this.#writeAggregator(from, value, next)) pending |= bit(as4Aggregator.code);
          break;
        case originatorId.code:
          if (reflected) this.#copy(from, next);
          pending &= ~bit(originatorId.code);
          break;
        case clusterList.code:
          if (reflected) this.#writeClusterList(value, next);
          pending &= ~bit(clusterList.code);
          break;
        case extendedCommunities.code:
          this.#writeExtendedCommunities(from, value, next);
          break;
        case nextHop.code:
        case mpReach.code:
          break; // the next hop is told as chosen
        default:
          if (KNOWN[code] === 1) this.#copy(from, next);
          else this.#passUnknown(from, next);
      }
    }
    if (pending !== 0) this.#add(pending, source);
    return this.#at;
  }

  /** Writes the attributes that the set lacked, by their bits, lowest first. */
  #add(due: number, source: RewriteSource): void {
    for (let left = due; left !== 0; left &= left - 1) {
      switch (31 - Math.clz32(left & -left)) {
        case nextHop.code:
          this.#head(nextHop.flags, nextHop.code, 4);
          this.#put(this.#hop, this.#hopAt, this.#hopAt + 4);
          break;
        case localPref.code:
          this.#head(localPref.flags, localPref.code, 4);
          this.#u32(DEFAULT_LOCAL_PREF);
          break;
        case originatorId.code:
          this.#head(originatorId.flags, originatorId.code, 4);
          this.#u32(source.routerId);
          break;
        case clusterList.code:
          this.#writeClusterList(0, 0);
          break;
        case as4Path.code:
          this.#head(as4Path.flags, as4Path.code, this.#wideOctets);
          this.#put(widePath, 0, this.#wideOctets);
          break;
        case as4Aggregator.code:
          this.#head(as4Aggregator.flags, as4Aggregator.code, 8);
          this.#put(this.#set, this.#aggregatorAt, this.#aggregatorAt + 8);
          break;
      }
    }
  }

  /** RFC 4271 §5.1.3, RFC 2545 §2, RFC 8950 §4. */
  #chooseNextHop(family: Family, source: RewriteSource, set: Uint8Array, classic: number, multi: number): void {
    const { nextHop: mode, extendedNextHop } = this.#context;
    this.#hopOctets = 0;
    const unchanged = mode === "unchanged" || (mode === "auto" && !this.#external && source.kind !== "local");
    if (unchanged) this.#keepNextHop(set, classic, multi);
    const fits = this.#hopOctets === 4 ? family === "ipv4" : family === "ipv6" || extendedNextHop;
    if (this.#hopOctets !== 0 && fits) return;
    const own = this.#own[family];
    this.#hopOctets = own?.length ?? 0;
    if (own === undefined) return;
    this.#hop = own;
    this.#hopAt = 0;
  }

  /** The set's own next hop; not a link-local one, which means nothing to others (RFC 2545 §3). */
  #keepNextHop(set: Uint8Array, classic: number, multi: number): void {
    if (classic < 0 && multi < 0) return;
    const at = classic >= 0 ? valueAt(set, classic) : valueAt(set, multi) + 4;
    const octets = classic >= 0 ? 4 : set[at - 1]!;
    const linkLocal = octets > 4 && set[at] === 0xfe && (set[at + 1]! & 0xc0) === 0x80;
    if (linkLocal || (octets > 4 && word(set, at) === 0)) return;
    this.#hop = set;
    this.#hopAt = at;
    this.#hopOctets = Math.min(octets, 16);
  }

  /**
   * AS_PATH, with our AS in front for external neighbours (RFC 4271 §5.1.2) and 2-octet numbers for old ones (RFC 6793 §4.2.2).
   * @returns whether an AS4_PATH has to go with it
   */
  #writePath(value: number, end: number): boolean {
    const set = this.#set;
    const join = end > value && set[value] === AS_SEQUENCE && set[value + 1]! < LONGEST_SEGMENT;
    const octets = end - value + (this.#external ? (join ? 4 : 6) : 0);
    if (!this.#context.fourOctetAs) {
      this.#wideOctets = octets;
      this.#pathValue(widePath, 0, value, end, join);
      return this.#writeOldPath();
    }
    this.#head(asPath.flags, asPath.code, octets);
    this.#pathValue(this.#out, this.#at, value, end, join);
    this.#at += octets;
    return false;
  }

  /** Writes the path in 4-octet numbers; `join`: its first segment has room for our AS. */
  #pathValue(out: Uint8Array, start: number, value: number, end: number, join: boolean): void {
    const set = this.#set;
    let at = start;
    let from = value;
    if (this.#external) {
      const { localAs } = this.#context;
      out[at] = AS_SEQUENCE;
      out[at + 1] = join ? set[from + 1]! + 1 : 1;
      out[at + 2] = localAs >>> 24;
      out[at + 3] = localAs >>> 16;
      out[at + 4] = localAs >>> 8;
      out[at + 5] = localAs;
      at += 6;
      if (join) from += 2;
    }
    while (from < end) out[at++] = set[from++]!;
  }

  /** The path of `widePath` in 2-octet numbers. @returns whether one of them did not fit */
  #writeOldPath(): boolean {
    const octets = this.#wideOctets;
    let short = 0;
    for (let at = 0; at < octets; at += 2 + 4 * widePath[at + 1]!) short += 2 + 2 * widePath[at + 1]!;
    this.#head(asPath.flags, asPath.code, short);
    let needed = false;
    for (let at = 0; at < octets; ) {
      const end = at + 2 + 4 * widePath[at + 1]!;
      this.#put(widePath, at, at + 2);
      for (at += 2; at < end; at += 4) {
        const as = word(widePath, at);
        if (as > 0xffff) needed = true;
        this.#u16(as > 0xffff ? AS_TRANS : as);
      }
    }
    return needed;
  }

  /** @returns whether an AS4_AGGREGATOR has to go with it (RFC 6793 §4.2.2) */
  #writeAggregator(from: number, value: number, end: number): boolean {
    if (this.#context.fourOctetAs) {
      this.#copy(from, end);
      return false;
    }
    const as = word(this.#set, value);
    this.#aggregatorAt = value;
    this.#head(this.#set[from]! & (CATEGORY | PARTIAL), aggregator.code, 6);
    this.#u16(as > 0xffff ? AS_TRANS : as);
    this.#put(this.#set, value + 4, value + 8);
    return as > 0xffff;
  }

  /** Our cluster in front of those that the route has been through (RFC 4456 §8). */
  #writeClusterList(value: number, end: number): void {
    this.#head(clusterList.flags, clusterList.code, 4 + end - value);
    this.#u32(this.#context.clusterId);
    this.#put(this.#set, value, end);
  }

  /** Non-transitive ones do not leave the AS (RFC 4360 §6). */
  #writeExtendedCommunities(from: number, value: number, end: number): void {
    if (!this.#external) {
      this.#copy(from, end);
      return;
    }
    const set = this.#set;
    let kept = 0;
    for (let at = value; at < end; at += 8) if ((set[at]! & NON_TRANSITIVE_COMMUNITY) === 0) kept += 8;
    if (kept === 0) return;
    this.#head(set[from]! & (CATEGORY | PARTIAL), extendedCommunities.code, kept);
    for (let at = value; at < end; at += 8) {
      if ((set[at]! & NON_TRANSITIVE_COMMUNITY) === 0) this.#put(set, at, at + 8);
    }
  }

  /** RFC 4271 §5: transitive ones go on, and Partial says that somebody did not understand them; others do not. */
  #passUnknown(from: number, end: number): void {
    const flags = this.#set[from]!;
    if ((flags & TRANSITIVE) === 0) return;
    const at = this.#at;
    this.#put(this.#set, from, end);
    this.#out[at] = (flags & (CATEGORY | EXTENDED_LENGTH)) | PARTIAL;
  }

  /** A known attribute as it is. Partial is for optional transitive ones alone; the low bits are zero (RFC 4271 §4.3). */
  #copy(from: number, end: number): void {
    const flags = this.#set[from]!;
    const at = this.#at;
    this.#put(this.#set, from, end);
    this.#out[at] = flags & (CATEGORY | EXTENDED_LENGTH | ((flags & CATEGORY) === CATEGORY ? PARTIAL : 0));
  }

  #put(octets: Uint8Array, start: number, end: number): void {
    const out = this.#out;
    let at = this.#at;
    for (let from = start; from < end; from++) out[at++] = octets[from]!;
    this.#at = at;
  }

  #head(flags: number, code: number, octets: number): void {
    const out = this.#out;
    let at = this.#at;
    const long = octets > 255;
    out[at++] = long ? flags | EXTENDED_LENGTH : flags;
    out[at++] = code;
    if (long) out[at++] = octets >>> 8;
    out[at++] = octets;
    this.#at = at;
  }

  #u16(value: number): void {
    this.#out[this.#at++] = value >>> 8;
    this.#out[this.#at++] = value;
  }

  #u32(value: number): void {
    this.#u16(value >>> 16);
    this.#u16(value);
  }
}

/** The octets of our own next hop for `family`; undefined where we have no address that the neighbours take. */
function ownField(context: ExportContext, family: Family): Uint8Array | undefined {
  const own = context.ownNextHops[family];
  if (own === undefined) return undefined;
  const { address, linkLocal } = own;
  if (address.family === "ipv4") return family === "ipv4" ? toOctets(address) : undefined;
  if (family === "ipv4" && !context.extendedNextHop) return undefined;
  return Uint8Array.from([...toOctets(address), ...(linkLocal === undefined ? [] : toOctets(linkLocal))]);
}
