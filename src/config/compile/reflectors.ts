import type { BgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import { selects } from "../schema/selector.ts";
import type { NodeFacts } from "./node-facts.ts";

type Cluster = BgpConfigurationSpec["reflectors"][number];

/** The clusters in which a node reflects, and those it is a client of. */
export interface Roles {
  readonly reflector: boolean;
  readonly reflects: readonly Cluster[];
  readonly clientOf: readonly Cluster[];
}

/** A node that reflects, by selector or by annotation, is nobody's client unless a clientSelector names it. */
export function rolesOf(node: NodeFacts, clusters: readonly Cluster[]): Roles {
  const reflects = clusters.filter(({ nodeSelector }) => selects(nodeSelector, node.labels));
  const reflector = reflects.length > 0 || node.clusterId !== undefined;
  const clientOf = clusters.filter((cluster) => {
    const { clientSelector } = cluster;
    return clientSelector === undefined
      ? !reflector
      : !reflects.includes(cluster) && selects(clientSelector, node.labels);
  });
  return { reflector, reflects, clientOf };
}

/** Do two nodes of one AS peer? Reflectors of all clusters mesh; clients peer with their clusters' (RFC 4456 §7). */
export function related(own: Roles, other: Roles): boolean {
  return (own.reflector && other.reflector) || serves(own, other) || serves(other, own);
}

const serves = ({ reflects }: Roles, { clientOf }: Roles): boolean =>
  clientOf.some((cluster) => reflects.includes(cluster));

/** Is the other one a client of ours? Among nodes, a reflector's neighbours that do not reflect are its clients. */
export const isClient = (own: Roles, other: Roles): boolean =>
  serves(own, other) || (own.reflector && !other.reflector && other.clientOf.length === 0);
