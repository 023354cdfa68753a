import * as v from "valibot";
import { parseAddress } from "#route/address.ts";
import { excerpt, may, or, says } from "./describe.ts";
import { metadata } from "./shared.ts";

/** Addresses as Services write them: `None` and host names stand there too, and are undefined here. */
const addresses = v.array(
  v.pipe(
    v.string(),
    v.transform((text) => parseAddress(text)),
  ),
);
const trafficPolicy = v.picklist(["Cluster", "Local"]);

const annotations = excerpt({
  "linnet.dev/advertise": may('"false": the Service\'s addresses are never advertised.', v.picklist(["true", "false"])),
});

/** core/v1 Service, as far as it is used: which addresses are advertised. */
export const service = excerpt({
  metadata: says(
    "Name, namespace, labels and annotations.",
    excerpt({ ...metadata.entries, annotations: or({}, "What differs for this Service.", annotations) }),
  ),
  spec: or(
    {},
    "What the Service is.",
    excerpt({
      type: or("ClusterIP", "Kind of Service; one of ExternalName has no addresses.", v.string()),
      clusterIPs: or([], "Addresses inside of the cluster.", addresses),
      externalIPs: or([], "Addresses that are routed to nodes.", addresses),
      externalTrafficPolicy: or("Cluster", "Local: only nodes with a ready endpoint serve it.", trafficPolicy),
      internalTrafficPolicy: or("Cluster", "The same, for cluster addresses.", trafficPolicy),
      loadBalancerClass: may("Who serves its load balancer addresses.", v.string()),
    }),
  ),
  status: or(
    {},
    "What a load balancer controller assigned.",
    excerpt({
      loadBalancer: or(
        {},
        "The load balancer.",
        excerpt({
          ingress: or(
            [],
            "Its addresses.",
            v.array(
              excerpt({
                ip: may("An address.", v.pipe(v.string(), v.transform(parseAddress))),
                ipMode: may("VIP: nodes take packets to it; Proxy: they do not (KEP-1860).", v.string()),
              }),
            ),
          ),
        }),
      ),
    }),
  ),
});
