import type { OriginatedPrefix } from "#config/node-config.ts";
import { type AttributeFacts, emptyFacts } from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import { formatPrefix } from "#route/prefix.ts";
import type { LocRib } from "./loc-rib.ts";
import { LOCAL } from "./neighbours.ts";
import type { AttributeCodec } from "./ports.ts";
import { type AttributeTable, contextKey } from "./table/attribute-table.ts";

/** The node's own prefixes: paths of neighbour `LOCAL`, which stand before all others. */
export class Origination {
  readonly #codec: AttributeCodec;
  readonly #attributes: AttributeTable;
  readonly #locs: Readonly<Record<Family, LocRib>>;
  readonly #facts: AttributeFacts = emptyFacts();
  #present = new Map<string, OriginatedPrefix>();

  constructor(codec: AttributeCodec, attributes: AttributeTable, locs: Readonly<Record<Family, LocRib>>) {
    this.#codec = codec;
    this.#attributes = attributes;
    this.#locs = locs;
  }

  /** What is originated under this prefix (`10.0.0.0/24`). */
  get(prefix: string): OriginatedPrefix | undefined {
    return this.#present.get(prefix);
  }

  /** @param wanted all that shall be originated from now on; of several entries for one prefix the first counts */
  set(wanted: readonly OriginatedPrefix[]): void {
    const next = new Map<string, OriginatedPrefix>();
    for (const own of wanted) {
      const key = formatPrefix(own.prefix);
      if (!next.has(key)) next.set(key, own);
    }
    for (const [key, own] of this.#present) if (!next.has(key)) this.#withdraw(own);
    for (const own of next.values()) this.#announce(own);
    this.#present = next;
  }

  #announce(own: OriginatedPrefix): void {
    const loc = this.#locs[own.prefix.family];
    const octets = this.#codec.encode(attributesOf(own), this.#facts);
    const set = this.#attributes.add(contextKey(0, own.from, "received"), octets, 0, octets.length, this.#facts);
    loc.announce(loc.prefixes.add(own.prefix), LOCAL, set, 0);
    this.#attributes.release(set);
  }

  #withdraw(own: OriginatedPrefix): void {
    const loc = this.#locs[own.prefix.family];
    loc.withdraw(loc.prefixes.find(own.prefix), LOCAL);
  }
}

/** A route that begins here: ORIGIN IGP, an empty AS_PATH, and no next hop, which each session fills in. */
function attributesOf(own: OriginatedPrefix): Attributes {
  return {
    origin: 0,
    asPath: [],
    nextHop: undefined,
    linkLocalNextHop: undefined,
    med: undefined,
    localPref: own.localPref,
    atomicAggregate: false,
    aggregator: undefined,
    communities: own.communities,
    originatorId: undefined,
    clusterList: [],
    extendedCommunities: [],
    largeCommunities: own.largeCommunities,
    unknown: [],
  };
}
