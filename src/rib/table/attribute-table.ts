import { reserve } from "#lib/reserve.ts";
import { type AttributeFacts, GRACEFUL_SHUTDOWN } from "#route/attribute-facts.ts";
import { Arena } from "./arena.ts";
import { type HashKeys, hashKeys } from "./hash.ts";
import { doubled, takeOut } from "./hashed-slots.ts";
import { TableFull } from "./limits.ts";
import type { NextHopTable } from "./next-hop-table.ts";

const SHARDS = 64;
const FIRST_SLOTS = 16;

/** Words of the hot record, which selection reads; words 0 and 1 are the rank as a double. */
const MED = 2;
const NEIGHBOUR_AS = 3;
const NEXT_HOP = 4;
const FLAGS = 5;
const ORIGINATOR = 6;
const BANDWIDTH = 7;
/** Words of the cold record. A free id keeps the next free one in `OFFSET`. */
const OFFSET = 0;
const LENGTH = 1;
const HASH = 2;
const REFS = 3;
const CONTEXT = 4;
/** Somebody remembers results by this id: see `onFree`. */
const CACHED = 5;
const COLD_WORDS = 6;

/** Above the facts' flags in `FLAGS`: length of CLUSTER_LIST. */
const CLUSTER_SHIFT = 16;
const MAX_CLUSTERS = 0xffff;
const MAX_PATH_LENGTH = 4095;

/**
 * Where a set came from and what was done to it; part of its key, so that equal octets of different origin are different
 * sets, and that what a policy makes of a set is never that set itself.
 */
export const classes = ["external", "internal", "podCIDR", "service", "static"] as const;
export type SourceClass = (typeof classes)[number];
export type Stage = "received" | "imported" | "exported";

const stageBits: Readonly<Record<Stage, number>> = { received: 0, imported: 1, exported: 2 };

/** @param context of `RouteSink`, below 2^24 */
export function contextKey(context: number, from: SourceClass, stage: Stage): number {
  return ((context << 5) | (classes.indexOf(from) << 2) | stageBits[stage]) >>> 0;
}

const isOwn = (key: number): boolean => ((key >>> 2) & 7) >= 2;

/**
 * Attribute sets, each stored once: key is the context and the raw octets. The hot record (32 octets) holds what the
 * decision needs, first of all `rank`, one number that orders by local preference, path length and origin; the cold one
 * (24 octets) says where the octets lie in the arena, their hash, and how often the set is held. At 0 holds it is gone.
 * Slots of the hash table are two words, `[hash, id]`, in 64 shards that double alone.
 */
