import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { daemonAddress, daemonAddress6, localAs } from "../lab/address-plan.ts";
import { type Daemon, markPrefix, type Neighbour, type Setup } from "./daemon.ts";
import { type Place, versionOf } from "./version.ts";

/** BIRD 2 or 3. */
export const bird = (name: string, place: Place): Daemon => ({
  name,
  features: new Set(["kernel", "originate", "mark", "birdc"]),
  version: () => versionOf(place, ["--version"]),
  prepare(setup, directory) {
    const file = join(directory, "bird.conf");
    writeFileSync(file, configuration(setup));
    return [
      { ...place, args: ["-f", "-c", file, "-s", join(directory, "bird.ctl"), "-P", join(directory, "bird.pid")] },
    ];
  },
  controlSocket: (directory) => join(directory, "bird.ctl"),
});

function configuration(setup: Setup): string {
  const kernel = (family: string): string =>
    `protocol kernel { ${family} { import none; export where source = RTS_BGP; }; }`;
  return [
    `router id ${daemonAddress(0)};`,
    "protocol device { }",
    "protocol direct { ipv4; ipv6; }",
    ...(setup.kernel ? setup.families.map(kernel) : []),
    ...(setup.originate === undefined ? [] : [`protocol static { ipv4; route ${setup.originate} blackhole; }`]),
    `filter mark { if net = ${markPrefix} then accept; reject; }`,
    ...setup.neighbours.map((neighbour) => session(setup, neighbour)),
    "",
  ].join("\n");
}

function session(setup: Setup, neighbour: Neighbour): string {
  const own = daemonAddress(neighbour.link);
  const external = neighbour.as !== localAs;
  const exported = { all: "where source = RTS_BGP || source = RTS_STATIC", none: "none", mark: "filter mark" }[
    neighbour.export
  ];
  const channel = setup.families.map((family) => {
    const nextHop = external ? `next hop address ${family === "ipv4" ? own : daemonAddress6(neighbour.link)};` : "";
    return `  ${family} { import all; export ${exported}; ${nextHop} };`;
  });
  return [
    `protocol bgp n${neighbour.index} {`,
    `  local ${own} as ${localAs}; neighbor ${neighbour.address} as ${neighbour.as}; passive; direct;`,
    `  hold time ${setup.holdSeconds};`,
    ...(neighbour.client ? ["  rr client;"] : []),
    ...channel,
    "}",
  ].join("\n");
}
