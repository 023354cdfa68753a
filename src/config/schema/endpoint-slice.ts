import * as v from "valibot";
import { excerpt, may, or, says } from "./describe.ts";
import { metadata } from "./shared.ts";

/** discovery.k8s.io/v1 EndpointSlice, as far as it is used: on which nodes a Service has ready endpoints. */
export const endpointSlice = excerpt({
  metadata: says("Name and namespace; the label kubernetes.io/service-name names the Service.", metadata),
  addressType: says("Family of the endpoints.", v.picklist(["IPv4", "IPv6", "FQDN"])),
  endpoints: or(
    [],
    "The endpoints.",
    v.array(
      excerpt({
        nodeName: may("Node that it runs on.", v.string()),
        conditions: or({}, "Its state.", excerpt({ ready: may("Absent means ready.", v.nullable(v.boolean())) })),
      }),
    ),
  ),
});
