import * as v from "valibot";
import type { Address } from "#route/address.ts";
import { parseAddress } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { parseInterfaceAddress } from "#route/prefix.ts";
import { excerpt, may, or, says, text } from "./describe.ts";
import { asNumber, cidr, routerId } from "./scalars.ts";
import { metadata } from "./shared.ts";

const own = (family: Family, form: string) =>
  text<Address>({ form }, (value) => {
    const parsed = parseAddress(value) ?? parseInterfaceAddress(value)?.address;
    return parsed?.family === family ? parsed : { wrong: `${JSON.stringify(value)} is not an ${form}` };
  });

const annotations = excerpt({
  "linnet.dev/as-number": may("The node's AS number.", asNumber),
  "linnet.dev/router-id": may("The node's BGP Identifier (RFC 6286).", routerId, {
    absent: "the IPv4 address, else a hash of the name",
  }),
  "linnet.dev/ipv4-address": may("The node's IPv4 address, also as ADDRESS/LENGTH.", own("ipv4", "IPv4 address"), {
    absent: "the first InternalIP of the family",
  }),
  "linnet.dev/ipv6-address": may("The node's IPv6 address, also as ADDRESS/LENGTH.", own("ipv6", "IPv6 address"), {
    absent: "the first InternalIP of the family",
  }),
  "linnet.dev/drain": may(
    '"true": the node goes out of service: its routes are told with GRACEFUL_SHUTDOWN (RFC 8326), then withdrawn.',
    v.picklist(["true", "false"]),
  ),
  "linnet.dev/reflector-cluster-id": may("The node is a route reflector of this cluster (RFC 4456).", routerId),
});

/** What the kubelet found: host names stand there too, so that only InternalIPs can be wrong. */
const reported = v.pipe(
  v.string(),
  v.transform((written) => ({ written, address: parseAddress(written) })),
);

const nodeCondition = excerpt({
  type: says("What it is about.", v.string()),
  status: says("Whether it is so.", v.string()),
  message: may("A sentence, for people.", v.string()),
});

/** core/v1 Node, as far as it is used. */
export const node = excerpt({
  metadata: says(
    "Name, labels and annotations.",
    excerpt({ ...metadata.entries, annotations: or({}, "Facts that the status does not give.", annotations) }),
  ),
  spec: or(
    {},
    "What the cluster assigned.",
    excerpt({
      podCIDR: may("The first Pod CIDR, where podCIDRs is absent.", cidr),
      podCIDRs: may("Blocks of pod addresses, at most one a family.", v.array(cidr)),
      taints: or([], "What keeps pods away from the node.", v.array(excerpt({ key: says("Its name.", v.string()) }))),
    }),
  ),
  status: or(
    {},
    "What the kubelet reported.",
    excerpt({
      addresses: or(
        [],
        "The node's addresses; the first InternalIP of each family is used.",
        v.array(excerpt({ type: says("Kind of address.", v.string()), address: says("The address.", reported) })),
      ),
      conditions: or([], "What is so: of Ready, that the node is shutting down.", v.array(nodeCondition)),
    }),
  ),
});
