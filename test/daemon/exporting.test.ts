import { expect, test } from "vitest";
import type { EstablishedSession } from "#bgp/ports.ts";
import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import { exportContextOf, type LinkAddresses } from "#daemon/exporting.ts";
import { type Address, formatAddress, parseAddress } from "#route/address.ts";
import type { Family } from "#route/family.ts";

const at = (text: string): Address => parseAddress(text) as Address;

/** One link, number 2, with these addresses, that leads to 192.0.2.0/24 and 2001:db8::/64 alone. */
function links(own: readonly string[]): LinkAddresses {
  const addresses = own.map(at);
  const near = (address: Address) => /^(192\.0\.2\.|2001:db8::|fe80::)/.test(formatAddress(address));
  const isLinkLocal = (address: Address) => formatAddress(address).startsWith("fe80");
  return {
    byName: (name) => (name === "eth0" ? { index: 2 } : undefined),
    holding: (address) =>
      addresses.some((each) => formatAddress(each) === formatAddress(address)) ? { index: 2 } : undefined,
    reaching: (address) => (near(address) ? { link: 2 } : undefined),
    addressOn: (_link, family, linkLocal = false) =>
      addresses.find((address) => address.family === family && isLinkLocal(address) === linkLocal),
  };
}

function nextHops(
  session: {
    local: string;
    remote: string;
    families?: readonly Family[];
    extendedNextHop?: boolean;
    unnumbered?: boolean;
  },
  own: readonly string[],
  node: Partial<Record<Family, string>> = {},
) {
  const { local, remote, families = ["ipv4", "ipv6"], extendedNextHop = false, unnumbered = false } = session;
  const established = {
    external: true,
    localAs: 64512,
    localAddress: at(local),
    remoteAddress: at(remote),
    interface: unnumbered ? "eth0" : undefined,
    families,
    extendedNextHop,
    maxMessageOctets: 4096,
    fourOctetAs: true,
  } as unknown as EstablishedSession;
  const addresses = Object.fromEntries(Object.entries(node).map(([family, text]) => [family, at(text)]));
  const config = { clusterId: 1, addresses } as unknown as NodeConfig;
  const peer = { nextHop: "auto", reflectorClient: false, unnumbered } as unknown as PeerConfig;
  const { ownNextHops } = exportContextOf(established, peer, config, links(own));
  return Object.fromEntries(
    Object.entries(ownNextHops).map(([family, { address, linkLocal }]) => [
      family,
      [formatAddress(address), ...(linkLocal === undefined ? [] : [formatAddress(linkLocal)])].join(" "),
    ]),
  );
}

test("over IPv4 on link, IPv6 routes go with the link's own IPv6 addresses, global and link-local (RFC 2545 §3)", () => {
  const own = ["192.0.2.1", "2001:db8::1", "fe80::1"];
  expect(nextHops({ local: "192.0.2.1", remote: "192.0.2.9" }, own, { ipv6: "2001:db8:ffff::1" })).toEqual({
    ipv4: "192.0.2.1",
    ipv6: "2001:db8::1 fe80::1",
  });
});

test("of several addresses of the link the node's own goes", () => {
  const own = ["192.0.2.1", "2001:db8::1", "2001:db8::2", "fe80::1"];
  const session = { local: "192.0.2.1", remote: "192.0.2.9" };
  expect(nextHops(session, own, { ipv6: "2001:db8::2" })).toEqual({ ipv4: "192.0.2.1", ipv6: "2001:db8::2 fe80::1" });
});

test("to a distant neighbour the node's own address goes, and no link-local one", () => {
  const own = ["192.0.2.1", "2001:db8::1", "fe80::1"];
  expect(nextHops({ local: "192.0.2.1", remote: "198.51.100.9" }, own, { ipv6: "2001:db8:ffff::1" })).toEqual({
    ipv4: "192.0.2.1",
    ipv6: "2001:db8:ffff::1",
  });
});

test("over IPv6 without any IPv4 address, IPv4 goes with the IPv6 next hop where that was agreed (RFC 8950), else not at all", () => {
  const own = ["2001:db8::1", "fe80::1"];
  const session = { local: "2001:db8::1", remote: "2001:db8::9" };
  expect(nextHops({ ...session, extendedNextHop: true }, own)).toEqual({
    ipv4: "2001:db8::1 fe80::1",
    ipv6: "2001:db8::1 fe80::1",
  });
  expect(nextHops(session, own)).toEqual({ ipv6: "2001:db8::1 fe80::1" });
});

test("over link-local addresses alone the link-local address is the next hop", () => {
  expect(nextHops({ local: "fe80::1", remote: "fe80::9", families: ["ipv6"] }, ["fe80::1"])).toEqual({
    ipv6: "fe80::1",
  });
});

test("to an unnumbered neighbour that takes IPv6 next hops only addresses of the link go, for both families", () => {
  const node = { ipv4: "10.0.0.1", ipv6: "2001:db8:ffff::1" };
  const session = { local: "fe80::1", remote: "fe80::9", extendedNextHop: true, unnumbered: true };
  expect(nextHops(session, ["fe80::1"], node)).toEqual({ ipv4: "fe80::1", ipv6: "fe80::1" });
  expect(nextHops(session, ["fe80::1", "2001:db8::1", "192.0.2.1"], node)).toEqual({
    ipv4: "2001:db8::1 fe80::1",
    ipv6: "2001:db8::1 fe80::1",
  });
  expect(nextHops({ ...session, extendedNextHop: false }, ["fe80::1"], node)).toEqual({
    ipv4: "10.0.0.1",
    ipv6: "2001:db8:ffff::1 fe80::1",
  });
});
