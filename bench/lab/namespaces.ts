import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  daemonAddress,
  daemonAddress6,
  device,
  farAddress,
  farAddress6,
  links,
  neighbourAddress,
  neighbourBlock,
  onLinkLength,
} from "./address-plan.ts";

/** The daemon's and the neighbours' network namespaces, made for one run and removed after it. */
export interface Namespaces {
  readonly daemon: string;
  readonly neighbours: string;
}

const prefix = "lnb";

function ip(batch: readonly string[], namespace?: string): void {
  const where = namespace === undefined ? [] : ["-n", namespace];
  execFileSync("ip", [...where, "-batch", "-"], {
    input: `${batch.join("\n")}\n`,
    stdio: ["pipe", "ignore", "inherit"],
  });
}

export function createNamespaces(): Namespaces {
  removeAbandoned();
  const names = { daemon: `${prefix}${process.pid}d`, neighbours: `${prefix}${process.pid}n` };
  ip([`netns add ${names.daemon}`, `netns add ${names.neighbours}`]);
  // Duplicate address detection would change interfaces while a daemon is being timed.
  for (const name of Object.values(names)) {
    execFileSync("ip", ["netns", "exec", name, "sysctl", "-q", "net.ipv6.conf.default.accept_dad=0"]);
  }
  for (const link of links) {
    // Where both ends have one index, the kernel takes up to a second to tell of a change of carrier.
    const ends = `${device(link)} index ${10 + link} type veth peer name ${device(link)} index ${20 + link}`;
    ip([`link add ${ends} netns ${names.neighbours}`], names.daemon);
  }
  ip(
    ["link set lo up", ...links.flatMap((link) => plug(link, daemonAddress(link), daemonAddress6(link)))],
    names.daemon,
  );
  ip(
    [
      "link set lo up",
      ...links.flatMap((link) => [
        ...plug(link, farAddress(link), farAddress6(link)),
        `route add local ${neighbourBlock(link)} dev lo`,
      ]),
    ],
    names.neighbours,
  );
  return names;
}

const plug = (link: (typeof links)[number], address: string, address6: string): string[] => [
  `addr add ${address}/${onLinkLength} dev ${device(link)}`,
  `addr add ${address6}/64 dev ${device(link)} nodad`,
  `link set ${device(link)} up`,
];

/**
 * Permanent ARP entries for the first `count` neighbours of link 0. The kernel's default table holds 1,024 others, for
 * the whole machine.
 */
export function pinNeighbours(namespaces: Namespaces, count: number): void {
  const text = execFileSync("ip", ["-n", namespaces.neighbours, "link", "show", device(0)], { encoding: "utf8" });
  const mac = /link\/ether (\S+)/.exec(text)?.[1];
  if (mac === undefined) throw new Error(`no link-layer address in: ${text}`);
  const entry = (index: number): string =>
    `neigh replace ${neighbourAddress(index)} lladdr ${mac} dev ${device(0)} nud permanent`;
  ip(
    Array.from({ length: count }, (_, index) => entry(index)),
    namespaces.daemon,
  );
}

/** Waits until the kernel says that the links are up. */
export async function carrier(namespaces: Namespaces): Promise<void> {
  for (let turn = 0; turn < 300; turn++) {
    const text = execFileSync("ip", ["-n", namespaces.daemon, "-o", "link", "show", "type", "veth"], {
      encoding: "utf8",
    });
    if (text.match(/state UP/g)?.length === links.length) return;
    await sleep(10);
  }
  throw new Error("the links did not come up");
}

/** Takes the neighbours' end of a link down (the daemon loses its carrier) or up again. */
export function setCarrier(namespaces: Namespaces, link: (typeof links)[number], up: boolean): void {
  ip([`link set ${device(link)} ${up ? "up" : "down"}`], namespaces.neighbours);
}

export function removeNamespaces(names: Namespaces): void {
  for (const name of [names.daemon, names.neighbours]) {
    if (existsSync(`/run/netns/${name}`)) ip([`netns delete ${name}`]);
  }
}

/** Removes what a killed run left behind. */
function removeAbandoned(): void {
  if (!existsSync("/run/netns")) return;
  for (const name of readdirSync("/run/netns")) {
    const owner = new RegExp(`^${prefix}(\\d+)[dn]$`).exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) ip([`netns delete ${name}`]);
  }
}
