import * as v from "valibot";
import { excerpt, mapping, may, or, ruled, says } from "./describe.ts";
import {
  asNumber,
  cidr,
  duration,
  family,
  formed,
  integer,
  listenAddress,
  port,
  routerId,
  singleAsNumber,
} from "./scalars.ts";
import { labelSelector } from "./selector.ts";
import {
  communityList,
  gracefulRestart,
  largeCommunityList,
  localPref,
  metadata,
  resource,
  secretKeyRef,
  timers,
} from "./shared.ts";

/** The taint of a cordoned node. */
const CORDONED = "node.kubernetes.io/unschedulable";
const taintKeys = v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(317))), v.maxLength(16));

const advertisement = mapping({
  cidr: says("A block that nodes originate.", cidr),
  nodeSelector: may("Nodes that originate it.", labelSelector, { absent: "all nodes" }),
  blackhole: or(true, "Drop packets to addresses of the block that no more specific route serves.", v.boolean()),
  communities: or([], "Communities put on it.", communityList),
  largeCommunities: or([], "Large communities put on it.", largeCommunityList),
  localPref: may("Local preference towards internal neighbours.", localPref, { absent: "100" }),
});

/** What `aggregationLength` takes at the least. */
export const SHORTEST_AGGREGATE = { ipv4: 8, ipv6: 32 } as const;

const serviceAdvertisement = mapping({
  addresses: says(
    "Kinds of addresses that are advertised.",
    v.pipe(v.array(v.picklist(["LoadBalancerIP", "ExternalIP", "ClusterIP"])), v.minLength(1), v.maxLength(3)),
  ),
  cidrs: may(
    "Blocks that addresses must lie in: whoever writes a Service chooses its external addresses.",
    v.pipe(v.array(cidr), v.minLength(1), v.maxLength(256)),
    { absent: "any address" },
  ),
  serviceSelector: may("Services whose addresses are advertised.", labelSelector, { absent: "all Services" }),
  loadBalancerClass: may("Only Services of this loadBalancerClass; empty: only those without one.", v.string(), {
    absent: "any, or none",
  }),
  nodeSelector: may("Nodes that advertise them.", labelSelector, { absent: "all nodes" }),
  aggregationLength: or(
    {},
    "Advertise the block around an address, where its traffic policy is Cluster.",
    mapping({
      ipv4: may("Prefix length for IPv4.", integer(SHORTEST_AGGREGATE.ipv4, 32), { absent: "32" }),
      ipv6: may("Prefix length for IPv6.", integer(SHORTEST_AGGREGATE.ipv6, 128), { absent: "128" }),
    }),
  ),
  communities: or([], "Communities put on them.", communityList),
  largeCommunities: or([], "Large communities put on them.", largeCommunityList),
  localPref: may("Local preference towards internal neighbours.", localPref, { absent: "100" }),
});

const podCidrs = mapping({
  enabled: or(true, "Originate the node's Pod CIDRs.", v.boolean()),
  communities: or([], "Communities put on them.", communityList),
  largeCommunities: or([], "Large communities put on them.", largeCommunityList),
  localPref: may("Local preference towards internal neighbours.", localPref, { absent: "100" }),
});

const reflectorCluster = mapping({
  clusterId: may("Cluster id of these reflectors (RFC 4456).", routerId, { absent: "each reflector's router id" }),
  nodeSelector: says("Nodes that reflect.", labelSelector),
  clientSelector: may("Nodes that peer with these reflectors.", labelSelector, {
    absent: "all nodes that do not reflect",
  }),
});

const kernel = mapping({
  install: may("Write learned routes into the kernel; false on a reflector that forwards nothing.", v.boolean(), {
    absent: "true",
  }),
  table: may("Routing table for learned routes.", integer(1, 0x7fff_ffff), { absent: "254 (main)" }),
  metric: may("Metric of learned routes.", integer(1, 0x7fff_ffff), { absent: "32" }),
  protocol: may(
    "Protocol number that marks routes as ours; routes with another one are never touched.",
    integer(5, 255),
    {
      absent: "186 (bgp)",
    },
  ),
  maxPaths: may("Most equal paths in one route; 1 turns ECMP off.", integer(1, 256), { absent: "16" }),
  nextHopObjects: may("Use of the kernel's nexthop objects.", v.picklist(["Auto", "Always", "Never"]), {
    absent: "Auto",
  }),
  preferNodeAddress: may(
    "Give learned routes the node's address as preferred source, for packets of the node itself.",
    v.boolean(),
    { absent: "false" },
  ),
  setSysctls: may("Set forwarding sysctls that are wrong, instead of warning only.", v.boolean(), { absent: "false" }),
});

