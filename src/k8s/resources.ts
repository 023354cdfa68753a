/** What is listed and watched: a collection, or one object of it. Plain data, which goes to the worker. */
export interface Resource {
  /** Unique among what is followed: `Node`, `Secret/kube-system/bgp`. */
  readonly id: string;
  /** `Node`, as in manifests. */
  readonly kind: string;
  readonly apiVersion: string;
  /** Of its collection: `/api/v1/nodes`. */
  readonly path: string;
  /** The one object that is asked for: all that RBAC need allow, by resourceNames. */
  readonly only?: { readonly namespace: string; readonly name: string };
  /** What of an object is kept; see `trim.ts`. */
  readonly shape: Shape;
}

/**
 * `true`: the whole value; a mapping: those fields; a one-element list: of each element, with a second
 * element only of those that have these values; `{ "prefix*": … }`: keys that begin so.
 */
export type Shape =
  | true
  | { readonly [field: string]: Shape }
  | readonly [Shape]
  | readonly [Shape, Readonly<Record<string, string>>];

/** Who is older decides between nodes, and between our own objects. */
const aged = { name: true, creationTimestamp: true } as const;
const named = { name: true, namespace: true } as const;
const annotated = { labels: true, annotations: { "linnet.dev/*": true } } as const;
const OURS = "linnet.dev/v1alpha1";

const ours = (kind: string, plural: string): Resource => ({
  id: kind,
  kind,
  apiVersion: OURS,
  path: `/apis/${OURS}/${plural}`,
  shape: { metadata: { ...aged, ...annotated, generation: true }, spec: true, status: { conditions: true } },
});

/** What every node follows. */
export const always: readonly Resource[] = [
  {
    id: "Node",
    kind: "Node",
    apiVersion: "v1",
    path: "/api/v1/nodes",
    shape: {
      metadata: { ...aged, ...annotated },
      spec: { podCIDR: true, podCIDRs: true, taints: [{ key: true }] },
      status: {
        addresses: [{ type: true, address: true }],
        // of a node that is well nothing is kept
        conditions: [
          { type: true, status: true, message: true },
          { type: "Ready", status: "False" },
        ],
      },
    },
  },
  ours("BGPConfiguration", "bgpconfigurations"),
  ours("BGPPeer", "bgppeers"),
  ours("BGPPolicy", "bgppolicies"),
];

/** Is it followed by every node, whatever its configuration? */
export const isAlways = (id: string): boolean => always.some((resource) => resource.id === id);

/** What is followed only while Service addresses are advertised. */
export const forServices: readonly Resource[] = [
  {
    id: "Service",
    kind: "Service",
    apiVersion: "v1",
    path: "/api/v1/services",
    shape: {
      metadata: { ...named, ...annotated },
      spec: {
        type: true,
        clusterIPs: true,
        externalIPs: true,
        externalTrafficPolicy: true,
        internalTrafficPolicy: true,
        loadBalancerClass: true,
      },
      status: { loadBalancer: { ingress: [{ ip: true, ipMode: true }] } },
    },
  },
  {
    id: "EndpointSlice",
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    path: "/apis/discovery.k8s.io/v1/endpointslices",
    shape: {
      metadata: { ...named, labels: { "kubernetes.io/service-name": true } },
      addressType: true,
      endpoints: [{ nodeName: true, conditions: { ready: true } }],
    },
  },
];

/** One Secret, of which only these keys are kept. */
export const secretNamed = (namespace: string, name: string, keys: readonly string[]): Resource => ({
  id: `Secret/${namespace}/${name}`,
  kind: "Secret",
  apiVersion: "v1",
  path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`,
  shape: { metadata: named, data: Object.fromEntries(keys.map((key) => [key, true])) },
  only: { namespace, name },
});