export class AttributeTable {
  readonly arena: Arena;
  /** `rank` of set `id` at index `id * 4`. Lower is better; own prefixes are below 0. */
  readonly ranks: Float64Array;
  readonly hot: Uint32Array;
  readonly bandwidths: Float32Array;
  size = 0;
  end = 1;
  /** Called before a set goes of which somebody said `remember`. */
  onFree: (id: number) => void = () => {};
  readonly #cold: Uint32Array;
  readonly #nextHops: NextHopTable;
  readonly #max: number;
  readonly #keys: HashKeys;
  readonly #shards: Uint32Array[] = [];
  readonly #used = new Uint32Array(SHARDS);
  #freeHead = 0;
  /** What `find` did not find last. */
  #missedOctets: Uint8Array | undefined;
  #missedAt = 0;
  #missedEnd = 0;
  #missedKey = 0;
  #missedHash = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(maxSets: number, maxOctets: number, seed: number, nextHops: NextHopTable) {
    this.ranks = reserve(Float64Array, (maxSets + 1) * 4);
    this.hot = new Uint32Array(this.ranks.buffer);
    this.bandwidths = new Float32Array(this.ranks.buffer);
    this.#cold = reserve(Uint32Array, (maxSets + 1) * COLD_WORDS);
    this.#max = maxSets;
    this.arena = new Arena(maxOctets);
    this.#nextHops = nextHops;
    this.#keys = hashKeys(seed);
    for (let shard = 0; shard < SHARDS; shard++) this.#shards.push(new Uint32Array(FIRST_SLOTS * 2));
  }

  get octets(): number {
    const slots = this.#shards.reduce((sum, shard) => sum + shard.byteLength, 0);
    return slots + this.end * (32 + COLD_WORDS * 4) + this.arena.octets;
  }

  #hash(key: number, octets: Uint8Array, start: number, end: number): number {
    if (this.#view.buffer !== octets.buffer) this.#view = new DataView(octets.buffer);
    const view = this.#view;
    const { salt, first, second } = this.#keys;
    let at = octets.byteOffset + start;
    const last = octets.byteOffset + end;
    let hash = Math.imul(key ^ salt, first) + (end - start);
    for (; at + 4 <= last; at += 4) {
      hash = Math.imul(hash ^ view.getUint32(at, true), first);
      hash ^= hash >>> 15;
    }
    for (; at < last; at++) hash = Math.imul(hash ^ view.getUint8(at), second);
    hash = Math.imul(hash ^ (hash >>> 16), second);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  #is(id: number, key: number, octets: Uint8Array, start: number, end: number): boolean {
    const cold = this.#cold;
    const at = id * COLD_WORDS;
    if (cold[at + CONTEXT] !== key || cold[at + LENGTH] !== end - start) return false;
    const { bytes } = this.arena;
    for (let from = start, to = cold[at + OFFSET]! * 8; from < end; from++, to++) {
      if (octets[from] !== bytes[to]) return false;
    }
    return true;
  }

  /** @returns the set with these octets, held once more; 0 where there is none */
  find(key: number, octets: Uint8Array, start: number, end: number): number {
    const hash = this.#hash(key, octets, start, end);
    const slots = this.#shards[hash >>> 26]!;
    const mask = slots.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const id = slots[at + 1]!;
      if (id === 0) break;
      if (slots[at] === hash && this.#is(id, key, octets, start, end)) {
        this.#cold[id * COLD_WORDS + REFS]!++;
        return id;
      }
    }
    // Who does not find a set adds it next: `add` need not compute the hash again.
    this.#missedOctets = octets;
    this.#missedAt = start;
    this.#missedKey = key;
    this.#missedHash = hash;
    this.#missedEnd = end;
    return 0;
  }

  #hashOnce(key: number, octets: Uint8Array, start: number, end: number): number {
    const isMissed =
      octets === this.#missedOctets && start === this.#missedAt && end === this.#missedEnd && key === this.#missedKey;
    this.#missedOctets = undefined;
    return isMissed ? this.#missedHash : this.#hash(key, octets, start, end);
  }

  /** The set with these octets, held once more; stored (octets and facts copied) where it is new. @throws TableFull */
  add(key: number, octets: Uint8Array, start: number, end: number, facts: AttributeFacts): number {
    const hash = this.#hashOnce(key, octets, start, end);
    const shard = hash >>> 26;
    const slots = this.#shards[shard]!;
    const mask = slots.length - 1;
    let at = (hash << 1) & mask;
    for (; ; at = (at + 2) & mask) {
      const id = slots[at + 1]!;
      if (id === 0) break;
      if (slots[at] === hash && this.#is(id, key, octets, start, end)) {
        this.#cold[id * COLD_WORDS + REFS]!++;
        return id;
      }
    }
    if (this.#freeHead === 0 && this.end > this.#max) throw new TableFull("attributeSets", this.#max);
    const offset = this.arena.store(octets, start, end);
    const id = this.#take();
    const cold = id * COLD_WORDS;
    this.#cold[cold + OFFSET] = offset;
    this.#cold[cold + LENGTH] = end - start;
    this.#cold[cold + HASH] = hash;
    this.#cold[cold + REFS] = 1;
    this.#cold[cold + CONTEXT] = key;
    this.#cold[cold + CACHED] = 0;
    this.#fill(id, key, facts);
    slots[at] = hash;
    slots[at + 1] = id;
    if (++this.#used[shard]! * 3 > slots.length) this.#shards[shard] = doubled(slots);
    return id;
  }

  #take(): number {
    this.size++;
    const id = this.#freeHead;
    if (id === 0) return this.end++;
    this.#freeHead = this.#cold[id * COLD_WORDS + OFFSET]!;
    return id;
  }

  #fill(id: number, key: number, facts: AttributeFacts): void {
    const { hot } = this;
    const at = id * 8;
    this.ranks[id * 4] = rankOf(facts, isOwn(key));
    hot[at + MED] = facts.med;
    hot[at + NEIGHBOUR_AS] = facts.neighbourAs;
    hot[at + NEXT_HOP] = this.#nextHops.hold(facts);
    hot[at + FLAGS] = facts.flags | (Math.min(facts.clusterLength, MAX_CLUSTERS) << CLUSTER_SHIFT);
    hot[at + ORIGINATOR] = facts.originatorId;
    this.bandwidths[at + BANDWIDTH] = facts.linkBandwidth;
  }

  /** Holds set `id` once more. */
  hold(id: number): void {
    this.#cold[id * COLD_WORDS + REFS]!++;
  }

  /** Ends one hold; with the last one the set goes and its number may be given again. */
  release(id: number): void {
    const cold = id * COLD_WORDS;
    if (--this.#cold[cold + REFS]! > 0) return;
    if (this.#cold[cold + CACHED] !== 0) this.onFree(id);
    this.#nextHops.release(this.hot[id * 8 + NEXT_HOP]!);
    this.arena.release(this.#cold[cold + OFFSET]!, this.#cold[cold + LENGTH]!);
    const hash = this.#cold[cold + HASH]!;
    takeOut(this.#shards[hash >>> 26]!, hash, id);
    this.#used[hash >>> 26]!--;
    this.#cold[cold + OFFSET] = this.#freeHead;
    this.#cold[cold + LENGTH] = 0;
    this.#freeHead = id;
    this.size--;
  }

  /** `onFree` shall be called for this set. */
  remember(id: number): void {
    this.#cold[id * COLD_WORDS + CACHED] = 1;
  }

  /** Index of the first octet in `arena.bytes`. */
  startOf(id: number): number {
    return this.#cold[id * COLD_WORDS + OFFSET]! * 8;
  }

  lengthOf(id: number): number {
    return this.#cold[id * COLD_WORDS + LENGTH]!;
  }

  holdsOf(id: number): number {
    return this.#cold[id * COLD_WORDS + REFS]!;
  }

  /** The context of `RouteSink.add`. */
  contextOf(id: number): number {
    return this.#cold[id * COLD_WORDS + CONTEXT]! >>> 5;
  }

  classOf(id: number): SourceClass {
    return classes[(this.#cold[id * COLD_WORDS + CONTEXT]! >>> 2) & 7]!;
  }

  /** Did an export policy make it? */
  isExported(id: number): boolean {
    return (this.#cold[id * COLD_WORDS + CONTEXT]! & 3) === stageBits.exported;
  }

  rankOf(id: number): number {
    return this.ranks[id * 4]!;
  }

  /** ORIGIN: 0 IGP, 1 EGP, 2 INCOMPLETE. */
  originOf(id: number): number {
    return this.ranks[id * 4]! & 3;
  }

  medOf(id: number): number {
    return this.hot[id * 8 + MED]!;
  }

  neighbourAsOf(id: number): number {
    return this.hot[id * 8 + NEIGHBOUR_AS]!;
  }

  /** Number in the next-hop table, perhaps a `SCOPED` one; 0 for own prefixes. */
  nextHopOf(id: number): number {
    return this.hot[id * 8 + NEXT_HOP]!;
  }

  /** The bits of `AttributeFacts.flags`. */
  flagsOf(id: number): number {
    return this.hot[id * 8 + FLAGS]! & 0xffff;
  }

  clusterLengthOf(id: number): number {
    return this.hot[id * 8 + FLAGS]! >>> CLUSTER_SHIFT;
  }

  originatorOf(id: number): number {
    return this.hot[id * 8 + ORIGINATOR]!;
  }

  /** Octets a second, 0 where the set does not tell. */
  bandwidthOf(id: number): number {
    return this.bandwidths[id * 8 + BANDWIDTH]!;
  }
}

/**
 * RFC 4271 §9.1.2.2 (a) and (b) behind the degree of preference, as one number of 46 bits: the lowest wins. Routes to be
 * shut down are the least preferred (RFC 8326 §4.2); own prefixes stand before all others.
 */
function rankOf(facts: AttributeFacts, own: boolean): number {
  const preference = (facts.flags & GRACEFUL_SHUTDOWN) !== 0 && !own ? 0 : facts.localPref;
  const length = Math.min(facts.pathLength, MAX_PATH_LENGTH);
  const rank = ((0xffffffff - preference) * (MAX_PATH_LENGTH + 1) + length) * 4 + facts.origin;
  return own ? rank - 2 ** 46 : rank;
}
