import type { Target } from "./status.ts";

/** A resource that the server knows. */
export interface Served {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Defined by a CustomResourceDefinition: no strategic merge; status is dropped at creation; generations are counted. */
  readonly custom: boolean;
  /** DELETE answers with the object instead of a Status. */
  readonly deletedShown?: boolean;
}

const core = (plural: string, kind: string, namespaced: boolean): Served => {
  return { group: "", version: "v1", plural, kind, namespaced, custom: false };
};

export const custom = (group: string, version: string, plural: string, kind: string): Served => {
  return { group, version, plural, kind, namespaced: false, custom: true };
};

export const builtIn: readonly Served[] = [
  core("nodes", "Node", false),
  core("secrets", "Secret", true),
  { ...core("services", "Service", true), deletedShown: true },
  { ...core("endpointslices", "EndpointSlice", true), group: "discovery.k8s.io" },
  { ...core("events", "Event", true), group: "events.k8s.io" },
];

/** Those of `deploy/crds`. */
export const ours: readonly Served[] = [
  custom("linnet.dev", "v1alpha1", "bgpconfigurations", "BGPConfiguration"),
  custom("linnet.dev", "v1alpha1", "bgppeers", "BGPPeer"),
  custom("linnet.dev", "v1alpha1", "bgppolicies", "BGPPolicy"),
  custom("linnet.dev", "v1alpha1", "bgpnodestatuses", "BGPNodeStatus"),
];

export const apiVersionOf = ({ group, version }: Served): string => (group === "" ? version : `${group}/${version}`);

/** `/apis/GROUP/VERSION[/namespaces/NS]/PLURAL[/NAME[/SUBRESOURCE]]`, or `/api/v1/…` for the core group. */
export function locate(path: string, served: readonly Served[]): { resource: Served; target: Target } | undefined {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const [group = "", version, ...rest] = parts[0] === "api" ? ["", ...parts.slice(1)] : parts.slice(1);
  const namespace = rest[0] === "namespaces" && rest.length > 2 ? rest[1] : undefined;
  const [plural, name, subresource] = namespace === undefined ? rest : rest.slice(2);
  const resource = served.find((each) => each.group === group && each.version === version && each.plural === plural);
  if (resource === undefined) return undefined;
  return { resource, target: { group, plural: resource.plural, namespace, name, subresource } };
}
