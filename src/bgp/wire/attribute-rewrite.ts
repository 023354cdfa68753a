import { bug } from "#lib/bug.ts";
import { toOctets } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { AFI, SAFI_UNICAST } from "./afi-safi.ts";
import { AS_TRANS } from "./attributes/as-path.ts";
import { EXTENDED_LENGTH, OPTIONAL, PARTIAL, TRANSITIVE } from "./attributes/attribute.ts";
import { attributeTable } from "./attributes/table.ts";
import { DEFAULT_LOCAL_PREF, type ExportContext } from "./export-context.ts";
import { MAX_EXTENDED_OCTETS } from "./message-type.ts";

/*
 * Hot: once per attribute set and update group. Reads a stored set, writes what the group is told; no objects.
 */

const {
  origin,
  asPath,
  nextHop,
  med,
  localPref,
  atomicAggregate,
  aggregator,
  communities,
  originatorId,
  clusterList,
  mpReach,
  extendedCommunities,
  as4Path,
  as4Aggregator,
  largeCommunities,
} = attributeTable;

/** Types below 64 are found by their place in an array; all known ones are. */
const PLACES = 64;
const KNOWN = new Uint8Array(256);
for (const { code } of Object.values(attributeTable)) KNOWN[code] = code < PLACES ? 1 : bug(`attribute ${code}`);

const AS_SEQUENCE = 2;
const LONGEST_SEGMENT = 255;
const NON_TRANSITIVE_COMMUNITY = 0x40;

/** Who gave us the route; the RIB's `PathSource`. */
export interface RewriteSource {
  readonly kind: "local" | "external" | "internal" | "client";
  readonly routerId: number;
}

const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** Rewrites stored sets for one update group. */
export class AttributeRewriter {
  readonly #context: ExportContext;
  readonly #external: boolean;
  /** Next hop fields of ourselves, by family; undefined where we have no address for it. */
  readonly #own: Readonly<Record<Family, Uint8Array | undefined>>;
  /** Where each known attribute of the set begins; -1: absent. */
  readonly #places = new Int32Array(PLACES);
  /** Where the unknown ones begin, in ascending type order. */
  readonly #unknown = new Int32Array(256);
  #unknownCount = 0;
  /** AS_PATH in 4-octet numbers, for neighbours that know 2 octets only. */
  readonly #path = new Uint8Array(2 * MAX_EXTENDED_OCTETS);
  #set: Uint8Array = new Uint8Array();
  #out: Uint8Array = new Uint8Array();
  #at = 0;
  /** The next hop to be told: `hop[hopAt, hopAt + hopOctets)`. */
  #hop: Uint8Array = new Uint8Array();
  #hopAt = 0;
  #hopOctets = 0;

  constructor(context: ExportContext) {
    this.#context = context;
    this.#external = context.kind === "external";
    this.#own = { ipv4: ownField(context, "ipv4"), ipv6: ownField(context, "ipv6") };
  }

  /** Octets that the attributes of a stored set of `octets` octets need at most. */
  static bound(octets: number): number {
    // AS4_PATH may repeat the path; the rest is what may be added: next hop, a segment, four attributes of a word.
    return 2 * octets + 128;
  }

