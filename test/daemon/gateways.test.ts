import { expect, test } from "vitest";
import type { GatewayPeer, NodeConfig } from "#config/node-config.ts";
import { type Gateway, Gateways } from "#daemon/gateways.ts";
import { silentLog } from "#lib/log.ts";
import type { Family } from "#route/family.ts";
import { address, nodeConfig, peerConfig } from "../support/sessions.ts";

function template(family: Family): GatewayPeer {
  const { name: _, address: __, interface: ___, ...rest } = peerConfig("", "0.0.0.0", { origin: "global" });
  return { ...rest, family };
}

function begin(families: readonly Family[] = ["ipv4"], peers = [peerConfig("tor", "192.0.2.9")]) {
  const table: Partial<Record<Family, readonly Gateway[]>> = {};
  const gateways = new Gateways((family) => table[family] ?? [], silentLog);
  const config: NodeConfig = nodeConfig(1, peers, { gatewayPeers: families.map(template) });
  const route = (family: Family, ...addresses: string[]): void => {
    table[family] = addresses.map((text) => ({ address: address(text), interface: "eth0" }));
  };
  const names = (): string[] => gateways.resolve(config).peers.map(({ name }) => name);
  return { gateways, config, route, names };
}

test("gateways of the default route are neighbours, all of them where it has several", () => {
  const { route, names } = begin();
  expect(names()).toEqual(["tor"]);
  route("ipv4", "192.0.2.1");
  expect(names()).toEqual(["tor", "Global_192_0_2_1"]);
  route("ipv4", "192.0.2.1", "192.0.2.2");
  expect(names()).toEqual(["tor", "Global_192_0_2_1", "Global_192_0_2_2"]);
});

test("another default route is noticed; none at all leaves the last neighbours where they are", () => {
  const { gateways, config, route, names } = begin();
  route("ipv4", "192.0.2.1");
  expect(gateways.haveMoved(config)).toBe(true);
  const before = gateways.resolve(config).peers[1];
  expect(gateways.haveMoved(config)).toBe(false);
  route("ipv4");
  expect(gateways.haveMoved(config)).toBe(false);
  expect(gateways.resolve(config).peers[1]).toBe(before);
  route("ipv4", "192.0.2.3");
  expect(gateways.haveMoved(config)).toBe(true);
  expect(names()).toEqual(["tor", "Global_192_0_2_3"]);
});

test("a link-local gateway is one on its interface; one that is a neighbour already is not twice", () => {
  const { gateways, config, route } = begin(["ipv6", "ipv4"], [peerConfig("tor", "192.0.2.1")]);
  route("ipv6", "fe80::1");
  route("ipv4", "192.0.2.1");
  const { peers } = gateways.resolve(config);
  expect(peers.map((peer) => [peer.name, peer.interface])).toEqual([
    ["tor", undefined],
    ["Global_fe80__1_eth0", "eth0"],
  ]);
});

test("a configuration without such neighbours is taken as it is", () => {
  const { gateways, config, route } = begin([]);
  route("ipv4", "192.0.2.1");
  expect(gateways.haveMoved(config)).toBe(false);
  expect(gateways.resolve(config)).toBe(config);
});
