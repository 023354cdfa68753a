import type { RewriteSource } from "#bgp/wire/attribute-rewrite.ts";
import type { ExportContext } from "#bgp/wire/export-context.ts";
import { type Address, isLinkLocal } from "#route/address.ts";
import type { AsPath } from "#route/as-path.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";

/** What a group is told of a set: the slow, obvious twin of the writer, rule by rule. undefined: it cannot be told. */
export function slowExport(
  set: Attributes,
  family: Family,
  context: ExportContext,
  source: RewriteSource,
): Attributes | undefined {
  const hops = nextHops(set, family, context, source);
  if (hops === undefined) return undefined;
  const external = context.kind === "external";
  const reflected = !external && (source.kind === "internal" || source.kind === "client");
  const asPath = external ? prepend(set.asPath, context.localAs) : set.asPath;
  return {
    ...set,
    ...hops,
    asPath: context.fourOctetAs ? asPath : asOldSpeakersGetIt(asPath, set.aggregator?.as),
    med: external && source.kind !== "local" && !source.ownMed ? undefined : set.med,
    localPref: external ? undefined : (set.localPref ?? 100),
    originatorId: reflected ? (set.originatorId ?? source.routerId) : undefined,
    clusterList: reflected ? [context.clusterId, ...set.clusterList] : [],
    extendedCommunities: set.extendedCommunities.filter(([high]) => !external || (high & 0x40000000) === 0),
    unknown: set.unknown
      .filter(({ flags }) => (flags & 0x40) !== 0)
      .map((one) => ({ ...one, flags: one.flags | 0x20 })),
  };
}

function nextHops(
  set: Attributes,
  family: Family,
  context: ExportContext,
  source: RewriteSource,
): Pick<Attributes, "nextHop" | "linkLocalNextHop"> | undefined {
  const takes = (address: Address): boolean =>
    address.family === family || (family === "ipv4" && context.extendedNextHop);
  const kept =
    context.nextHop === "unchanged" ||
    (context.nextHop === "auto" && context.kind !== "external" && source.kind !== "local");
  const { nextHop } = set;
  if (kept && nextHop !== undefined && !isLinkLocal(nextHop) && takes(nextHop)) {
    return { nextHop, linkLocalNextHop: undefined };
  }
  const own = context.ownNextHops[family];
  if (own === undefined || !takes(own.address)) return undefined;
  return { nextHop: own.address, linkLocalNextHop: own.address.family === "ipv6" ? own.linkLocal : undefined };
}

function prepend(path: AsPath, as: number): AsPath {
  const [first, ...rest] = path;
  if (first?.kind !== "sequence" || first.members.length === 255) return [{ kind: "sequence", members: [as] }, ...path];
  return [{ kind: "sequence", members: [as, ...first.members] }, ...rest];
}

/** They read an AGGREGATOR other than AS_TRANS as a sign that AS4_PATH is stale (RFC 6793 §4.2.3). */
function asOldSpeakersGetIt(path: AsPath, aggregator: number | undefined): AsPath {
  const trusted = aggregator === undefined || aggregator > 0xffff || aggregator === 23456;
  if (trusted) return path;
  return path.map(({ kind, members }) => ({ kind, members: members.map((as) => (as > 0xffff ? 23456 : as)) }));
}
