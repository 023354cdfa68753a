import { expect, test } from "vitest";
import { conflist } from "#cni/conflist.ts";
import type { CniConfig } from "#config/node-config.ts";
import { type Prefix, parsePrefix } from "#route/prefix.ts";

const prefixes = (...texts: string[]): Prefix[] => texts.flatMap((text) => parsePrefix(text) ?? []);
const config = (changes: Partial<CniConfig> = {}): CniConfig => ({
  plugin: "ptp",
  networkName: "linnet",
  path: "/etc/cni/net.d/10-linnet.conflist",
  podCidrs: prefixes("10.244.1.0/24", "fd00:10:244:1::/64"),
  mtu: undefined,
  portmap: true,
  ...changes,
});
const plugins = (changes: Partial<CniConfig>, uplinkMtu?: number): unknown[] =>
  (JSON.parse(conflist(config(changes), uplinkMtu)) as { plugins: unknown[] }).plugins;

test("dual stack by ptp", () => {
  expect(JSON.parse(conflist(config(), 9000))).toEqual({
    cniVersion: "1.0.0",
    name: "linnet",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        mtu: 9000,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:10:244:1::/64" }]],
          routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  });
});

test("a bridge is the gateway and lets pods reach themselves", () => {
  expect(plugins({ plugin: "bridge", portmap: false })).toMatchObject([
    { type: "bridge", bridge: "linnet0", isGateway: true, hairpinMode: true, ipMasq: false },
  ]);
});

test("a single family gets no default route of the other", () => {
  expect(plugins({ podCidrs: prefixes("fd00::/64") })[0]).toMatchObject({
    ipam: { ranges: [[{ subnet: "fd00::/64" }]], routes: [{ dst: "::/0" }] },
  });
});

test("the configured MTU wins over the uplink's; where neither is known none is said", () => {
  expect(plugins({ mtu: 1400 }, 9000)[0]).toMatchObject({ mtu: 1400 });
  expect(plugins({}, undefined)[0]).not.toHaveProperty("mtu");
});
