import { SHORTEST_AGGREGATE } from "#config/schema/bgp-configuration.ts";
import { formatPrefix, type Prefix, parseInterfaceAddress } from "#route/prefix.ts";
import { Fields, type ForeignObject } from "./foreign.ts";
import { type Outcome, objectName } from "./outcome.ts";
import { communitiesByForm, prefixMatch } from "./routes.ts";

/** A block of pods, as far as it is looked at. */
export interface Pool {
  readonly cidr: string;
  readonly natOutgoing: boolean;
}

/** What is found out on the way. */
export interface CalicoContext {
  readonly outcome: Outcome;
  readonly services: Set<ServiceKind>;
  /** Names of the BGPFilters that are there. */
  readonly filters: ReadonlySet<string>;
  externalPeers: boolean;
  /** Some neighbour asks policies when it is told something. */
  exports: boolean;
  /** A BGPPolicy that sets communities on own routes. */
  communities?: string;
}

export type ServiceKind = "ClusterIP" | "ExternalIP" | "LoadBalancerIP";

const SERVICE_FIELDS: Readonly<Record<string, ServiceKind>> = {
  serviceClusterIPs: "ClusterIP",
  serviceExternalIPs: "ExternalIP",
  serviceLoadBalancerIPs: "LoadBalancerIP",
};

const NO_COUNTERPART: Readonly<Record<string, string>> = {
  logSeverityScreen: "the daemon's flag --log-level",
  ignoredInterfaces: "addresses of Nodes come from the API",
  localWorkloadPeeringIPV4: "there is no peering with pods",
  localWorkloadPeeringIPV6: "there is no peering with pods",
  programClusterRoutes: "routes are always written; kernel.install turns it off",
  ipv4NormalRoutePriority: "kernel.metric is the metric of all learned routes",
  ipv6NormalRoutePriority: "kernel.metric is the metric of all learned routes",
};

export const CALICO_EXPORT = "calico-export";

/** What a node tells routers outside. */
export const ownKinds = ({ services }: CalicoContext): string[] => [
  "PodCIDR",
  ...(services.size === 0 ? [] : ["Service"]),
];

/** The object `default`; those of single nodes (`node.NAME`) are remarked upon. */
export function migrateBgpConfiguration(
  objects: readonly ForeignObject[],
  pools: readonly Pool[],
  context: CalicoContext,
): void {
  const { outcome } = context;
  const main = objects.find(({ name }) => name === "default");
  for (const { name } of objects.filter((each) => each !== main)) {
    outcome.about(`BGPConfiguration/${name}`);
    outcome.remark("settings of single nodes are spec.overrides of our BGPConfiguration/default: write them by hand");
  }
  outcome.about("BGPConfiguration/default");
  const spec = new Fields(main?.raw.spec, "spec", outcome.remark);
  const restart = spec.text("nodeMeshMaxRestartTime");
  const ours = {
    asNumber: spec.any("asNumber") ?? 64_512,
    listenPort: spec.whole("listenPort"),
    listenAddresses: spec.text("bindMode") === "NodeIP" ? ["NodeAddress"] : undefined,
    nodeMesh: spec.truth("nodeToNodeMeshEnabled") === false ? "Disabled" : "Full",
    meshPassword: passwordOf(spec.fields("nodeMeshPassword")),
    gracefulRestart: restart === undefined ? undefined : { restartTime: restart },
    serviceAdvertisements: serviceAdvertisements(spec, context),
    cni: { enabled: true },
    masquerade: masquerade(pools),
    kernel: { setSysctls: true },
  };
  communities(spec, context);
  spec.without(NO_COUNTERPART);
  spec.end();
  outcome.about("");
  outcome.add("BGPConfiguration", "default", ours, [
    "cni.enabled writes /etc/cni/net.d/10-linnet.conflist: only when Calico's own file is to go.",
  ]);
}

/** Secrets of Calico stand in the namespace of calico-node; ours are looked for in kube-system unless told otherwise. */
export function passwordOf(fields: Fields): object | undefined {
  const secret = fields.fields("secretKeyRef");
  const [name, key] = [secret.text("name"), secret.text("key")];
  secret.without({ optional: "a password that is missing means no session" });
  secret.end();
  return name === undefined ? undefined : { secretKeyRef: { name, key: key ?? "password" } };
}

/** Each block by itself: Calico tells the whole block, and single addresses where the traffic policy is Local. */
function serviceAdvertisements(spec: Fields, { outcome, services }: CalicoContext): object[] {
  const singly = spec.text("serviceLoadBalancerAggregation") === "Disabled";
  return Object.entries(SERVICE_FIELDS).flatMap(([field, kind]) => {
    const aggregated = !(singly && kind === "LoadBalancerIP");
    const made = spec.list(field).flatMap((each) => {
      const text = each.text("cidr") ?? "";
      each.end();
      const block = parseInterfaceAddress(text)?.prefix;
      if (block === undefined) outcome.remark(`${each.path("cidr")}: ${JSON.stringify(text)} is no CIDR, left out`);
      return block === undefined ? [] : [advertisementOf(kind, block, aggregated)];
    });
    if (made.length === 0) return [];
    services.add(kind);
    outcome.remark(
      `spec.${field}: a block is advertised while Services with addresses in it have ready endpoints; Calico tells it always`,
    );
    return made;
  });
}

function advertisementOf(kind: ServiceKind, block: Prefix, aggregated: boolean): object {
  const { family, length } = block;
  const sayable = aggregated && length >= SHORTEST_AGGREGATE[family];
  return {
    addresses: [kind],
    cidrs: [formatPrefix(block)],
    aggregationLength: sayable ? { [family]: length } : undefined,
  };
}

function masquerade(pools: readonly Pool[]): object | undefined {
  const excludeCIDRs = pools.map(({ cidr }) => cidr).filter((cidr) => cidr !== "");
  return pools.some(({ natOutgoing }) => natOutgoing) ? { enabled: true, excludeCIDRs } : undefined;
}

/** Communities by block become one policy, which every BGPPeer asks when it exports. */
function communities(spec: Fields, context: CalicoContext): void {
  const { outcome } = context;
  const named = new Map(spec.list("communities").map((each) => [each.text("name") ?? "", each.text("value") ?? ""]));
  const statements = spec.list("prefixAdvertisements").flatMap((each) => {
    const cidr = each.text("cidr");
    const values = each.texts("communities").map((name) => named.get(name) ?? name);
    each.end();
    if (cidr === undefined || values.length === 0) return [];
    const { plain, large } = communitiesByForm(values);
    const set = { addCommunities: plain, addLargeCommunities: large };
    const match = { prefixes: [prefixMatch(cidr, "within")], origins: ownKinds(context) };
    return [{ match, set, action: "Accept" }];
  });
  if (statements.length === 0) return;
  context.communities = objectName("calico-communities");
  outcome.remark(
    "spec.prefixAdvertisements: sessions of the node mesh carry no policies; podCIDRs.communities does it for all",
  );
  outcome.add("BGPPolicy", context.communities, { statements });
}
