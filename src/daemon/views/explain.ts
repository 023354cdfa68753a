import type { Explanation, PathExplanation, PolicyVerdict, ToldExplanation } from "#control/views.ts";
import { forbiddenFlags, isTold } from "#rib/export.ts";
import { CLIENT, EXTERNAL, INTERNAL, LOCAL } from "#rib/neighbours.ts";
import { judge, type Reason, type Verdict } from "#rib/policy.ts";
import type { Neighbour } from "#rib/rib.ts";
import { prefixOf } from "#rib/table/prefix-table.ts";
import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { formatPrefix, hostPrefix, type Prefix } from "#route/prefix.ts";
import type { Daemon } from "../daemon.ts";
import type { RouteViews } from "./routes.ts";

const KINDS = { external: EXTERNAL, internal: INTERNAL, client: CLIENT } as const;

/** The way of one destination through the daemon, recomputed from its state: nothing was recorded for it. */
export function explain(daemon: Daemon, views: RouteViews, target: Prefix | Address): Explanation {
  const wanted = "length" in target ? target : hostPrefix(target);
  const { family } = wanted;
  const { loc } = views.side(family);
  const exact = "length" in target ? loc.prefixes.find(target) : 0;
  const id = exact || loc.prefixes.longestMatch(wanted.words, wanted.length, (each) => loc.headOf(each) !== 0);
  if (id === 0) return { prefix: undefined, paths: [], kernel: undefined, told: [] };
  const prefix = prefixOf(loc.prefixes, id);
  return {
    prefix,
    paths: views.paths(family, id).map((path) => pathOf(daemon, views, family, path)),
    kernel: kernelOf(daemon, views, prefix, id),
    told: [...daemon.rib.allNeighbours].flatMap((neighbour) => toldOf(daemon, views, family, id, neighbour)),
  };
}

function pathOf(daemon: Daemon, views: RouteViews, family: Family, path: number): PathExplanation {
  const { loc } = views.side(family);
  const route = views.route(family, path);
  const prefix = prefixOf(loc.prefixes, loc.paths.prefixOf(path));
  const neighbour = daemon.rib.neighbourById(loc.paths.neighbourOf(path));
  const own = daemon.rib.originated(formatPrefix(prefix));
  const nextHop = views.attributes(family, path)?.nextHop;
  const through = views.resolution(family, path);
  return {
    route,
    receivedFrom: neighbour?.config.name ?? own?.source ?? route.protocol,
    importVerdict: importVerdict(daemon, views, family, path, prefix, neighbour),
    selection: selectionOf(views, family, path),
    nextHop: nextHop && {
      address: nextHop,
      through: through === undefined ? undefined : "the kernel's links and routes",
      hops: views.hops(through?.hops ?? []),
    },
  };
}

function importVerdict(
  daemon: Daemon,
  views: RouteViews,
  family: Family,
  path: number,
  prefix: Prefix,
  neighbour: Neighbour | undefined,
): PolicyVerdict {
  if (neighbour === undefined) return { accepted: true, by: "it is the node's own" };
  if (views.isLooped(family, path)) return { accepted: false, by: "our AS number or cluster is in its path" };
  const { loc } = views.side(family);
  const received = loc.receivedOf(path);
  const scope = {
    direction: "import" as const,
    external: loc.attributes.classOf(received) === "external",
    policies: neighbour.config.importPolicies,
    advertise: [],
    localAs: daemon.config.localAs,
  };
  const verdict = judge(scope, views.decode(received), loc.attributes.classOf(received), prefix);
  if (verdict.accepted && views.isRefusedByPolicy(family, path)) {
    return { accepted: false, by: "a default route is never taken from a node" };
  }
  return { accepted: verdict.accepted, by: reasonText(verdict) };
}

