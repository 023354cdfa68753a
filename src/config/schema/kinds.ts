import type * as v from "valibot";
import { bgpConfiguration } from "./bgp-configuration.ts";
import { bgpPeer } from "./bgp-peer.ts";
import { bgpPolicy } from "./bgp-policy.ts";
import { endpointSlice } from "./endpoint-slice.ts";
import { node } from "./node.ts";
import { secret } from "./secret.ts";
import { service } from "./service.ts";

export const OUR_GROUP = "linnet.dev";
export const OUR_VERSION = "v1alpha1";
export const OUR_API_VERSION = `${OUR_GROUP}/${OUR_VERSION}`;

const schemas = {
  Node: node,
  Secret: secret,
  Service: service,
  EndpointSlice: endpointSlice,
  BGPConfiguration: bgpConfiguration,
  BGPPeer: bgpPeer,
  BGPPolicy: bgpPolicy,
} as const;

export type Kind = keyof typeof schemas;
export type ValueOf<K extends Kind> = v.InferOutput<(typeof schemas)[K]>;

export interface KindInfo<K extends Kind = Kind> {
  readonly kind: K;
  readonly apiVersion: string;
  readonly namespaced: boolean;
  readonly schema: (typeof schemas)[K];
}

const info = <K extends Kind>(kind: K, apiVersion: string, namespaced = false): KindInfo<K> => ({
  kind,
  apiVersion,
  namespaced,
  schema: schemas[kind],
});

/** Everything the daemon is told by; a new kind is a row here. */
export const kinds: { readonly [K in Kind]: KindInfo<K> } = {
  Node: info("Node", "v1"),
  Secret: info("Secret", "v1", true),
  Service: info("Service", "v1", true),
  EndpointSlice: info("EndpointSlice", "discovery.k8s.io/v1", true),
  BGPConfiguration: info("BGPConfiguration", OUR_API_VERSION),
  BGPPeer: info("BGPPeer", OUR_API_VERSION),
  BGPPolicy: info("BGPPolicy", OUR_API_VERSION),
};
