import type { Steps } from "#lib/steps.ts";
import type { Address } from "#route/address.ts";
import { bitsOf } from "#route/family.ts";
import { contains, formatPrefix, type Prefix, prefixOf } from "#route/prefix.ts";
import type { OriginatedPrefix } from "../node-config.ts";
import type { ConfigObject } from "../objects.ts";
import type { BgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import { selects } from "../schema/selector.ts";
import type { Context } from "./context.ts";
import type { NodeFacts } from "./node-facts.ts";
import { type Offer, type Readiness, ServiceIndex, type ServiceRules, sourceOf } from "./service-index.ts";

type Advertisement = BgpConfigurationSpec["serviceAdvertisements"][number];
type AddressKind = Advertisement["addresses"][number];
type ServiceObject = Pick<ConfigObject<"Service">, "name" | "value">;

/** KEP-1143: load balancers leave such nodes out, and so do the addresses that stand for them. */
const EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers";
const SERVICE_NAME = "kubernetes.io/service-name";

/** Bits of where a Service has ready endpoints: anywhere, and on our node, by family. */
const ANYWHERE = { ipv4: 1, ipv6: 4 } as const;
const HERE = { ipv4: 2, ipv6: 8 } as const;

/**
 * `others`, then the Service addresses that this node advertises, in one list: a second one would be as long. An address
 * goes out while an endpoint of its family is ready: anywhere, or on this node where the traffic policy is Local. Of two
 * advertisements with one prefix the first stays.
 */
export function* serviceAddresses(
  { objects, spec, own, memory }: Context,
  others: readonly OriginatedPrefix[],
): Steps<readonly OriginatedPrefix[]> {
  const index = memory.recall<ServiceIndex | undefined>("services", [spec, own], (before) => {
    const rules = spec.serviceAdvertisements.filter(({ nodeSelector = {} }) => selects(nodeSelector, own.labels));
    if (rules.length === 0) return undefined;
    // The value may be read from text each time it is asked for.
    const offers: ServiceRules["offers"] = ({ name, value }, bits) => offersOf({ name, value }, rules, own, bits);
    return new ServiceIndex({ ready: (slice) => readySlice(slice, own.name), offers }, before);
  });
  return index === undefined ? others : yield* index.update(objects.Service, objects.EndpointSlice, others);
}

/** @param bits of where its endpoints are ready */
function offersOf(service: ServiceObject, rules: readonly Advertisement[], own: NodeFacts, bits: number): Offer[] {
  return rules.flatMap((rule, rank) => {
    if (!advertised(service, rule)) return [];
    return prefixesOf(service, rule, own, bits).map((prefix) => {
      return { key: formatPrefix(prefix), rank, originated: originatedBy(service, rule, prefix) };
    });
  });
}

function advertised({ value: { metadata, spec } }: ServiceObject, rule: Advertisement): boolean {
  if (spec.type === "ExternalName" || metadata.annotations["linnet.dev/advertise"] === "false") return false;
  if (rule.loadBalancerClass !== undefined && rule.loadBalancerClass !== (spec.loadBalancerClass ?? "")) return false;
  return selects(rule.serviceSelector ?? {}, metadata.labels);
}

function prefixesOf(service: ServiceObject, rule: Advertisement, own: NodeFacts, bits: number): Prefix[] {
  const { spec } = service.value;
  return rule.addresses.flatMap((kind) => {
    const outside = kind !== "ClusterIP";
    if (outside && Object.hasOwn(own.labels, EXCLUDED)) return [];
    const local = (outside ? spec.externalTrafficPolicy : spec.internalTrafficPolicy) === "Local";
    return ADDRESSES[kind](service).flatMap((address) => {
      if (address === undefined || !(rule.cidrs?.some((block) => contains(block, address)) ?? true)) return [];
      const { family } = address;
      if ((bits & (local ? HERE : ANYWHERE)[family]) === 0) return [];
      const length = local ? bitsOf(family) : (rule.aggregationLength[family] ?? bitsOf(family));
      return [prefixOf(address, length)];
    });
  });
}

const ADDRESSES: Readonly<Record<AddressKind, (service: ServiceObject) => readonly (Address | undefined)[]>> = {
  ClusterIP: ({ value }) => value.spec.clusterIPs,
  ExternalIP: ({ value }) => value.spec.externalIPs,
  LoadBalancerIP: ({ value }) =>
    value.status.loadBalancer.ingress.flatMap(({ ip, ipMode }) => (ipMode === "Proxy" ? [] : [ip])),
};

/** No blackhole: the node itself must reach the address, which kube-proxy translates only after a route is found. */
function originatedBy({ name }: ServiceObject, rule: Advertisement, prefix: Prefix): OriginatedPrefix {
  const { communities, largeCommunities, localPref } = rule;
  return {
    prefix,
    from: "service",
    source: sourceOf(name),
    blackhole: false,
    communities,
    largeCommunities,
    localPref,
  };
}

function readySlice({ name, value }: ConfigObject<"EndpointSlice">, nodeName: string): Readiness {
  const { metadata, addressType, endpoints } = value;
  const service = metadata.labels[SERVICE_NAME];
  const ready = endpoints.filter(({ conditions }) => conditions.ready ?? true);
  if (service === undefined || addressType === "FQDN" || ready.length === 0) return { service: "", bits: 0 };
  const family = addressType === "IPv4" ? "ipv4" : "ipv6";
  const here = ready.some((endpoint) => endpoint.nodeName === nodeName);
  return {
    service: `${name.slice(0, name.indexOf("/"))}/${service}`,
    bits: ANYWHERE[family] | (here ? HERE[family] : 0),
  };
}
