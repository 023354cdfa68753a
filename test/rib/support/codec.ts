import { bug } from "#lib/bug.ts";
import type { AttributeCodec, MessageSpace, PathSource, UpdateEncoder } from "#rib/ports.ts";
import { pathLength } from "#route/as-path.ts";
import {
  type AttributeFacts,
  emptyFacts,
  GRACEFUL_SHUTDOWN,
  HAS_LINK_BANDWIDTH,
  HAS_LOCAL_PREF,
  HAS_MED,
  NO_ADVERTISE,
  NO_EXPORT,
} from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";

/** Attribute sets as JSON: nothing to get wrong. */
export const jsonCodec: AttributeCodec = {
  decode: (octets, start, end) => JSON.parse(new TextDecoder().decode(octets.subarray(start, end))) as Attributes,
  lastAs: (octets, start, end) => {
    const last = jsonCodec.decode(octets, start, end).asPath.at(-1);
    return last?.kind === "sequence" ? last.members.at(-1)! : 0;
  },
  encode: (attributes, facts) => {
    Object.assign(facts, factsOf(attributes));
    return octetsOf(attributes);
  },
};

/** Equal for equal attributes. */
export const textOfSet = (attributes: Attributes): string =>
  JSON.stringify(Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))));

export const octetsOf = (attributes: Attributes): Uint8Array => new TextEncoder().encode(JSON.stringify(attributes));

const wellKnown: readonly (readonly [number, number])[] = [
  [0xffffff01, NO_EXPORT],
  [0xffffff02, NO_ADVERTISE],
  [0xffff0000, GRACEFUL_SHUTDOWN],
];

/** Link bandwidth (draft-ietf-idr-link-bandwidth): type 0x4004, then the AS, then a float of octets a second. */
function linkBandwidthOf(attributes: Attributes): number | undefined {
  const found = attributes.extendedCommunities.find(([high]) => high >>> 16 === 0x4004);
  if (found === undefined) return undefined;
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, found[1]);
  return view.getFloat32(0);
}

export function factsOf(attributes: Attributes): AttributeFacts {
  const facts = emptyFacts();
  facts.localPref = attributes.localPref ?? 100;
  facts.med = attributes.med ?? 0;
  facts.origin = attributes.origin;
  facts.pathLength = pathLength(attributes.asPath);
  const [first] = attributes.asPath;
  facts.neighbourAs = first?.kind === "sequence" ? first.members[0]! : 0;
  facts.originatorId = attributes.originatorId ?? 0;
  facts.clusterLength = attributes.clusterList.length;
  facts.linkBandwidth = linkBandwidthOf(attributes) ?? 0;
  if (attributes.localPref !== undefined) facts.flags |= HAS_LOCAL_PREF;
  if (attributes.med !== undefined) facts.flags |= HAS_MED;
  if (facts.linkBandwidth > 0) facts.flags |= HAS_LINK_BANDWIDTH;
  for (const [community, flag] of wellKnown) if (attributes.communities.includes(community)) facts.flags |= flag;
  facts.nextHopFamily = attributes.nextHop?.family;
  [facts.nextHop0 = 0, facts.nextHop1 = 0, facts.nextHop2 = 0, facts.nextHop3 = 0] = attributes.nextHop?.words ?? [];
  const linkLocal = attributes.linkLocalNextHop?.words ?? [];
  [facts.linkLocal0 = 0, facts.linkLocal1 = 0, facts.linkLocal2 = 0, facts.linkLocal3 = 0] = linkLocal;
  return facts;
}

/** What one message says; prefixes are their words and the length last. */
export interface Message {
  readonly family: Family;
  readonly kind: "reach" | "unreach" | "endOfRib" | "beginRefresh" | "endRefresh";
  readonly attributes?: Attributes;
  readonly source?: PathSource;
  readonly prefixes: number[][];
}

/** Messages as JSON behind their length. At most `perMessage` prefixes in one. */
export class JsonEncoder implements UpdateEncoder {
  /** Sets with this MED cannot be told. */
  static readonly TOO_LONG = 666;
  readonly #perMessage: number;
  #space: MessageSpace | undefined;
  #open: Message | undefined;

  constructor(perMessage = 3) {
    this.#perMessage = perMessage;
  }

  beginReach(
    space: MessageSpace,
    family: Family,
    octets: Uint8Array,
    start: number,
    end: number,
    source: PathSource,
  ): boolean {
    const attributes = jsonCodec.decode(octets, start, end);
    if (attributes.med === JsonEncoder.TOO_LONG) return false;
    this.#begin(space, { family, kind: "reach", attributes, source, prefixes: [] });
    return true;
  }

  beginUnreach(space: MessageSpace, family: Family): void {
    this.#begin(space, { family, kind: "unreach", prefixes: [] });
  }

  add4(address: number, length: number): void {
    this.#add([address, length]);
  }

  add6(w0: number, w1: number, w2: number, w3: number, length: number): void {
    this.#add([w0, w1, w2, w3, length]);
  }

  end(): void {
    if (this.#open === undefined) bug("end without begin");
    if (this.#open.prefixes.length > 0) write(this.#space!, this.#open);
    this.#open = undefined;
  }

  endOfRib(space: MessageSpace, family: Family): void {
    write(space, { family, kind: "endOfRib", prefixes: [] });
  }

  beginRefresh(space: MessageSpace, family: Family): void {
    write(space, { family, kind: "beginRefresh", prefixes: [] });
  }

  endRefresh(space: MessageSpace, family: Family): void {
    write(space, { family, kind: "endRefresh", prefixes: [] });
  }

  #begin(space: MessageSpace, message: Message): void {
    if (this.#open !== undefined) bug("begin before end");
    this.#space = space;
    this.#open = message;
  }

  #add(prefix: number[]): void {
    const open = this.#open ?? bug("a prefix outside of a message");
    if (open.prefixes.length === this.#perMessage) {
      write(this.#space!, open);
      this.#open = { ...open, prefixes: [] };
    }
    this.#open!.prefixes.push(prefix);
  }
}

function write(space: MessageSpace, message: Message): void {
  const octets = new TextEncoder().encode(JSON.stringify(message));
  space.reserve(octets.length + 4);
  new DataView(space.bytes.buffer).setUint32(space.at, octets.length);
  space.bytes.set(octets, space.at + 4);
  space.at += octets.length + 4;
}

export function readMessages(octets: Uint8Array): Message[] {
  const messages: Message[] = [];
  const view = new DataView(octets.buffer, octets.byteOffset);
  for (let at = 0; at < octets.length; ) {
    const end = at + 4 + view.getUint32(at);
    messages.push(JSON.parse(new TextDecoder().decode(octets.subarray(at + 4, end))) as Message);
    at = end;
  }
  return messages;
}
