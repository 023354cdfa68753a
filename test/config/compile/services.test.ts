import { expect, test } from "vitest";
import { compile } from "#config/compile/compile.ts";
import { formatCommunity } from "#route/communities.ts";
import { formatPrefix } from "#route/prefix.ts";
import { nodeYaml, objectsOf, ourYaml } from "../objects-of.ts";

type Fields = Readonly<Record<string, unknown>>;

const document = (object: object): string => `---\n${JSON.stringify(object)}\n`;
const advertise = (...serviceAdvertisements: object[]): string =>
  ourYaml("BGPConfiguration", "default", { serviceAdvertisements, podCIDRs: { enabled: false } });

function service(name: string, spec: Fields, metadata: Fields = {}, ips: string[] = []): string {
  const ingress = ips.map((ip) => ({ ip }));
  return document({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "shop", ...metadata },
    spec,
    status: { loadBalancer: { ingress } },
  });
}

/** One slice of a Service: an endpoint on each node, ready or not. */
function slice(name: string, nodes: Readonly<Record<string, boolean | undefined>>, addressType = "IPv4"): string {
  return document({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-${addressType.toLowerCase()}`,
      namespace: "shop",
      labels: { "kubernetes.io/service-name": name },
    },
    addressType,
    endpoints: Object.entries(nodes).map(([nodeName, ready]) => ({
      nodeName,
      addresses: ["10.9.9.9"],
      conditions: { ready },
    })),
  });
}

const nodes = (labels: object = {}): string =>
  nodeYaml("n1", ["10.0.0.1", "fd00::1"], [], { labels }) + nodeYaml("n2", ["10.0.0.2", "fd00::2"], []);
function told(node: string, ...texts: string[]): string[] {
  const { config } = compile(objectsOf(...texts), node);
  return (config?.originated ?? []).map(({ prefix, source }) => `${formatPrefix(prefix)} ${source}`);
}

const web = service(
  "web",
  { type: "LoadBalancer", clusterIPs: ["10.96.0.1", "fd96::1"], externalIPs: ["198.51.100.1"] },
  {},
  ["203.0.113.1"],
);
const all = { addresses: ["LoadBalancerIP", "ExternalIP", "ClusterIP"] };

test("addresses of each kind go out while an endpoint of their family is ready anywhere", () => {
  const everything = [nodes(), web, advertise(all), slice("web", { n2: true }), slice("web", { n2: true }, "IPv6")];
  expect(told("n1", ...everything)).toEqual([
    "203.0.113.1/32 service/shop/web",
    "198.51.100.1/32 service/shop/web",
    "10.96.0.1/32 service/shop/web",
    "fd96::1/128 service/shop/web",
  ]);
  expect(told("n1", nodes(), web, advertise(all), slice("web", { n2: true }, "IPv6"))).toEqual([
    "fd96::1/128 service/shop/web",
  ]);
  expect(told("n1", nodes(), web, advertise({ addresses: ["ExternalIP"] }), slice("web", { n2: undefined }))).toEqual([
    "198.51.100.1/32 service/shop/web",
  ]);
});

test("nothing goes out without advertisements, or without ready endpoints", () => {
  expect(told("n1", nodes(), web, slice("web", { n1: true }))).toEqual([]);
  expect(told("n1", nodes(), web, advertise(all))).toEqual([]);
  expect(told("n1", nodes(), web, advertise(all), slice("web", { n1: false }))).toEqual([]);
});

test("with a Local policy only nodes with a ready endpoint of their own advertise, each kind by its own policy", () => {
  const local = service("web", {
    clusterIPs: ["10.96.0.1"],
    externalIPs: ["198.51.100.1"],
    externalTrafficPolicy: "Local",
  });
  const texts = [nodes(), local, advertise(all), slice("web", { n1: false, n2: true })];
  expect(told("n1", ...texts)).toEqual(["10.96.0.1/32 service/shop/web"]);
  expect(told("n2", ...texts)).toEqual(["198.51.100.1/32 service/shop/web", "10.96.0.1/32 service/shop/web"]);
  const inside = service("web", { clusterIPs: ["10.96.0.1"], internalTrafficPolicy: "Local" });
  expect(told("n1", nodes(), inside, advertise(all), slice("web", { n2: true }))).toEqual([]);
});

const EXTERNAL = { externalIPs: ["198.51.100.1"] };

test.each<[what: string, service: string, rule: object, advertised: boolean]>([
  [
    "its label matches",
    service("web", { externalIPs: ["198.51.100.1"] }, { labels: { a: "b" } }),
    { serviceSelector: { matchLabels: { a: "b" } } },
    true,
  ],
  [
    "its label does not match",
    service("web", { externalIPs: ["198.51.100.1"] }),
    { serviceSelector: { matchLabels: { a: "b" } } },
    false,
  ],
  [
    "it opts out",
    service("web", { externalIPs: ["198.51.100.1"] }, { annotations: { "linnet.dev/advertise": "false" } }),
    {},
    false,
  ],
  [
    "it is of the class",
    service("web", { externalIPs: ["198.51.100.1"], loadBalancerClass: "x/y" }),
    { loadBalancerClass: "x/y" },
    true,
  ],
  ["the block holds its address", service("web", EXTERNAL), { cidrs: ["192.0.2.0/24", "198.51.100.0/24"] }, true],
  ["no block holds its address", service("web", EXTERNAL), { cidrs: ["198.51.100.128/25", "2001:db8::/32"] }, false],
  ["it is of the class that is none", service("web", EXTERNAL), { loadBalancerClass: "" }, true],
  [
    "it is of a class, not of none",
    service("web", { ...EXTERNAL, loadBalancerClass: "x/y" }),
    { loadBalancerClass: "" },
    false,
  ],
  ["it is of no class", service("web", { externalIPs: ["198.51.100.1"] }), { loadBalancerClass: "x/y" }, false],
  ["it is only a name", service("web", { type: "ExternalName", externalIPs: ["198.51.100.1"] }), {}, false],
  [
    "the node is not selected",
    service("web", { externalIPs: ["198.51.100.1"] }),
    { nodeSelector: { matchLabels: { no: "" } } },
    false,
  ],
])("is a Service advertised when %s?", (_, text, rule, advertised) => {
  const lines = told("n1", nodes(), text, advertise({ ...all, ...rule }), slice("web", { n1: true }));
  expect(lines).toEqual(advertised ? ["198.51.100.1/32 service/shop/web"] : []);
});

test("a node that is left out by load balancers still advertises cluster addresses", () => {
  const labels = { "node.kubernetes.io/exclude-from-external-load-balancers": "" };
  expect(told("n1", nodes(labels), web, advertise(all), slice("web", { n2: true }))).toEqual([
    "10.96.0.1/32 service/shop/web",
  ]);
});

test("addresses are aggregated, except those of one node alone; a block goes out once", () => {
  const texts = [
    service("a", { clusterIPs: ["10.96.0.1"] }),
    service("b", { clusterIPs: ["10.96.0.2"] }),
    service("c", { clusterIPs: ["10.96.0.3"], internalTrafficPolicy: "Local" }),
    ...["a", "b", "c"].map((name) => slice(name, { n1: true })),
  ];
  const rule = { addresses: ["ClusterIP"], aggregationLength: { ipv4: 24 } };
  expect(told("n1", nodes(), ...texts, advertise(rule))).toEqual([
    "10.96.0.0/24 service/shop/a",
    "10.96.0.3/32 service/shop/c",
  ]);
});

test("attributes come from the first advertisement that names the address; there is no blackhole", () => {
  const first = { addresses: ["ClusterIP"], communities: ["65000:1"], largeCommunities: ["1:2:3"], localPref: 50 };
  const { config } = compile(
    objectsOf(nodes(), web, slice("web", { n1: true }), advertise(first, { ...all, communities: ["65000:2"] })),
    "n1",
  );
  expect(config?.originated[0]).toMatchObject({
    from: "service",
    blackhole: false,
    largeCommunities: [[1, 2, 3]],
    localPref: 50,
  });
  expect(config?.originated.map(({ communities }) => communities.map(formatCommunity).join())).toEqual([
    "65000:1",
    "65000:2",
    "65000:2",
  ]);
});

test("each block has its own attributes: of one Service's addresses each goes by the advertisement whose block holds it", () => {
  const two = service("web", { clusterIPs: [] }, {}, ["203.0.113.1", "198.51.100.1", "2001:db8::1"]);
  const rules = [
    { addresses: ["LoadBalancerIP"], cidrs: ["203.0.113.0/24", "2001:db8::/64"], communities: ["65000:1"] },
    {
      addresses: ["LoadBalancerIP"],
      cidrs: ["198.51.100.0/24"],
      aggregationLength: { ipv4: 24 },
      communities: ["65000:2"],
    },
  ];
  const texts = [nodes(), two, slice("web", { n1: true }), slice("web", { n1: true }, "IPv6"), advertise(...rules)];
  const { config } = compile(objectsOf(...texts), "n1");
  const lines = config?.originated.map(({ prefix, communities }) => [
    formatPrefix(prefix),
    formatCommunity(communities[0] ?? 0),
  ]);
  expect(lines).toEqual([
    ["203.0.113.1/32", "65000:1"],
    ["2001:db8::1/128", "65000:1"],
    ["198.51.100.0/24", "65000:2"],
  ]);
});

test("an address that a proxy outside of the cluster serves (KEP-1860) is not told: no node would take its packets", () => {
  const proxied = (ipMode: string): string =>
    document({
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec: {} },
      status: { loadBalancer: { ingress: [{ ip: "203.0.113.1", ipMode }] } },
    });
  expect(told("n1", nodes(), proxied("Proxy"), advertise(all), slice("web", { n1: true }))).toEqual([]);
  expect(told("n1", nodes(), proxied("VIP"), advertise(all), slice("web", { n1: true }))).toEqual([
    "203.0.113.1/32 service/shop/web",
  ]);
});

test("headless Services and load balancers with a host name have no addresses", () => {
  const headless = service("web", { clusterIPs: ["None"] });
  expect(told("n1", nodes(), headless, advertise(all), slice("web", { n1: true }))).toEqual([]);
});
