import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { conflist } from "#cni/conflist.ts";
import type { CniConfig } from "#config/node-config.ts";
import { parsePrefix } from "#route/prefix.ts";
import { Namespaces, needsRoot } from "./namespaces.ts";

/** Where Debian puts the plugins (package containernetworking-plugins). */
const PLUGINS = "/usr/lib/cni";

const namespaces = new Namespaces("lcni");
const networkName = `lcni-test-${process.pid}`;

function config(plugin: CniConfig["plugin"]): CniConfig {
  const podCidrs = ["10.244.7.0/24", "fd00:10:244:7::/64"].flatMap((text) => parsePrefix(text) ?? []);
  return { plugin, networkName, path: "/nowhere.conflist", podCidrs, mtu: 1400, portmap: true };
}

interface Result {
  readonly ips: readonly { readonly address: string; readonly gateway: string }[];
}

/** Calls the plugins one after the other with what the one before said, as a container runtime does (CNI 1.0.0, section 3). */
function cni(command: "ADD" | "DEL", pod: string, list: string): Result {
  const { cniVersion, name, plugins } = JSON.parse(list) as {
    cniVersion: string;
    name: string;
    plugins: { type: string }[];
  };
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: `${networkName}-${pod}`,
    CNI_NETNS: namespaces.pathOf(pod),
    CNI_IFNAME: "eth0",
    CNI_PATH: PLUGINS,
  };
  let prevResult: unknown;
  for (const plugin of command === "ADD" ? plugins : plugins.toReversed()) {
    const input = JSON.stringify({ ...plugin, cniVersion, name, ...(prevResult === undefined ? {} : { prevResult }) });
    const said = namespaces.run("node", [`${PLUGINS}/${plugin.type}`], input, env);
    prevResult = said === "" ? undefined : JSON.parse(said);
  }
  return prevResult as Result;
}

beforeEach(() => {
  if (needsRoot.skip) return;
  for (const name of ["node", "a", "b"]) namespaces.add(name);
});
afterEach(() => {
  namespaces.removeAll();
  rmSync(`/var/lib/cni/networks/${networkName}`, { recursive: true, force: true });
});

describe.each(["ptp", "bridge"] as const)("the real plugins take what is written for %s", (plugin) => {
  test("pods get an address and a way out in both families, and reach each other", needsRoot, () => {
    const list = conflist(config(plugin), undefined);
    const [a, b] = [cni("ADD", "a", list), cni("ADD", "b", list)];
    expect(a.ips.map(({ address }) => address)).toEqual(["10.244.7.2/24", "fd00:10:244:7::2/64"]);
    expect(b.ips.map(({ address }) => address)).toEqual(["10.244.7.3/24", "fd00:10:244:7::3/64"]);
    for (const [family, gateway] of [
      ["-4", "10.244.7.1"],
      ["-6", "fd00:10:244:7::1"],
    ] as const) {
      expect(namespaces.run("a", ["ip", family, "route", "show", "default"])).toContain(
        `default via ${gateway} dev eth0`,
      );
    }
    expect(namespaces.run("a", ["ip", "link", "show", "eth0"])).toContain("mtu 1400");
    for (const address of ["10.244.7.3", "fd00:10:244:7::3"]) {
      expect(namespaces.run("a", ["ping", "-c1", "-W5", address])).toContain("1 received");
    }
    expect(() => namespaces.run("node", ["nft", "list", "chain", "ip", "nat", "POSTROUTING"])).toThrow(/No such file/);
    cni("DEL", "a", list);
    expect(namespaces.run("a", ["ip", "-o", "link"])).not.toContain("eth0");
  });
});
