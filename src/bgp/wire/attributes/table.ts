import { aggregator } from "./aggregator.ts";
import { asPath } from "./as-path.ts";
import { as4Aggregator } from "./as4-aggregator.ts";
import { as4Path } from "./as4-path.ts";
import { atomicAggregate } from "./atomic-aggregate.ts";
import type { AttributeCodec } from "./attribute.ts";
import { clusterList } from "./cluster-list.ts";
import { communities } from "./communities.ts";
import { extendedCommunities } from "./extended-communities.ts";
import { largeCommunities } from "./large-communities.ts";
import { localPref } from "./local-pref.ts";
import { mpReach } from "./mp-reach.ts";
import { mpUnreach } from "./mp-unreach.ts";
import { multiExitDisc } from "./multi-exit-disc.ts";
import { nextHop } from "./next-hop.ts";
import { origin } from "./origin.ts";
import { originatorId } from "./originator-id.ts";

/** Every attribute that Linnet understands, in ascending type order: the order in which they are sent. */
export const attributeTable = {
  origin,
  asPath,
  nextHop,
  med: multiExitDisc,
  localPref,
  atomicAggregate,
  aggregator,
  communities,
  originatorId,
  clusterList,
  mpReach,
  mpUnreach,
  extendedCommunities,
  as4Path,
  as4Aggregator,
  largeCommunities,
} as const;

/** What the rows have in common, by type code. */
export const attributeByCode: ReadonlyMap<
  number,
  Pick<AttributeCodec<unknown>, "code" | "name" | "flags" | "whenMalformed" | "internalOnly" | "decode">
> = new Map(Object.values(attributeTable).map((row) => [row.code, row]));

/** `AS_PATH`; `attribute 99` for what is not in the table. */
export const attributeName = (code: number): string => attributeByCode.get(code)?.name ?? `attribute ${code}`;
