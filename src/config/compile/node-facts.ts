import { fnv1a } from "#lib/fnv1a.ts";
import type { Address } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import type { Prefix } from "#route/prefix.ts";
import type { ConfigObject } from "../objects.ts";
import type { BgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import { parseAsNumber } from "../schema/scalars.ts";
import type { Report } from "./report.ts";
import { settingsFor } from "./settings.ts";

/** What one Node object says about the node, annotations, labels and overrides taken into account. */
export interface NodeFacts {
  readonly object: ConfigObject<"Node">;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly as: number;
  readonly port: number;
  readonly routerId: number;
  /** Given by annotation: the node reflects (RFC 4456). */
  readonly clusterId: number | undefined;
  readonly addresses: Readonly<Partial<Record<Family, Address>>>;
  /** Without those that an earlier node has. */
  readonly podCidrs: readonly Prefix[];
}

/** What one Node says; `spec` for AS numbers by label or override, and ports. */
export function factsOf(object: ConfigObject<"Node">, spec: BgpConfigurationSpec, report: Report): NodeFacts {
  const { name, value } = object;
  const { labels, annotations } = value.metadata;
  const settings = settingsFor(spec, labels);
  const addresses = addressesOf(object, report);
  const podCidrs = value.spec.podCIDRs ?? (value.spec.podCIDR === undefined ? [] : [value.spec.podCIDR]);
  for (const [index, { family }] of podCidrs.entries()) {
    if (addresses[family] !== undefined) continue;
    const path = ["spec", "podCIDRs", index];
    report.warning(object, path, `no node address of ${familyName(family)} is known to reach it through`);
  }
  return {
    object,
    name,
    labels,
    as: annotations["linnet.dev/as-number"] ?? asFromLabel(object, spec, report) ?? settings.asNumber,
    port: settings.listenPort,
    routerId: annotations["linnet.dev/router-id"] ?? addresses.ipv4?.words[0] ?? hashedRouterId(name),
    clusterId: annotations["linnet.dev/reflector-cluster-id"],
    addresses,
    podCidrs,
  };
}

const familyName = (family: Family): string => (family === "ipv4" ? "IPv4" : "IPv6");

function asFromLabel(
  object: ConfigObject<"Node">,
  { asNumberLabel }: BgpConfigurationSpec,
  report: Report,
): number | undefined {
  const text = asNumberLabel === undefined ? undefined : object.value.metadata.labels[asNumberLabel];
  if (asNumberLabel === undefined || text === undefined) return undefined;
  const as = parseAsNumber(text);
  if (as === undefined) {
    const path = ["metadata", "labels", asNumberLabel];
    report.error(
      object,
      path,
      `${JSON.stringify(text)} is not an AS number: write 1 to 4294967295, or asdot like "1.10"`,
    );
  }
  return as;
}

/** The first InternalIP of each family, unless an annotation gives another. */
function addressesOf(object: ConfigObject<"Node">, report: Report): Partial<Record<Family, Address>> {
  const { annotations } = object.value.metadata;
  const found: Partial<Record<Family, Address>> = {};
  for (const [index, { type, address }] of object.value.status.addresses.entries()) {
    if (type !== "InternalIP") continue;
    if (address.address !== undefined) found[address.address.family] ??= address.address;
    else {
      const path = ["status", "addresses", index, "address"];
      report.warning(object, path, `${JSON.stringify(address.written)} is not an IP address, and is not used`);
    }
  }
  for (const family of families) {
    const given = annotations[`linnet.dev/${family}-address`];
    if (given !== undefined) found[family] = given;
  }
  return found;
}

/** For nodes without an IPv4 address: a hash of the name, and 1 in place of 0 (RFC 6286 §2.1). */
const hashedRouterId = (name: string): number => fnv1a(name) || 1;
