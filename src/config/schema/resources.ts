import { bgpConfiguration } from "./bgp-configuration.ts";
import { bgpNodeStatus } from "./bgp-node-status.ts";
import { bgpPeer } from "./bgp-peer.ts";
import { bgpPolicy } from "./bgp-policy.ts";
import type { Schema } from "./describe.ts";

/** A column of `kubectl get`. */
interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
}

/** One of our own kinds, as the API server is told of it. */
export interface Resource {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly schema: Schema;
  readonly columns: readonly Column[];
  /** The only name an object may have. */
  readonly singleton?: string;
}

const condition = (type: string): string => `.status.conditions[?(@.type=="${type}")].status`;
const accepted: Column = { name: "Accepted", type: "string", jsonPath: condition("Accepted") };
const age: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

export const resources: readonly Resource[] = [
  {
    kind: "BGPConfiguration",
    plural: "bgpconfigurations",
    shortNames: ["bgpconf"],
    description: "What holds for all nodes: AS number, node mesh, timers, the kernel's table, CNI.",
    schema: bgpConfiguration,
    singleton: "default",
    columns: [
      { name: "AS", type: "string", jsonPath: ".spec.asNumber" },
      { name: "Mesh", type: "string", jsonPath: ".spec.nodeMesh" },
      accepted,
      age,
    ],
  },
  {
    kind: "BGPPeer",
    plural: "bgppeers",
    shortNames: ["bgpp"],
    description: "A neighbour of some nodes: a router by its address, or other nodes.",
    schema: bgpPeer,
    columns: [
      { name: "Address", type: "string", jsonPath: ".spec.peerAddress" },
      { name: "AS", type: "string", jsonPath: ".spec.asNumber" },
      accepted,
      { name: "Resolved", type: "string", jsonPath: condition("ResolvedRefs") },
      { name: "Selected", type: "string", jsonPath: condition("NodesSelected") },
      age,
    ],
  },
  {
    kind: "BGPPolicy",
    plural: "bgppolicies",
    shortNames: ["bgppol"],
    description: "Ordered statements that accept, change or reject routes.",
    schema: bgpPolicy,
    columns: [accepted, age],
  },
  {
    kind: "BGPNodeStatus",
    plural: "bgpnodestatuses",
    shortNames: ["bgpns"],
    description: "What the daemon of one node sees; written by it, named like the node.",
    schema: bgpNodeStatus,
    columns: [
      { name: "AS", type: "string", jsonPath: ".status.asNumber" },
      { name: "Router-ID", type: "string", jsonPath: ".status.routerId" },
      { name: "Established", type: "integer", jsonPath: ".status.sessions.established" },
      { name: "Configured", type: "integer", jsonPath: ".status.sessions.configured" },
      { name: "Ready", type: "string", jsonPath: condition("Ready") },
      age,
    ],
  },
];
