import { expect, test } from "vitest";
import { findSysctls, type SysctlFiles, type SysctlNeeds, settleSysctls } from "#kernel/sysctl.ts";
import type { Log } from "#lib/log.ts";

const fresh: Readonly<Record<string, string>> = {
  "net/ipv4/ip_forward": "0\n",
  "net/ipv6/conf/all/forwarding": "0\n",
  "net/ipv6/conf/eth0.7/accept_ra": "1\n",
  "net/ipv4/nexthop_compat_mode": "1\n",
  "net/ipv4/conf/all/rp_filter": "0\n",
  "net/ipv4/conf/eth0/rp_filter": "1\n",
  "net/ipv4/fib_multipath_hash_policy": "0\n",
  "net/ipv6/fib_multipath_hash_policy": "0\n",
};

const needs = (change: Partial<SysctlNeeds["kernel"]> = {}): SysctlNeeds => ({
  families: ["ipv4", "ipv6"],
  interfaces: ["eth0"],
  advertised: ["eth0.7"],
  kernel: { maxPaths: 8, nextHopObjects: "auto", setSysctls: true, ...change },
});

/** Files in memory, and what was logged. */
function world(values: Readonly<Record<string, string>>, readOnly: readonly string[] = []) {
  const now: Record<string, string> = { ...values };
  const lines: string[] = [];
  const files: SysctlFiles = {
    read: (name) => now[name],
    write(name, value) {
      if (readOnly.includes(name)) return "EROFS";
      now[name] = value;
      return undefined;
    },
  };
  const line = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const log: Log = {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    with: () => log,
  };
  return { now, lines, files, log };
}

test("router advertisements are kept before forwarding is turned on", () => {
  const { files } = world(fresh);
  const names = findSysctls(needs(), files.read)
    .filter(({ kind }) => kind === "set")
    .map(({ name, wanted }) => `${name}=${wanted}`);
  expect(names).toEqual([
    "net/ipv6/conf/eth0.7/accept_ra=2",
    "net/ipv4/ip_forward=1",
    "net/ipv6/conf/all/forwarding=1",
    "net/ipv4/nexthop_compat_mode=0",
  ]);
});

test("what is ours is set, what is the operator's is only told, and the second time there is nothing to set", () => {
  const { now, lines, files, log } = world(fresh);
  const left = settleSysctls(needs(), files, log);
  expect(left.map(({ name }) => name)).toEqual([
    "net/ipv4/conf/eth0/rp_filter",
    "net/ipv4/fib_multipath_hash_policy",
    "net/ipv6/fib_multipath_hash_policy",
  ]);
  expect(now["net/ipv4/ip_forward"]).toBe("1");
  expect(now["net/ipv4/conf/eth0/rp_filter"]).toBe("1\n");
  expect(lines[0]).toContain("info net.ipv6.conf.eth0.7.accept_ra was 1, is 2 now");
  expect(settleSysctls(needs(), files, log)).toEqual(left);
});

test("where configuration forbids it, every setting is named and none is written", () => {
  const { now, lines, files, log } = world(fresh);
  settleSysctls(needs({ setSysctls: false }), files, log);
  expect(now).toEqual(fresh);
  expect(lines).toContainEqual(expect.stringContaining("warn net.ipv4.ip_forward is 0, should be 1: without it"));
});

test("a setting that cannot be written is named with the reason", () => {
  const { lines, files, log } = world(fresh, ["net/ipv4/ip_forward"]);
  const left = settleSysctls(needs(), files, log);
  expect(left.map(({ name }) => name)).toContain("net/ipv4/ip_forward");
  expect(lines).toContainEqual(expect.stringContaining("warn net.ipv4.ip_forward is 0 and cannot be set to 1 (EROFS)"));
});

test("settings that the kernel does not have, or that nothing needs, are left out", () => {
  const { files } = world({ "net/ipv4/nexthop_compat_mode": "1", "net/ipv4/fib_multipath_hash_policy": "0" });
  expect(findSysctls(needs({ maxPaths: 1, nextHopObjects: "never" }), files.read)).toEqual([]);
  expect(findSysctls(needs({ maxPaths: 1 }), files.read).map(({ name }) => name)).toEqual([
    "net/ipv4/nexthop_compat_mode",
  ]);
});
