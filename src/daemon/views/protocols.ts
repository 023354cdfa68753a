import type { PeerSnapshot } from "#bgp/session/snapshot.ts";
import type { NodeConfig } from "#config/node-config.ts";
import type { ListedProtocol } from "#control/protocol-list.ts";
import type { ChannelView, ProtocolView, RouteCounts, StaticView } from "#control/views.ts";
import { noChanges, takenChanges } from "#rib/change-counts.ts";
import { isLinkLocal } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import type { Daemon } from "../daemon.ts";
import { ownNextHop } from "../exporting.ts";
import { bgpView, protocolState, shutdownText } from "./bgp.ts";
import { KERNEL_NAMES, STATIC_NAMES } from "./names.ts";

/** BIRD's preferences by kind. */
const PREFERENCE = { direct: 240, static: 200, bgp: 100, kernel: 10 } as const;

const noRoutes: RouteCounts = { imported: 0, filtered: undefined, exported: 0, preferred: 0, ...noChanges };

/** A protocol of the node itself: it is there whatever the configuration says. */
interface OwnProtocol extends ListedProtocol {
  channels(daemon: Daemon): ChannelView[];
}

const ownProtocols: readonly OwnProtocol[] = [
  { name: "device1", kind: "Device", families: [], channels: () => [] },
  {
    name: "direct1",
    kind: "Direct",
    families,
    channels: () => families.map((family) => ownChannel(family, PREFERENCE.direct, noRoutes)),
  },
  ...families.map((family) => own(KERNEL_NAMES[family], "Kernel", family, kernelChannel)),
  ...families.map((family) => own(STATIC_NAMES[family], "Static", family, staticChannel)),
];

function own(
  name: string,
  kind: ListedProtocol["kind"],
  family: Family,
  channel: (family: Family, daemon: Daemon) => ChannelView,
): OwnProtocol {
  return { name, kind, families: [family], channels: (daemon) => [channel(family, daemon)] };
}

/** Everything that `show protocols` lists, the node's own first. */
export function listedProtocols({ speaker }: Daemon): ListedProtocol[] {
  return [
    ...ownProtocols,
    ...speaker.configs().map(({ name, families }) => ({ name, kind: "BGP" as const, families })),
  ];
}

/** One of them as it is now; undefined where it is no more. */
export function protocolView(daemon: Daemon, name: string): ProtocolView | undefined {
  const ofNode = ownProtocols.find((each) => each.name === name);
  if (ofNode !== undefined) return ownProtocol(ofNode, daemon);
  const peer = daemon.speaker.peer(name);
  return peer && bgpProtocol(peer, daemon);
}

function ownProtocol({ name, kind, channels }: OwnProtocol, daemon: Daemon): ProtocolView {
  return {
    name,
    kind,
    state: "up",
    sinceMs: daemon.startedMs,
    disabled: false,
    description: undefined,
    message: undefined,
    channels: channels(daemon),
    bgp: undefined,
  };
}

function ownChannel(family: Family, preference: number, routes: RouteCounts): ChannelView {
  return {
    family,
    state: "UP",
    preference,
    importPolicy: "ACCEPT",
    exportPolicy: "REJECT",
    limits: [],
    recovery: undefined,
    routes,
    neighbourRestarting: false,
    nextHop: undefined,
    recursive: false,
  };
}

function kernelChannel(family: Family, { kernel }: Daemon): ChannelView {
  const { installed } = kernel.installer.counts(family);
  const { updates, withdraws } = kernel.installer.asked(family);
  const changes = takenChanges(updates, withdraws);
  const channel = ownChannel(family, PREFERENCE.kernel, { ...noRoutes, ...changes, exported: installed });
  return { ...channel, importPolicy: "REJECT", exportPolicy: "ACCEPT" };
}

function staticChannel(family: Family, { config, ribView }: Daemon): ChannelView {
  const imported = config.originated.filter(({ prefix }) => prefix.family === family).length;
  const changes = ribView.changes(undefined, family);
  return ownChannel(family, PREFERENCE.static, { ...noRoutes, ...changes, imported, preferred: imported });
}

function bgpProtocol(peer: PeerSnapshot, daemon: Daemon): ProtocolView {
  const { config } = peer;
  const disabled = daemon.speaker.isDisabled(config.name);
  return {
    name: config.name,
    kind: "BGP",
    state: protocolState(peer, disabled),
    sinceMs: peer.sinceMs,
    disabled,
    description: config.description,
    message: shutdownText(peer),
    channels: config.families.map((family) => bgpChannel(family, peer, daemon)),
    bgp: bgpView(peer, disabled, daemon.missing(config)),
  };
}

function bgpChannel(family: Family, peer: PeerSnapshot, daemon: Daemon): ChannelView {
  const { config, negotiated, state } = peer;
  const up = state === "established" && negotiated?.families.includes(family) === true;
  const limit = config.prefixLimit[family];
  const counts = routeCounts(daemon, config.name, family);
  const awaited = daemon.speaker.awaited(family);
  const kept = peer.stale.includes(family);
  return {
    family,
    state: up ? "UP" : kept ? "START" : "DOWN",
    preference: PREFERENCE.bgp,
    importPolicy: config.importPolicies.join(" ") || (negotiated?.external === false ? "ACCEPT" : "REJECT"),
    exportPolicy: config.exportPolicies.join(" ") || (negotiated?.external === false ? "ACCEPT" : "REJECT"),
    limits:
      limit === undefined ? [] : [{ kind: "receive", routes: limit, hit: counts.received > limit, action: "restart" }],
    recovery:
      !daemon.restarted || awaited.size === 0 ? undefined : { pending: awaited.has(config.name), waiting: true },
    routes: up || kept ? counts.routes : undefined,
    neighbourRestarting: peer.away && kept,
    nextHop: up ? nextHopOf(family, peer, daemon) : undefined,
    recursive: negotiated?.external === false || config.ttl.kind === "multihop",
  };
}

/** Ourselves, as routes of our own that go out name us. */
function nextHopOf(
  family: Family,
  { config, localAddress, negotiated }: PeerSnapshot,
  daemon: Daemon,
): ChannelView["nextHop"] {
  if (localAddress === undefined || negotiated === undefined) return undefined;
  const { address: remoteAddress, interface: link, unnumbered } = config;
  const { extendedNextHop } = negotiated;
  const session = { localAddress, remoteAddress, interface: link, unnumbered, extendedNextHop };
  const own = ownNextHop(family, session, daemon.config, daemon.kernel.links);
  if (own === undefined) return undefined;
  return isLinkLocal(own.address)
    ? { global: undefined, linkLocal: own.address }
    : { global: own.address, linkLocal: own.linkLocal };
}

/** Own prefixes, as `show static` shows them. */
export function staticViews({ originated }: NodeConfig): StaticView[] {
  return families.map((family) => ({
    protocol: STATIC_NAMES[family],
    routes: originated
      .filter(({ prefix }) => prefix.family === family)
      .map(({ prefix, blackhole }) => ({ prefix, destination: blackhole ? "blackhole" : "unreachable", hops: [] })),
  }));
}

/** What the RIB counts of one neighbour's family. */
function routeCounts(
  { rib, ribView }: Daemon,
  name: string,
  family: Family,
): { received: number; routes: RouteCounts } {
  const neighbour = rib.neighbour(name);
  if (neighbour === undefined) return { received: 0, routes: noRoutes };
  const { received, accepted, filtered, best, exported } = ribView.counts(neighbour, family);
  const changes = ribView.changes(neighbour, family);
  return { received, routes: { ...changes, imported: accepted, filtered, preferred: best, exported } };
}