function reasonText({ accepted, reason }: { accepted: boolean; reason: Reason } | Verdict): string {
  switch (reason.kind) {
    case "advertised":
      return "it is of a kind that is advertised";
    case "statement":
      return `BGPPolicy/${reason.policy}, statement ${reason.statement + 1}`;
    case "no policy":
      return accepted ? "no policy: internal neighbours are open" : "RFC 8212: no policy for an external neighbour";
    case "undecided":
      return accepted ? "no statement decided: internal neighbours are open" : "no statement accepted it (RFC 8212)";
  }
}

function selectionOf(views: RouteViews, family: Family, path: number): PathExplanation["selection"] {
  const { loc } = views.side(family);
  const prefix = loc.paths.prefixOf(path);
  const best = loc.bestOf(prefix);
  if (path === best) return { result: "best" };
  if (views.isLooped(family, path)) return { result: "excluded", reason: "it is a loop" };
  if (views.isRefusedByPolicy(family, path)) return { result: "excluded", reason: "policy refused it" };
  if (!loc.decision.stands(path)) return { result: "excluded", reason: "its next hop cannot be reached" };
  const count = loc.decision.equals(loc.headOf(prefix), best, Number.MAX_SAFE_INTEGER);
  if (loc.decision.multipath.subarray(0, count).includes(path)) return { result: "multipath" };
  return { result: "lost", step: loc.decision.lostAt(loc.headOf(prefix), path, best) };
}

function kernelOf(daemon: Daemon, views: RouteViews, prefix: Prefix, id: number): Explanation["kernel"] {
  const { loc, forwarding } = views.side(prefix.family);
  const best = loc.bestOf(id);
  if (best === 0) return { state: "notWanted", reason: "no path stands" };
  if (loc.paths.neighbourOf(best) === LOCAL) return { state: "notWanted", reason: "the prefix is the node's own" };
  if (forwarding === undefined || !daemon.config.kernel.install) {
    return { state: "notWanted", reason: "this node installs no routes" };
  }
  const failure = daemon.kernel.installer.failureOf(prefix);
  if (failure !== undefined) return { state: "failed", error: failure.reason };
  const wanted = forwarding.hopSetOf(id);
  const set = wanted === 0 ? undefined : daemon.rib.parts.hopSets.get(wanted);
  const hops = set?.kind === "unicast" ? views.hops(set.hops) : [];
  return { state: daemon.kernel.installer.counts(prefix.family).pending === 0 ? "installed" : "pending", hops };
}

function toldOf(
  daemon: Daemon,
  views: RouteViews,
  family: Family,
  id: number,
  neighbour: Neighbour,
): ToldExplanation[] {
  const { loc, groups } = views.side(family);
  const best = loc.bestOf(id);
  const group = groups.of(neighbour.id);
  if (best === 0 || group === undefined) return [];
  const told = (sent: boolean, by: string): ToldExplanation[] => [{ protocol: neighbour.config.name, sent, by }];
  const from = loc.paths.neighbourOf(best);
  if (from === neighbour.id) return told(false, "it came from there");
  const kind = KINDS[neighbour.session?.kind ?? "internal"];
  const set = loc.paths.attributesOf(best);
  const fromKind = daemon.rib.neighbours.kinds[from] ?? LOCAL;
  if (!isTold(fromKind, kind)) return told(false, "routes of internal neighbours stay among them (RFC 4271 §9.2)");
  if ((loc.attributes.flagsOf(set) & forbiddenFlags(kind)) !== 0)
    return told(false, "its communities forbid it (RFC 1997)");
  const scope = {
    direction: "export" as const,
    external: kind === EXTERNAL,
    policies: neighbour.config.exportPolicies,
    advertise: neighbour.config.advertise,
    localAs: daemon.config.localAs,
  };
  const verdict = judge(scope, views.decode(set), loc.attributes.classOf(set), prefixOf(loc.prefixes, id));
  const sent = group.hasTold(id, neighbour.id);
  if (verdict.accepted && !sent) return told(false, "it waits for its turn");
  return told(sent, reasonText(verdict));
}
