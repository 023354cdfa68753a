import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { daemonAddress, localAs } from "../lab/address-plan.ts";
import { type Daemon, markPrefix, type Neighbour, type Setup } from "./daemon.ts";
import { type Place, versionOf } from "./version.ts";

/** OpenBGPD; on Linux it does not touch the kernel's table. */
export const openbgpd = (name: string, place: Place): Daemon => ({
  name,
  features: new Set(["originate", "mark"]),
  version: () => versionOf(place, ["-V"]),
  prepare(setup, directory) {
    const file = join(directory, "bgpd.conf");
    // Its service file makes this: the home of its user, for chroot.
    mkdirSync("/run/openbgpd", { recursive: true });
    // It refuses a file that others may read.
    writeFileSync(file, configuration(setup, directory), { mode: 0o600 });
    return [{ ...place, args: ["-d", "-f", file] }];
  },
});

function configuration(setup: Setup, directory: string): string {
  return [
    `AS ${localAs}`,
    `router-id ${daemonAddress(0)}`,
    `holdtime ${setup.holdSeconds}`,
    `listen on ${daemonAddress(0)}`,
    `socket "${join(directory, "bgpd.sock")}"`,
    ...(setup.originate === undefined ? [] : [`network ${setup.originate}`]),
    ...setup.neighbours.map((neighbour) => session(setup, neighbour)),
    "allow from any",
    "allow to any",
    "match to ebgp set nexthop self",
    ...setup.neighbours.flatMap(exports),
    "",
  ].join("\n");
}

function session(setup: Setup, neighbour: Neighbour): string {
  const announce = (["ipv4", "ipv6"] as const).map(
    (family) =>
      `announce ${family === "ipv4" ? "IPv4" : "IPv6"} ${setup.families.includes(family) ? "unicast" : "none"}`,
  );
  return [
    `neighbor ${neighbour.address} {`,
    `  remote-as ${neighbour.as}`,
    `  local-address ${daemonAddress(neighbour.link)}`,
    "  passive",
    ...(neighbour.client ? ["  route-reflector"] : []),
    ...announce.map((line) => `  ${line}`),
    "}",
  ].join("\n");
}

/** The last rule that matches decides. */
function exports({ address, export: exported }: Neighbour): string[] {
  if (exported === "all") return [];
  return [`deny to ${address}`, ...(exported === "mark" ? [`allow to ${address} prefix ${markPrefix}`] : [])];
}
