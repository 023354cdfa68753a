import type { CniConfig } from "#config/node-config.ts";
import { families } from "#route/family.ts";
import { formatPrefix } from "#route/prefix.ts";

/** Plugins of Debian 12 (1.1.1) and later know it. */
const CNI_VERSION = "1.0.0";
/** At most 15 characters, as interface names are. */
const BRIDGE = "linnet0";
const DEFAULT_ROUTE = { ipv4: "0.0.0.0/0", ipv6: "::/0" } as const;

/**
 * The network configuration list (CNI specification 1.0.0, section 1) that connects a node's pods: text of a file. Pods
 * get an address of each Pod CIDR and leave by the node in both families; their packets are never masqueraded here.
 * @param uplinkMtu octets; for configurations that name no MTU
 */
export function conflist(config: CniConfig, uplinkMtu: number | undefined): string {
  const plugins = [{ ...interfacePlugin(config, config.mtu ?? uplinkMtu), ipam: ipam(config) }, ...portmap(config)];
  return `${JSON.stringify({ cniVersion: CNI_VERSION, name: config.networkName, plugins }, undefined, 2)}\n`;
}

function interfacePlugin({ plugin }: CniConfig, mtu: number | undefined): object {
  const common = { type: plugin, ipMasq: false, ...(mtu === undefined ? {} : { mtu }) };
  // A hairpin lets a pod reach itself through a Service's address.
  return plugin === "ptp" ? common : { ...common, bridge: BRIDGE, isGateway: true, hairpinMode: true };
}

function ipam({ podCidrs }: CniConfig): object {
  const present = families.filter((family) => podCidrs.some((prefix) => prefix.family === family));
  return {
    type: "host-local",
    ranges: podCidrs.map((prefix) => [{ subnet: formatPrefix(prefix) }]),
    routes: present.map((family) => ({ dst: DEFAULT_ROUTE[family] })),
  };
}

function portmap({ portmap: wanted }: CniConfig): object[] {
  return wanted ? [{ type: "portmap", capabilities: { portMappings: true }, snat: true }] : [];
}
