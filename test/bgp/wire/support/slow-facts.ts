import { decodeAttributes } from "#bgp/wire/attribute-codec.ts";
import type { ReadContext } from "#bgp/wire/read-context.ts";
import { pathLength } from "#route/as-path.ts";
import {
  type AttributeFacts,
  GRACEFUL_SHUTDOWN,
  HAS_LINK_BANDWIDTH,
  HAS_LOCAL_PREF,
  HAS_MED,
  LOOPED,
  NO_ADVERTISE,
  NO_EXPORT,
} from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";

type LoopContext = Pick<ReadContext, "localAs" | "allowOwnAs" | "routerId" | "clusterId">;

/** Facts of a canonical set, from its attributes decoded in full: the twin of the scanner's. */
export function slowFacts(octets: Uint8Array, context: LoopContext): AttributeFacts {
  const attributes = decodeAttributes(octets, 0, octets.length);
  const { nextHop, linkLocalNextHop, asPath } = attributes;
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = nextHop?.words ?? [];
  const [l0 = 0, l1 = 0, l2 = 0, l3 = 0] = linkLocalNextHop?.words ?? [];
  const [first] = asPath;
  const bandwidth = linkBandwidth(attributes);
  return {
    flags: flagsOf(attributes, context),
    localPref: attributes.localPref ?? 100,
    pathLength: pathLength(asPath),
    origin: attributes.origin,
    med: attributes.med ?? 0,
    neighbourAs: first?.kind === "sequence" ? first.members[0]! : 0,
    originatorId: attributes.originatorId ?? 0,
    clusterLength: attributes.clusterList.length,
    linkBandwidth: bandwidth ?? 0,
    nextHopFamily: nextHop?.family,
    nextHop0: w0,
    nextHop1: w1,
    nextHop2: w2,
    nextHop3: w3,
    linkLocal0: l0,
    linkLocal1: l1,
    linkLocal2: l2,
    linkLocal3: l3,
  };
}

function flagsOf(attributes: Attributes, context: LoopContext): number {
  const { communities, asPath, originatorId, clusterList } = attributes;
  const own = asPath.flatMap(({ members }) => members).filter((as) => as === context.localAs).length;
  const reflected = originatorId === context.routerId || clusterList.includes(context.clusterId);
  const rows: [boolean, number][] = [
    [attributes.localPref !== undefined, HAS_LOCAL_PREF],
    [attributes.med !== undefined, HAS_MED],
    [communities.includes(0xffffff01) || communities.includes(0xffffff03), NO_EXPORT],
    [communities.includes(0xffffff02), NO_ADVERTISE],
    [communities.includes(0xffff0000), GRACEFUL_SHUTDOWN],
    [own > context.allowOwnAs || reflected, LOOPED],
    [linkBandwidth(attributes) !== undefined, HAS_LINK_BANDWIDTH],
  ];
  return rows.reduce((flags, [set, flag]) => (set ? flags | flag : flags), 0);
}

function linkBandwidth({ extendedCommunities }: Attributes): number | undefined {
  const all = extendedCommunities
    .filter(([high]) => high >>> 16 === 0x4004 || high >>> 16 === 0x0004)
    .map(([, low]) => {
      const view = new DataView(new ArrayBuffer(4));
      view.setUint32(0, low);
      return view.getFloat32(0);
    });
  return all.filter((octetsPerSecond) => Number.isFinite(octetsPerSecond) && octetsPerSecond >= 0).at(-1);
}
