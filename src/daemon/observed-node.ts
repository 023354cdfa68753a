import { describeEnding } from "#bgp/session/history.ts";
import type { PeerSnapshot } from "#bgp/session/snapshot.ts";
import { formatPath, type Remark } from "#config/remark.ts";
import type { ObservedNode, ObservedSession, ObservedTrouble } from "#k8s/ports.ts";
import type { Steps } from "#lib/steps.ts";
import { formatAddress, formatRouterId } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import { formatPrefix } from "#route/prefix.ts";
import type { Configuration } from "./configuration.ts";
import type { Daemon } from "./daemon.ts";
import { foreignRoutes } from "./foreign-routes.ts";
import { lookedAt } from "./observed.ts";
import { bgpView, STATES } from "./views/bgp.ts";

/** The node as it is written to the API server; thousands of neighbours are looked at with pauses. */
export function* observedNode(daemon: Daemon, { remarks }: Pick<Configuration, "remarks">): Steps<ObservedNode> {
  const sessions = yield* lookedAt(daemon, (peer) => sessionOf(peer, daemon));
  const { config, kernel, speaker, adopted, stopping } = daemon;
  const counts = families.map((family) => kernel.installer.counts(family));
  const awaited = families.some((family) => speaker.awaited(family).size > 0);
  return {
    startedMs: daemon.startedMs,
    asNumber: config.localAs,
    routerId: formatRouterId(config.routerId),
    sessions,
    tables: { ipv4: tableOf("ipv4", daemon), ipv6: tableOf("ipv6", daemon) },
    routesReady: adopted || (!awaited && counts.every(({ pending }) => pending === 0)),
    troubles: [...invalid(remarks), ...refused(daemon), ...foreign(daemon)],
    drained: daemon.drain.state.stage === "gone",
    shuttingDown: stopping,
  };
}

/** Of each kind of trouble so many are named. */
const NAMED = 10;

/** What is wrong with objects, as it is logged. */
function invalid(remarks: readonly Remark[]): ObservedTrouble[] {
  const errors = remarks.filter(({ severity }) => severity === "error").slice(0, NAMED);
  return errors.map(({ object, path, text, conflict }) => {
    const note = path.length === 0 ? text : `${formatPath(path)}: ${text}`;
    return { object, reason: conflict ? "Conflict" : "InvalidObject", note };
  });
}

/** One for each reason that the kernel, or another's route, gives. */
function refused({ kernel: { installer } }: Daemon): ObservedTrouble[] {
  const byReason = new Map(
    families.flatMap((family) => installer.failing(family, NAMED)).map(({ prefix, error }) => [error, prefix]),
  );
  return Array.from(byReason, ([error, prefix]) => {
    const note = `the route to ${formatPrefix(prefix)} is not in the kernel: ${error}`;
    return { object: undefined, reason: "RouteRefused", note };
  });
}

const foreign = ({ ribView }: Daemon): ObservedTrouble[] =>
  foreignRoutes(ribView)
    .slice(0, NAMED)
    .map((note) => ({ object: undefined, reason: "ForeignRoute", note }));

function tableOf(family: Family, { kernel, ribView }: Daemon): ObservedNode["tables"][Family] {
  const { installed, failed } = kernel.installer.counts(family);
  return { selected: ribView.tables(family).prefixes, installed, failed };
}

function sessionOf(peer: PeerSnapshot, daemon: Daemon): ObservedSession {
  const { config, lastEnding } = peer;
  const { rib, ribView, speaker } = daemon;
  const missing = daemon.missing(config);
  const view = bgpView(peer, speaker.isDisabled(config.name));
  const neighbour = rib.neighbour(config.name);
  const routes = config.families.flatMap((family) => {
    if (neighbour === undefined) return [];
    const { received, accepted, exported } = ribView.counts(neighbour, family);
    return [[family, { received, accepted, advertised: exported }] as const];
  });
  return {
    name: config.name,
    origin: config.origin,
    source: config.source,
    address: formatAddress(config.address),
    remoteAs: view.remoteAs,
    state: STATES[peer.state],
    sinceMs: peer.sinceMs,
    flaps: view.flaps,
    lastError:
      missing === undefined
        ? lastEnding && { text: describeEnding(lastEnding), ms: endedMs(peer) }
        : { text: missing, ms: peer.sinceMs },
    lostBy: peer.history.findLast(({ from, to }) => from === "established" && to !== "established")?.reason,
    families: Object.fromEntries(routes),
  };
}

/** When the last session, or attempt at one, ended. */
function endedMs({ state, sinceMs, history }: PeerSnapshot): number {
  if (state !== "established") return sinceMs;
  const ended = history.findLast(({ from, to }) => from !== "idle" && (to === "idle" || to === "active"));
  return ended?.atMs ?? sinceMs;
}
