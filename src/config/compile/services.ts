import type { Address } from "#route/address.ts";
import { bitsOf, type Family } from "#route/family.ts";
import { formatPrefix, type Prefix, prefixOf } from "#route/prefix.ts";
import type { OriginatedPrefix } from "../node-config.ts";
import type { ConfigObject, ObjectSet } from "../objects.ts";
import type { BgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import { selects } from "../schema/selector.ts";
import type { NodeFacts } from "./node-facts.ts";

type Advertisement = BgpConfigurationSpec["serviceAdvertisements"][number];
type AddressKind = Advertisement["addresses"][number];
type ServiceObject = ConfigObject<"Service">;

/** KEP-1143: load balancers leave such nodes out, and so do the addresses that stand for them. */
const EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers";
const SERVICE_NAME = "kubernetes.io/service-name";

/** Where the ready endpoints of one Service and family are. */
interface Ready {
  readonly anywhere: boolean;
  readonly here: boolean;
}

/**
 * The Service addresses that this node advertises. An address goes out while an endpoint of its family is ready: anywhere,
 * or on this node where the traffic policy is Local. Of two advertisements with one prefix the first stays.
 */
export function serviceAddresses(objects: ObjectSet, spec: BgpConfigurationSpec, own: NodeFacts): OriginatedPrefix[] {
  const rules = spec.serviceAdvertisements.filter(({ nodeSelector = {} }) => selects(nodeSelector, own.labels));
  if (rules.length === 0) return [];
  const ready = readyEndpoints(objects, own.name);
  const found = new Map<string, OriginatedPrefix>();
  const services = [...objects.Service.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const rule of rules) {
    for (const service of services) {
      if (!advertised(service, rule)) continue;
      for (const prefix of prefixesOf(service, rule, ready, own)) {
        const key = formatPrefix(prefix);
        if (!found.has(key)) found.set(key, originated(prefix, service, rule));
      }
    }
  }
  return [...found.values()];
}

function advertised({ value: { metadata, spec } }: ServiceObject, rule: Advertisement): boolean {
  if (spec.type === "ExternalName" || metadata.annotations["linnet.dev/advertise"] === "false") return false;
  if (rule.loadBalancerClass !== undefined && rule.loadBalancerClass !== spec.loadBalancerClass) return false;
  return selects(rule.serviceSelector ?? {}, metadata.labels);
}

function prefixesOf(
  service: ServiceObject,
  rule: Advertisement,
  ready: ReadonlyMap<string, Ready>,
  own: NodeFacts,
): Prefix[] {
  const { spec } = service.value;
  return rule.addresses.flatMap((kind) => {
    const outside = kind !== "ClusterIP";
    if (outside && Object.hasOwn(own.labels, EXCLUDED)) return [];
    const local = (outside ? spec.externalTrafficPolicy : spec.internalTrafficPolicy) === "Local";
    return ADDRESSES[kind](service).flatMap((address) => {
      if (address === undefined) return [];
      const state = ready.get(keyOf(service.name, address.family));
      if (state === undefined || !(local ? state.here : state.anywhere)) return [];
      const length = local
        ? bitsOf(address.family)
        : (rule.aggregationLength[address.family] ?? bitsOf(address.family));
      return [prefixOf(address, length)];
    });
  });
}

const ADDRESSES: Readonly<Record<AddressKind, (service: ServiceObject) => readonly (Address | undefined)[]>> = {
  ClusterIP: ({ value }) => value.spec.clusterIPs,
  ExternalIP: ({ value }) => value.spec.externalIPs,
  LoadBalancerIP: ({ value }) => value.status.loadBalancer.ingress.map(({ ip }) => ip),
};

/** No blackhole: the node itself must reach the address, which kube-proxy translates only after a route is found. */
function originated(prefix: Prefix, { name }: ServiceObject, rule: Advertisement): OriginatedPrefix {
  const { communities, largeCommunities, localPref } = rule;
  return {
    prefix,
    from: "service",
    source: `service/${name}`,
    blackhole: false,
    communities,
    largeCommunities,
    localPref,
  };
}

const keyOf = (service: string, family: Family): string => `${service} ${family}`;

function readyEndpoints(objects: ObjectSet, nodeName: string): Map<string, Ready> {
  const ready = new Map<string, Ready>();
  for (const { name, value } of objects.EndpointSlice.values()) {
    const service = value.metadata.labels[SERVICE_NAME];
    if (service === undefined || value.addressType === "FQDN") continue;
    const namespace = name.slice(0, name.indexOf("/"));
    const key = keyOf(`${namespace}/${service}`, value.addressType === "IPv4" ? "ipv4" : "ipv6");
    const endpoints = value.endpoints.filter(({ conditions }) => conditions.ready ?? true);
    const before = ready.get(key);
    ready.set(key, {
      anywhere: before?.anywhere === true || endpoints.length > 0,
      here: before?.here === true || endpoints.some((endpoint) => endpoint.nodeName === nodeName),
    });
  }
  return ready;
}