  /**
   * Takes in a stored set, `octets[start, end)`, borrowed until `write`.
   * @returns octets of the next hop to be told, 0 where there is none: then the set cannot be told
   */
  load(family: Family, octets: Uint8Array, start: number, end: number, source: RewriteSource): number {
    this.#set = octets;
    const places = this.#places;
    places.fill(-1);
    this.#unknownCount = 0;
    for (let at = start; at < end; ) {
      const code = octets[at + 1]!;
      if (KNOWN[code] === 1) places[code] = at;
      else this.#noteUnknown(at, code);
      at = valueAt(octets, at) + lengthOf(octets, at);
    }
    this.#chooseNextHop(family, source);
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
    const places = this.#places;
    const external = this.#external;
    const reflected = !external && (source.kind === "internal" || source.kind === "client");
    this.#out = out;
    this.#at = at;
    this.#copyIf(origin.code);
    const as4PathNeeded = this.#writePath();
    if (!this.multiprotocol) {
      this.#head(nextHop.flags, nextHop.code, 4);
      for (let i = 0; i < 4; i++) out[this.#at++] = this.#hop[this.#hopAt + i]!;
    }
    // RFC 4271 §5.1.4: the MED of one neighbouring AS is not for the next one.
    if (!external || source.kind === "local") this.#copyIf(med.code);
    if (!external) {
      if (places[localPref.code]! >= 0) this.#copyIf(localPref.code);
      else this.#wordAttribute(localPref.flags, localPref.code, DEFAULT_LOCAL_PREF);
    }
    this.#copyIf(atomicAggregate.code);
    const as4AggregatorNeeded = this.#writeAggregator();
    this.#copyIf(communities.code);
    if (reflected) this.#writeReflection(source.routerId);
    let unknown = this.#writeUnknown(0, extendedCommunities.code);
    this.#writeExtendedCommunities();
    if (as4PathNeeded) this.#writeAs4Path();
    if (as4AggregatorNeeded) this.#writeAs4Aggregator();
    unknown = this.#writeUnknown(unknown, largeCommunities.code);
    this.#copyIf(largeCommunities.code);
    this.#writeUnknown(unknown, 256);
    return this.#at;
  }

  /** RFC 4271 §5: unknown non-transitive attributes are not passed on. */
  #noteUnknown(at: number, code: number): void {
    const set = this.#set;
    if ((set[at]! & TRANSITIVE) === 0) return;
    const unknown = this.#unknown;
    let place = this.#unknownCount++;
    for (; place > 0 && set[unknown[place - 1]! + 1]! > code; place--) unknown[place] = unknown[place - 1]!;
    unknown[place] = at;
  }

  /** RFC 4271 §5.1.3, RFC 2545 §2, RFC 8950 §4. */
  #chooseNextHop(family: Family, source: RewriteSource): void {
    const { nextHop: mode, extendedNextHop } = this.#context;
    this.#hopOctets = 0;
    const unchanged = mode === "unchanged" || (mode === "auto" && !this.#external && source.kind !== "local");
    if (unchanged) this.#keepNextHop();
    const fits = this.#hopOctets === 4 ? family === "ipv4" : family === "ipv6" || extendedNextHop;
    if (this.#hopOctets !== 0 && fits) return;
    const own = this.#own[family];
    this.#hopOctets = own?.length ?? 0;
    if (own === undefined) return;
    this.#hop = own;
    this.#hopAt = 0;
  }

  /** The set's own next hop; not a link-local one, which means nothing to others (RFC 2545 §3). */
  #keepNextHop(): void {
    const set = this.#set;
    const classic = this.#places[nextHop.code]!;
    const multi = this.#places[mpReach.code]!;
    if (classic < 0 && multi < 0) return;
    const at = classic >= 0 ? valueAt(set, classic) : valueAt(set, multi) + 4;
    const octets = classic >= 0 ? 4 : set[at - 1]!;
    const linkLocal = octets > 4 && set[at] === 0xfe && (set[at + 1]! & 0xc0) === 0x80;
    if (linkLocal || word(set, at) === 0) return;
    this.#hop = set;
    this.#hopAt = at;
    this.#hopOctets = Math.min(octets, 16);
  }

