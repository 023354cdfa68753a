import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { daemonAddress, localAs } from "../lab/address-plan.ts";
import { type Daemon, markPrefix, type Neighbour, type Setup } from "./daemon.ts";
import { type Place, versionOf } from "./version.ts";

/** GoBGP, by itself: it has no way into the kernel but another daemon. */
export const gobgp = (name: string, place: Place): Daemon => ({
  name,
  features: new Set(["mark"]),
  version: () => versionOf(place, ["--version"]),
  prepare(setup, directory) {
    const file = join(directory, "gobgp.toml");
    writeFileSync(file, configuration(setup));
    return [{ ...place, args: ["-f", file, "-t", "toml", "--api-hosts", "127.0.0.1:50051", "-l", "warn"] }];
  },
});

function configuration(setup: Setup): string {
  return [
    "[global.config]",
    `  as = ${localAs}`,
    `  router-id = "${daemonAddress(0)}"`,
    `  local-address-list = ["0.0.0.0"]`,
    "[global.route-selection-options.config]",
    "  external-compare-router-id = true",
    "[global.apply-policy.config]",
    `  export-policy-list = ["told"]`,
    `  default-export-policy = "accept-route"`,
    ...policy(setup.neighbours),
    ...setup.neighbours.flatMap((neighbour) => session(setup, neighbour)),
    "",
  ].join("\n");
}

function policy(neighbours: readonly Neighbour[]): string[] {
  const addresses = (exported: Neighbour["export"]): string =>
    neighbours.flatMap((one) => (one.export === exported ? [`"${one.address}/32"`] : [])).join(", ");
  const set = (exported: "none" | "mark"): string[] => [
    "[[defined-sets.neighbor-sets]]",
    `  neighbor-set-name = "${exported}"`,
    `  neighbor-info-list = [${addresses(exported) || '"192.0.2.255/32"'}]`,
  ];
  const statement = (name: string, set: string, disposition: string): string[] => [
    "  [[policy-definitions.statements]]",
    `    name = "${name}"`,
    "    [policy-definitions.statements.conditions.match-neighbor-set]",
    `      neighbor-set = "${set}"`,
    ...(disposition === "accept-route"
      ? ["    [policy-definitions.statements.conditions.match-prefix-set]", '      prefix-set = "mark"']
      : []),
    "    [policy-definitions.statements.actions]",
    `      route-disposition = "${disposition}"`,
  ];
  return [
    "[[defined-sets.prefix-sets]]",
    '  prefix-set-name = "mark"',
    "  [[defined-sets.prefix-sets.prefix-list]]",
    `    ip-prefix = "${markPrefix}"`,
    ...set("none"),
    ...set("mark"),
    "[[policy-definitions]]",
    '  name = "told"',
    ...statement("nothing", "none", "reject-route"),
    ...statement("mark", "mark", "accept-route"),
    ...statement("rest", "mark", "reject-route"),
  ];
}

function session(setup: Setup, neighbour: Neighbour): string[] {
  return [
    "[[neighbors]]",
    "  [neighbors.config]",
    `    neighbor-address = "${neighbour.address}"`,
    `    peer-as = ${neighbour.as}`,
    "  [neighbors.transport.config]",
    "    passive-mode = true",
    `    local-address = "${daemonAddress(neighbour.link)}"`,
    "  [neighbors.timers.config]",
    `    hold-time = ${setup.holdSeconds}`,
    ...(neighbour.client
      ? [
          "  [neighbors.route-reflector.config]",
          "    route-reflector-client = true",
          `    route-reflector-cluster-id = "${daemonAddress(0)}"`,
        ]
      : []),
    ...setup.families.flatMap((family) => [
      "  [[neighbors.afi-safis]]",
      "    [neighbors.afi-safis.config]",
      `      afi-safi-name = "${family}-unicast"`,
    ]),
  ];
}
