import type { Origin, ReceivedRoute } from "./neighbour.ts";

/** What `birdc` prints, read back. */

/** `show protocols`: BGP state in lower case by protocol. */
export function birdStates(text: string): Map<string, string> {
  const states = new Map<string, string>();
  for (const line of text.split("\n")) {
    // Name, protocol, table, state, since (one or two words), info.
    const [, name = "", info = ""] = /^(\S+)\s+BGP\s+\S+\s+\S+\s+[\d:. -]+?\s+(\S.*)?$/.exec(line) ?? [];
    if (name !== "") states.set(name, (info.split(" ")[0] ?? "").toLowerCase());
  }
  return states;
}

/** `show route all`. */
export function birdRoutes(text: string): ReceivedRoute[] {
  const routes: ReceivedRoute[] = [];
  let prefix = "";
  let attributes = new Map<string, string>();
  const finish = (): void => {
    if (attributes.size > 0) routes.push(birdRoute(prefix, attributes));
    attributes = new Map();
  };
  for (const line of text.split("\n")) {
    const start = /^(\S*)\s+(unicast|unreachable|blackhole|prohibit)\s+\[/.exec(line);
    if (start) {
      finish();
      if (start[1]) prefix = start[1];
      continue;
    }
    const [, name, value] = /^\tBGP\.(\w+): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) attributes.set(name, value.trim());
  }
  finish();
  return routes;
}

function birdRoute(prefix: string, attributes: ReadonlyMap<string, string>): ReceivedRoute {
  const tuples = (name: string): string[] =>
    [...(attributes.get(name) ?? "").matchAll(/\(([^)]*)\)/g)].map(([, inside = ""]) =>
      inside.replaceAll(/,\s*/g, ":"),
    );
  const numeric = (name: string): number | undefined =>
    attributes.has(name) ? Number(attributes.get(name)) : undefined;
  const med = numeric("med");
  const localPref = numeric("local_pref");
  const originatorId = attributes.get("originator_id");
  const clusterList = attributes.get("cluster_list");
  return {
    prefix,
    origin: (attributes.get("origin") ?? "").toLowerCase() as Origin,
    asPath: (attributes.get("as_path") ?? "").split(" ").filter(Boolean).map(Number),
    nextHop: (attributes.get("next_hop") ?? "").split(" ")[0] ?? "",
    ...(med !== undefined && { med }),
    ...(localPref !== undefined && { localPref }),
    ...(originatorId !== undefined && { originatorId }),
    ...(clusterList !== undefined && { clusterList: clusterList.split(" ") }),
    communities: tuples("community")
      .map((community) => community.replaceAll(",", ":"))
      .sort(),
    extendedCommunities: tuples("ext_community").sort(),
    largeCommunities: tuples("large_community").sort(),
  };
}