  /**
   * AS_PATH, with our AS in front for external neighbours (RFC 4271 §5.1.2) and 2-octet numbers for old ones (RFC 6793 §4.2.2).
   * @returns whether an AS4_PATH has to go with it
   */
  #writePath(): boolean {
    const octets = this.#pathOctets();
    if (this.#context.fourOctetAs) {
      this.#head(asPath.flags, asPath.code, octets);
      this.#at = this.#pathValue(this.#out, this.#at);
      return false;
    }
    const path = this.#path;
    this.#pathValue(path, 0);
    let short = 0;
    for (let at = 0; at < octets; at += 2 + 4 * path[at + 1]!) short += 2 + 2 * path[at + 1]!;
    this.#head(asPath.flags, asPath.code, short);
    const out = this.#out;
    let needed = false;
    for (let at = 0; at < octets; ) {
      const end = at + 2 + 4 * path[at + 1]!;
      out[this.#at++] = path[at]!;
      out[this.#at++] = path[at + 1]!;
      for (at += 2; at < end; at += 4) {
        const as = word(path, at);
        if (as > 0xffff) needed = true;
        this.#u16(as > 0xffff ? AS_TRANS : as);
      }
    }
    return needed;
  }

  /** Is there a first segment that has room for one more AS number? */
  #joinsFirstSegment(value: number, octets: number): boolean {
    const set = this.#set;
    return octets > 0 && set[value] === AS_SEQUENCE && set[value + 1]! < LONGEST_SEGMENT;
  }

  /** Octets of the value of AS_PATH, in 4-octet numbers, as it is told. */
  #pathOctets(): number {
    const place = this.#places[asPath.code]!;
    const octets = place < 0 ? 0 : lengthOf(this.#set, place);
    if (!this.#external) return octets;
    return octets + (place >= 0 && this.#joinsFirstSegment(valueAt(this.#set, place), octets) ? 4 : 6);
  }

  /** Writes the value of AS_PATH, in 4-octet numbers. @returns where it ends */
  #pathValue(out: Uint8Array, start: number): number {
    const set = this.#set;
    const place = this.#places[asPath.code]!;
    let from = place < 0 ? 0 : valueAt(set, place);
    const octets = place < 0 ? 0 : lengthOf(set, place);
    const end = from + octets;
    let at = start;
    if (this.#external) {
      const join = this.#joinsFirstSegment(from, octets);
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
    return at;
  }

  /** Follows `#writePath`, which left the path in 4-octet numbers. */
  #writeAs4Path(): void {
    const octets = this.#pathOctets();
    this.#head(as4Path.flags, as4Path.code, octets);
    for (let i = 0; i < octets; i++) this.#out[this.#at++] = this.#path[i]!;
  }

  /** @returns whether an AS4_AGGREGATOR has to go with it */
  #writeAggregator(): boolean {
    const place = this.#places[aggregator.code]!;
    if (place < 0 || this.#context.fourOctetAs) {
      this.#copyIf(aggregator.code);
      return false;
    }
    const value = valueAt(this.#set, place);
    const as = word(this.#set, value);
    this.#head(this.#set[place]! & (OPTIONAL | TRANSITIVE | PARTIAL), aggregator.code, 6);
    this.#u16(as > 0xffff ? AS_TRANS : as);
    for (let i = 4; i < 8; i++) this.#out[this.#at++] = this.#set[value + i]!;
    return as > 0xffff;
  }

  #writeAs4Aggregator(): void {
    const value = valueAt(this.#set, this.#places[aggregator.code]!);
    this.#head(as4Aggregator.flags, as4Aggregator.code, 8);
    for (let i = 0; i < 8; i++) this.#out[this.#at++] = this.#set[value + i]!;
  }

  /** ORIGINATOR_ID stays as the first reflector wrote it, CLUSTER_LIST grows in front (RFC 4456 §8). */
  #writeReflection(routerId: number): void {
    if (this.#places[originatorId.code]! >= 0) this.#copyIf(originatorId.code);
    else this.#wordAttribute(originatorId.flags, originatorId.code, routerId);
    const place = this.#places[clusterList.code]!;
    const octets = place < 0 ? 0 : lengthOf(this.#set, place);
    this.#head(clusterList.flags, clusterList.code, octets + 4);
    this.#u32(this.#context.clusterId);
    const value = place < 0 ? 0 : valueAt(this.#set, place);
    for (let i = 0; i < octets; i++) this.#out[this.#at++] = this.#set[value + i]!;
  }

  /** Non-transitive ones do not leave the AS (RFC 4360 §6). */
  #writeExtendedCommunities(): void {
    const set = this.#set;
    const place = this.#places[extendedCommunities.code]!;
    if (place < 0 || !this.#external) {
      this.#copyIf(extendedCommunities.code);
      return;
    }
    const value = valueAt(set, place);
    const end = value + lengthOf(set, place);
    let kept = 0;
    for (let at = value; at < end; at += 8) if ((set[at]! & NON_TRANSITIVE_COMMUNITY) === 0) kept += 8;
    if (kept === 0) return;
    this.#head(set[place]! & (OPTIONAL | TRANSITIVE | PARTIAL), extendedCommunities.code, kept);
    for (let at = value; at < end; at += 8) {
      if ((set[at]! & NON_TRANSITIVE_COMMUNITY) !== 0) continue;
      for (let i = 0; i < 8; i++) this.#out[this.#at++] = set[at + i]!;
    }
  }

  /** Unknown attributes from number `from` on whose type is below `limit`; Partial says that somebody did not understand them. */
  #writeUnknown(from: number, limit: number): number {
    const set = this.#set;
    let index = from;
    for (; index < this.#unknownCount; index++) {
      const at = this.#unknown[index]!;
      if (set[at + 1]! >= limit) break;
      this.#copy(at, (set[at]! & (OPTIONAL | TRANSITIVE | EXTENDED_LENGTH)) | PARTIAL);
    }
    return index;
  }

  /** Partial stays on optional transitive attributes; well-known and non-transitive ones never have it (RFC 4271 §4.3). */
  #copyIf(code: number): void {
    const at = this.#places[code]!;
    if (at < 0) return;
    const flags = this.#set[at]!;
    const partial = (flags & OPTIONAL) !== 0 && (flags & TRANSITIVE) !== 0 ? PARTIAL : 0;
    this.#copy(at, flags & (OPTIONAL | TRANSITIVE | EXTENDED_LENGTH | partial));
  }

  #copy(at: number, flags: number): void {
    const set = this.#set;
    const out = this.#out;
    const end = valueAt(set, at) + lengthOf(set, at);
    let to = this.#at;
    out[to++] = flags;
    for (let i = at + 1; i < end; i++) out[to++] = set[i]!;
    this.#at = to;
  }

