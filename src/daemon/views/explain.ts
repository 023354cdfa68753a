import type { Explanation, PathExplanation, PolicyVerdict, ToldExplanation } from "#control/views.ts";
import { OWN } from "#kernel/route-store.ts";
import type { Reason } from "#rib/policy.ts";
import type { Neighbour } from "#rib/rib.ts";
import type { ExportView, PathView, Standing } from "#rib/views.ts";
import type { Address } from "#route/address.ts";
import { type Prefix, samePrefix } from "#route/prefix.ts";
import type { Daemon } from "../daemon.ts";
import type { RouteViews } from "./routes.ts";

/** The way of one destination through the daemon, recomputed from its state: nothing was recorded for it. */
export function explain(daemon: Daemon, views: RouteViews, target: Prefix | Address): Explanation {
  const { rib } = views;
  const id = "length" in target ? rib.find(target) || rib.lookUp({ ...target }, target.length) : rib.lookUp(target);
  const prefix = id === 0 ? undefined : rib.prefix(target.family, id);
  if (prefix === undefined) return { prefix, paths: [], kernel: undefined, told: [] };
  const paths = views.paths(prefix.family, id);
  return {
    prefix,
    paths: paths.map((path) => explainPath(views, prefix, path)),
    kernel: explainKernel(daemon, views, prefix, id, paths),
    told: explainAllTold(daemon, views, prefix),
  };
}

function explainPath(views: RouteViews, prefix: Prefix, path: PathView): PathExplanation {
  const route = views.route(prefix, path.id);
  return {
    route,
    receivedFrom: path.neighbour?.config.name ?? path.own?.source ?? route.protocol,
    importVerdict: explainImport(views, prefix, path.neighbour),
    selection: explainSelection(path),
    nextHop: path.nextHop && {
      address: path.nextHop,
      through: path.resolution && "the kernel's links and routes",
      hops: route.hops,
    },
  };
}

function explainImport(views: RouteViews, prefix: Prefix, neighbour: Neighbour | undefined): PolicyVerdict {
  if (neighbour === undefined) return { accepted: true, by: "it is the node's own" };
  const verdict = views.rib.explainImport(neighbour, prefix);
  if (verdict === undefined) return { accepted: true, by: "its session is down" };
  const { accepted, reason } = verdict;
  if (reason === "looped") return { accepted, by: "our AS number or cluster is in its path" };
  if (reason === "default route") return { accepted, by: "a default route is never taken from a node" };
  if ("node" in reason) {
    return { accepted, by: `the origin check: these pod addresses belong to Node/${reason.node}` };
  }
  return { accepted, by: reasonText(accepted, reason) };
}

function reasonText(accepted: boolean, reason: Reason): string {
  switch (reason.kind) {
    case "drained":
      return "the node is out of service";
    case "advertised":
      return "it is of a kind that is advertised";
    case "statement":
      return `BGPPolicy/${reason.policy}, statement ${reason.statement + 1}`;
    case "no policy":
      return accepted
        ? "internal neighbours are open, and no policy is set"
        : "RFC 8212: no policy for an external neighbour";
    case "undecided":
      return accepted
        ? "internal neighbours are open, and no statement decided"
        : "no statement accepted it (RFC 8212)";
  }
}

const EXCLUDED: Readonly<Partial<Record<Standing, string>>> = {
  filtered: "policy refused it",
  looped: "it is a loop",
  unreachable: "its next hop cannot be reached",
};

function explainSelection({ standing, lostAt }: PathView): PathExplanation["selection"] {
  if (standing === "best") return { result: "best" };
  if (standing === "equal") return { result: "multipath" };
  const reason = EXCLUDED[standing];
  return reason === undefined ? { result: "lost", step: lostAt ?? "" } : { result: "excluded", reason };
}

function explainKernel(
  daemon: Daemon,
  views: RouteViews,
  prefix: Prefix,
  id: number,
  paths: readonly PathView[],
): Explanation["kernel"] {
  const best = paths.find(({ standing }) => standing === "best");
  if (best === undefined) return { state: "notWanted", reason: "no path stands" };
  if (best.neighbour === undefined) return explainOwn(daemon, prefix);
  if (!daemon.config.kernel.install) return { state: "notWanted", reason: "this node installs no routes" };
  const { installer } = daemon.kernel;
  const failure = installer.failureOf(prefix);
  if (failure !== undefined) return { state: "failed", error: failure.reason };
  const set = views.rib.installed(prefix.family, id);
  const wanted = set === 0 ? undefined : daemon.rib.parts.hopSets.get(set);
  const hops = wanted?.kind === "unicast" ? views.hops(wanted.hops) : [];
  return { state: installer.isInstalled(prefix) ? "installed" : "pending", hops };
}

/** A blackhole of a high metric stands below an own prefix, for addresses that nobody has. */
function explainOwn({ config, kernel: { installer } }: Daemon, prefix: Prefix): Explanation["kernel"] {
  const own = config.originated.find((each) => samePrefix(each.prefix, prefix));
  if (own?.blackhole !== true) return { state: "notWanted", reason: "the prefix is the node's own" };
  const failure = installer.failureOf(prefix, OWN);
  if (failure !== undefined) return { state: "failed", error: failure.reason };
  return { state: installer.isInstalled(prefix, OWN) ? "installed" : "pending", hops: [] };
}

const UNTOLD: Readonly<Record<Exclude<ExportView["kind"], "policy">, string | undefined>> = {
  "no session": undefined,
  "no best path": undefined,
  "its own path": "it came from there",
  reflection: "routes of internal neighbours stay among them (RFC 4271 §9.2)",
  community: "its communities forbid it (RFC 1997)",
};

function* explainAllTold({ rib }: Daemon, views: RouteViews, prefix: Prefix): Iterable<ToldExplanation> {
  for (const neighbour of [...rib.allNeighbours]) yield* explainTold(views, prefix, neighbour);
}

function explainTold(views: RouteViews, prefix: Prefix, neighbour: Neighbour): ToldExplanation[] {
  const verdict = views.rib.explainExport(neighbour, prefix);
  const protocol = neighbour.config.name;
  if (verdict.kind !== "policy") {
    const by = UNTOLD[verdict.kind];
    return by === undefined ? [] : [{ protocol, sent: false, by }];
  }
  const sent = views.rib.isTold(neighbour, prefix.family, views.rib.find(prefix));
  if (verdict.told && !sent) return [{ protocol, sent, by: "it waits for its turn" }];
  return [{ protocol, sent, by: reasonText(verdict.told, verdict.reason) }];
}
