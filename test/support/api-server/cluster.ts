import type { JsonObject } from "./patch.ts";

/** Objects as they stand in a small cluster, for tests. */

export const node = (name: string, index: number, labels: Readonly<Record<string, string>> = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels },
  spec: { podCIDR: `10.244.${index}.0/24`, podCIDRs: [`10.244.${index}.0/24`] },
  status: { addresses: [{ type: "InternalIP", address: `192.0.2.${index}` }] },
});

/** The same node after its kubelet said that it lives. */
export const heartbeat = (given: JsonObject, at: string): JsonObject => ({
  ...given,
  status: {
    ...(given.status as JsonObject),
    conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: at }],
  },
});

export const configuration = (spec: JsonObject = {}): JsonObject => ({
  apiVersion: "linnet.dev/v1alpha1",
  kind: "BGPConfiguration",
  metadata: { name: "default" },
  spec,
});

export const peer = (name: string, spec: JsonObject): JsonObject => ({
  apiVersion: "linnet.dev/v1alpha1",
  kind: "BGPPeer",
  metadata: { name },
  spec: { peerAddress: "192.0.2.254", asNumber: 64_500, ...spec },
});

export const secret = (namespace: string, name: string, data: Readonly<Record<string, string>>): JsonObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace, name },
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")])),
});

export const service = (namespace: string, name: string): JsonObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace, name },
  spec: { type: "LoadBalancer", clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"], ports: [{ port: 80 }] },
});
