import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { daemonAddress, localAs } from "../lab/address-plan.ts";
import { type Daemon, markPrefix, type Neighbour, type Program, type Setup } from "./daemon.ts";
import { type Place, versionOf } from "./version.ts";

const folder = "/usr/lib/frr";

/** FRRouting's bgpd, and zebra where routes go into the kernel. */
export const frr = (name: string, place: Omit<Place, "command">): Daemon => ({
  name,
  features: new Set(["kernel", "originate", "mark"]),
  version: () => versionOf({ ...place, command: join(folder, "bgpd") }, ["--version"]),
  prepare(setup, directory) {
    // It gives up root and writes its sockets as a user of its own.
    chmodSync(directory, 0o777);
    const zebra = join(directory, "zebra.sock");
    const bgpd = program(place, "bgpd", directory, configuration(setup));
    // -Z: no zebra, all next hops are taken as reachable
    if (!setup.kernel) return [{ ...bgpd, args: [...bgpd.args, "-Z"] }];
    const base = program(place, "zebra", directory, "");
    return [
      { ...base, args: [...base.args, "-z", zebra] },
      { ...bgpd, args: [...bgpd.args, "-z", zebra], after: zebra },
    ];
  },
});

function program(place: Omit<Place, "command">, name: string, directory: string, configuration: string): Program {
  const file = join(directory, `${name}.conf`);
  writeFileSync(file, configuration);
  const own = ["-f", file, "-i", join(directory, `${name}.pid`), "--vty_socket", directory, "-P", "0"];
  return {
    ...place,
    command: join(folder, name),
    args: [...own, "--log", "stdout", "--log-level", "errors"],
  };
}

function configuration(setup: Setup): string {
  const own = daemonAddress(0);
  return [
    `ip prefix-list mark permit ${markPrefix}`,
    "route-map mark permit 10",
    " match ip address prefix-list mark",
    "route-map none deny 10",
    // With the usual 10,000 messages bgpd 10.7 stops reading a large table, until its neighbour's next KEEPALIVE comes.
    "bgp input-queue-limit 1000000",
    "bgp output-queue-limit 1000000",
    `router bgp ${localAs}`,
    ` bgp router-id ${own}`,
    " no bgp ebgp-requires-policy",
    " no bgp network import-check",
    // Equal paths: the lower router id, as RFC 4271 §9.1.2.2 (f) says, not the older path.
    " bgp bestpath compare-routerid",
    " no bgp default ipv4-unicast",
    // Both wait on purpose by default; nobody else here does.
    " coalesce-time 0",
    ...setup.neighbours.flatMap((neighbour) => session(setup, neighbour)),
    ...setup.families.flatMap((family) => [
      ` address-family ${family} unicast`,
      ...(setup.originate === undefined || family === "ipv6" ? [] : [`  network ${setup.originate}`]),
      ...setup.neighbours.flatMap((neighbour) => activation(neighbour)),
      " exit-address-family",
    ]),
    "",
  ].join("\n");
}

function session(setup: Setup, { address, as, link }: Neighbour): string[] {
  return [
    ` neighbor ${address} remote-as ${as}`,
    ` neighbor ${address} passive`,
    ` neighbor ${address} update-source ${daemonAddress(link)}`,
    ` neighbor ${address} timers ${Math.floor(setup.holdSeconds / 3)} ${setup.holdSeconds}`,
    ` neighbor ${address} advertisement-interval 0`,
  ];
}

function activation({ address, export: exported, as, client }: Neighbour): string[] {
  return [
    `  neighbor ${address} activate`,
    ...(exported === "all" ? [] : [`  neighbor ${address} route-map ${exported} out`]),
    ...(as === localAs ? [] : [`  neighbor ${address} next-hop-self`]),
    ...(client ? [`  neighbor ${address} route-reflector-client`] : []),
  ];
}