/** As the CNI specification has it. */
const networkName = formed(
  { form: "network name", longest: 253, pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*$" },
  "begin with a letter or a digit; then letters, digits, _, . and - only",
);
const conflistPath = formed(
  { form: "path", longest: 4095, pattern: "^/.+[.]conflist$" },
  "be an absolute path that ends in .conflist",
);

const cni = mapping({
  enabled: may("Write the CNI network configuration.", v.boolean(), { absent: "false" }),
  plugin: may("Plugin that connects pods.", v.picklist(["ptp", "bridge"]), { absent: "ptp" }),
  networkName: may("Name of the network.", networkName, { absent: "linnet" }),
  path: may("File to write.", conflistPath, { absent: "/etc/cni/net.d/10-linnet.conflist" }),
  mtu: may("MTU of pod interfaces.", integer(1280, 65_535), { absent: "the uplink's" }),
  portmap: may("Serve hostPorts by the portmap plugin.", v.boolean(), { absent: "true" }),
});

const masquerade = mapping({
  enabled: may("Masquerade what pods send to addresses outside of the cluster.", v.boolean(), { absent: "false" }),
  excludeCIDRs: may("Further destinations that see pod addresses.", v.pipe(v.array(cidr), v.maxLength(256)), {
    absent: "none",
  }),
});

const drain = ruled(
  mapping({
    withdrawAfter: may(
      "How long routes are told with the community GRACEFUL_SHUTDOWN (RFC 8326) before they are withdrawn.",
      duration({ leastMs: 0, mostMs: 3_600_000 }),
      { absent: "10s" },
    ),
    taints: may("Taints of a Node, by key, that drain it.", taintKeys, {
      absent: "node.kubernetes.io/out-of-service",
    }),
    onNodeShutdown: may("Drain a node whose kubelet says that it is shutting down.", v.boolean(), { absent: "true" }),
  }),
  [
    {
      cel: `!has(self.taints) || !('${CORDONED}' in self.taints)`,
      message: `taints must not name ${CORDONED}: a node that is only cordoned keeps its pods and its routes`,
      field: "taints",
      holds: ({ taints = [] }) => !taints.includes(CORDONED),
    },
  ],
);

/** Fields that can differ between sets of nodes. */
const perNode = {
  timers: may("Timers of sessions.", timers),
  gracefulRestart: may("Graceful restart (RFC 4724).", gracefulRestart),
  drain: may("How a node goes out of service.", drain),
  kernel: may("The kernel's routing table.", kernel),
  cni: may("The node's CNI network configuration.", cni),
  masquerade: may("Masquerading of pod traffic that leaves the cluster.", masquerade),
};

const override = mapping({
  nodeSelector: says("Nodes for which this holds.", labelSelector),
  asNumber: may("AS number of these nodes.", asNumber, { absent: "`spec.asNumber`" }),
  listenPort: may("TCP port of BGP on these nodes.", port, { absent: "`spec.listenPort`" }),
  ...perNode,
});

export const bgpConfigurationSpec = mapping({
  asNumber: or(64_512, "AS number of nodes that nothing else gives one.", singleAsNumber),
  asNumberLabel: may("Node label that holds the node's AS number: an AS per rack.", v.pipe(v.string(), v.minLength(1))),
  listenPort: or(179, "TCP port of BGP.", port),
  listenAddresses: may(
    "Addresses to listen on; NodeAddress: the node's own, of both families.",
    v.pipe(v.array(listenAddress), v.maxLength(16)),
    { absent: "all" },
  ),
  nodeMesh: or(
    "Full",
    "Sessions between all nodes of one AS, or none but those stated.",
    v.picklist(["Full", "Disabled"]),
  ),
  meshFamily: or("IPv4", "Family of the addresses that mesh sessions run over, where nodes have both.", family),
  meshSourceAddress: or(
    "NodeAddress",
    "Where sessions between nodes begin: at the address by which other nodes know this one, or at Any that the kernel chooses, for nodes behind NAT.",
    v.picklist(["NodeAddress", "Any"]),
  ),
  originCheck: or(
    "Enforce",
    "Refuse routes of other nodes to pod addresses that belong to a third one.",
    v.picklist(["Enforce", "Off"]),
  ),
  meshPassword: may("TCP-MD5 password (RFC 2385) of sessions between nodes.", secretKeyRef, { absent: "none" }),
  reflectors: or(
    [],
    "Clusters of route reflectors among the nodes (RFC 4456).",
    v.pipe(v.array(reflectorCluster), v.maxLength(64)),
  ),
  podCIDRs: or({}, "How the nodes' Pod CIDRs are originated.", podCidrs),
  advertisements: or([], "Further blocks that nodes originate.", v.pipe(v.array(advertisement), v.maxLength(1024))),
  serviceAdvertisements: or(
    [],
    "Addresses of Services that nodes advertise while endpoints are ready.",
    v.pipe(v.array(serviceAdvertisement), v.maxLength(64)),
  ),
  ...perNode,
  overrides: or([], "What differs on some nodes; later entries win.", v.pipe(v.array(override), v.maxLength(64))),
});

const singleton = v.pipe(
  v.string(),
  v.check((name) => name === "default", 'only one BGPConfiguration is used, and its name must be "default"'),
);

/** The singleton `default`: what holds for all nodes. */
export const bgpConfiguration = resource(
  says("Only one object is used.", excerpt({ ...metadata.entries, name: singleton })),
  or({}, "What is wanted.", bgpConfigurationSpec),
);

export type BgpConfigurationSpec = v.InferOutput<typeof bgpConfigurationSpec>;
