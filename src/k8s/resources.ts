/** A resource that is listed and watched. */
export interface Resource {
  /** `Node`, as in manifests. */
  readonly kind: string;
  readonly apiVersion: string;
  /** Of its collection over all namespaces: `/api/v1/nodes`. */
  readonly path: string;
  /** What of an object is kept; see `trim.ts`. */
  readonly shape: Shape;
  /** Only with Service advertisement. */
  readonly optional: boolean;
}

/** `true`: the whole value; a mapping: those fields; a one-element list: of each element; `{ "prefix*": … }`: keys that begin so. */
export type Shape = true | { readonly [field: string]: Shape } | readonly [Shape];

const identity: Shape = { name: true, namespace: true, uid: true, generation: true, creationTimestamp: true };
const annotated: Shape = { ...identity, labels: true, annotations: { "linnet.dev/*": true } };
const OURS = "linnet.dev/v1alpha1";

const ours = (kind: string, plural: string): Resource => ({
  kind,
  apiVersion: OURS,
  path: `/apis/${OURS}/${plural}`,
  shape: { metadata: annotated, spec: true },
  optional: false,
});

/** Everything that the daemon reads from the API server. */
export const resources: readonly Resource[] = [
  {
    kind: "Node",
    apiVersion: "v1",
    path: "/api/v1/nodes",
    shape: {
      metadata: annotated,
      spec: { podCIDR: true, podCIDRs: true },
      status: { addresses: [{ type: true, address: true }] },
    },
    optional: false,
  },
  ours("BGPConfiguration", "bgpconfigurations"),
  ours("BGPPeer", "bgppeers"),
  ours("BGPPolicy", "bgppolicies"),
  {
    kind: "Service",
    apiVersion: "v1",
    path: "/api/v1/services",
    shape: {
      metadata: annotated,
      spec: {
        type: true,
        clusterIPs: true,
        externalIPs: true,
        externalTrafficPolicy: true,
        internalTrafficPolicy: true,
        loadBalancerClass: true,
      },
      status: { loadBalancer: { ingress: [{ ip: true }] } },
    },
    optional: true,
  },
  {
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    path: "/apis/discovery.k8s.io/v1/endpointslices",
    shape: {
      metadata: { ...identity, labels: { "kubernetes.io/service-name": true } },
      addressType: true,
      endpoints: [{ addresses: true, nodeName: true, conditions: { ready: true, serving: true, terminating: true } }],
    },
    optional: true,
  },
];
