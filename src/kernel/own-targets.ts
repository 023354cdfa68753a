import type { Family } from "#route/family.ts";
import type { HopSetTable } from "#route/hop-set.ts";
import type { InstallerConfig } from "./surroundings.ts";
import { UNKNOWN } from "./target.ts";
import * as c from "./wire/constants.ts";
import type { Received } from "./wire/message.ts";
import { hopSetOf, type RouteFacts, sourceOf } from "./wire/route.ts";

/** Answers that are remembered; more begin anew. */
const MAX_KNOWN = 4096;
/** Words of a route that say where it goes; longer ones are not remembered. */
const MAX_WORDS = 128;

interface Known {
  readonly words: Uint32Array;
  readonly hopSet: number;
}

/**
 * What routes of ours amount to by their own attributes. A dump of a million routes has few answers: they are known by
 * the words of the message that say where the route goes.
 */
export class OwnTargets {
  readonly #hopSets: HopSetTable;
  #config: InstallerConfig;
  readonly #known = new Map<number, Known>();
  readonly #words = new Uint32Array(MAX_WORDS);
  #length = 0;

  constructor(config: InstallerConfig, hopSets: HopSetTable) {
    this.#config = config;
    this.#hopSets = hopSets;
  }

  reconfigure(config: InstallerConfig): void {
    this.#config = config;
    this.#known.clear();
  }

  /**
   * @param facts its `object` becomes 0 where the route is to be replaced, whatever it goes by
   * @returns a hop set, or UNKNOWN
   */
  of(data: Received, facts: RouteFacts): number {
    if (facts.type === c.RTN_UNICAST && !this.#hasSource(data, facts)) {
      facts.object = 0;
      return UNKNOWN;
    }
    if (facts.object !== 0) return UNKNOWN;
    const hash = this.#gather(data, facts);
    if (hash === undefined) return this.#read(data, facts);
    const known = this.#known.get(hash);
    if (known !== undefined && this.#isGathered(known.words)) return known.hopSet;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    const hopSet = this.#read(data, facts);
    this.#known.set(hash, { words: this.#words.slice(0, this.#length), hopSet });
    return hopSet;
  }

  #read(data: Received, facts: RouteFacts): number {
    const set = hopSetOf(data, facts);
    return set === undefined ? UNKNOWN : this.#hopSets.intern(set);
  }

  /** Is its preferred source the one that is wanted? */
  #hasSource(data: Received, facts: RouteFacts): boolean {
    const { metric, preferredSource } = this.#config;
    const wanted = facts.metric === metric ? preferredSource[facts.family as Family] : undefined;
    if (facts.sourceAt === 0) return wanted === undefined;
    return wanted !== undefined && `${sourceOf(data, facts)?.words}` === `${wanted.words}`;
  }

  /** Puts what says where the route goes side by side. @returns its hash; undefined where it is too long */
  #gather(data: Received, facts: RouteFacts): number | undefined {
    const { gatewayAt, gatewayEnd, viaAt, viaEnd, multipathAt, multipathEnd } = facts;
    const octets = gatewayEnd - gatewayAt + viaEnd - viaAt + multipathEnd - multipathAt;
    if (octets > (MAX_WORDS - 8) * 4) return undefined;
    const words = this.#words;
    words[0] = facts.family === "ipv4" ? 4 : 6;
    words[1] = facts.type;
    words[2] = facts.flags & c.RTNH_F_ONLINK;
    words[3] = facts.link;
    this.#length = 4;
    this.#copy(data, gatewayAt, gatewayEnd);
    this.#copy(data, viaAt, viaEnd);
    this.#copy(data, multipathAt, multipathEnd);
    let hash = this.#length;
    for (let at = 0; at < this.#length; at++) hash = Math.imul(hash ^ words[at]!, 0x9e3779b1) ^ (hash >>> 15);
    return hash;
  }

  /** A value's words, after how many there are. Values begin at whole words and are padded to them. */
  #copy({ words }: Received, start: number, end: number): void {
    const from = start >>> 2;
    const count = (end - start + 3) >>> 2;
    this.#words[this.#length++] = count;
    for (let index = 0; index < count; index++) this.#words[this.#length++] = words[from + index]!;
  }

  #isGathered(words: Uint32Array): boolean {
    if (words.length !== this.#length) return false;
    for (let at = 0; at < words.length; at++) if (words[at] !== this.#words[at]) return false;
    return true;
  }
}