  #head(flags: number, code: number, octets: number): void {
    const long = octets > 255;
    this.#out[this.#at++] = long ? flags | EXTENDED_LENGTH : flags;
    this.#out[this.#at++] = code;
    if (long) this.#out[this.#at++] = octets >>> 8;
    this.#out[this.#at++] = octets;
  }

  #wordAttribute(flags: number, code: number, value: number): void {
    this.#head(flags, code, 4);
    this.#u32(value);
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

const valueAt = (set: Uint8Array, at: number): number => ((set[at]! & EXTENDED_LENGTH) === 0 ? at + 3 : at + 4);

const lengthOf = (set: Uint8Array, at: number): number =>
  (set[at]! & EXTENDED_LENGTH) === 0 ? set[at + 2]! : (set[at + 2]! << 8) | set[at + 3]!;

function ownField(context: ExportContext, family: Family): Uint8Array | undefined {
  const own = context.ownNextHops[family];
  if (own === undefined) return undefined;
  const { address, linkLocal } = own;
  if (address.family === "ipv4") return family === "ipv4" ? toOctets(address) : undefined;
  if (family === "ipv4" && !context.extendedNextHop) return undefined;
  return Uint8Array.from([...toOctets(address), ...(linkLocal === undefined ? [] : toOctets(linkLocal))]);
}
