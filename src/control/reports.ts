import { type Address, formatAddress, formatRouterId } from "#route/address.ts";
import { formatAsPath } from "#route/as-path.ts";
import { DEFAULT_LOCAL_PREF } from "#route/attribute-facts.ts";
import { formatCommunity, formatLargeCommunity } from "#route/communities.ts";
import type { Family } from "#route/family.ts";
import { formatPrefix } from "#route/prefix.ts";
import { formatSessionError } from "./render/session-error.ts";
import type { DaemonView, DrainView, Explanation, HopView, PathExplanation, ProtocolView } from "./views.ts";

/**
 * What `linnet status` and `linnet why` are told by the daemon: plain values that pass through JSON. Times are
 * milliseconds since 1970.
 */

export interface NodeReport {
  readonly version: string;
  readonly hostname: string;
  readonly routerId: string;
  readonly state: "running" | "reconfiguring" | "shuttingDown";
  readonly now: number;
  readonly started: number;
  readonly reconfigured: number;
  /** Seconds left of graceful restart recovery, and how many neighbours it waits for. */
  readonly recovery?: { readonly waitingFor: number; readonly seconds: number } | undefined;
  readonly drain?: DrainReport | undefined;
  /** Settings of the kernel that are off and keep packets from the pods of this node. */
  readonly unforwarded: readonly string[];
  /** What is wrong with the newest objects. */
  readonly invalid: readonly string[];
  /** Routes that the origin check refuses. */
  readonly foreign: readonly string[];
  readonly tables: Readonly<Record<Family, { readonly nets: number; readonly routes: number }>>;
  readonly kernel: {
    readonly inSync: boolean;
    readonly wanted: number;
    readonly pending: number;
    readonly failed: number;
    readonly failures: readonly { readonly prefix: string; readonly error: string }[];
  };
}

/** Where the node stands on its way out of service. */
export interface DrainReport {
  readonly stage: "off" | "leaving" | "gone";
  readonly reasons: readonly string[];
  /** Seconds until routes are withdrawn. */
  readonly withdrawIn?: number | undefined;
  /** All neighbours were told. */
  readonly told: boolean;
}

export interface NeighbourReport {
  readonly name: string;
  readonly address: string;
  readonly as: number | undefined;
  readonly session: string;
  readonly since: number;
  readonly disabled: boolean;
  readonly message: string | undefined;
  readonly lastError: string | undefined;
  readonly flaps: number;
  readonly families: readonly {
    readonly family: Family;
    readonly received: number | undefined;
    readonly sent: number | undefined;
    readonly restarting: boolean;
  }[];
}

export function nodeReport(daemon: DaemonView, now: number): NodeReport {
  const status = daemon.status();
  const { version, hostname, routerId, state, startedMs, reconfiguredMs, recovery, drain } = status;
  const { inSync, wanted, pending, failed, failures } = daemon.forwarding();
  return {
    version,
    hostname,
    routerId: formatRouterId(routerId),
    state,
    now,
    started: startedMs,
    reconfigured: reconfiguredMs,
    recovery: recovery && {
      waitingFor: recovery.waitingFor,
      seconds: Math.round(recovery.timer.remainingMs / 1000),
    },
    drain: drain && drainReport(drain),
    unforwarded: status.unforwarded,
    invalid: status.invalid,
    foreign: status.foreign,
    tables: { ipv4: { ...daemon.tables.ipv4.counts }, ipv6: { ...daemon.tables.ipv6.counts } },
    kernel: {
      inSync,
      wanted,
      pending,
      failed,
      failures: failures.map(({ prefix, error }) => ({ prefix: formatPrefix(prefix), error })),
    },
  };
}

/** @param drain undefined: the node is in service */
export function drainReport(drain: DrainView | undefined): DrainReport {
  if (drain === undefined) return { stage: "off", reasons: [], told: true };
  const { stage, reasons, withdrawInMs, told } = drain;
  return { stage, reasons, withdrawIn: withdrawInMs === undefined ? undefined : Math.ceil(withdrawInMs / 1000), told };
}

/** @returns undefined for what is no BGP neighbour */
export function neighbourReport(view: ProtocolView): NeighbourReport | undefined {
  const { name, sinceMs, disabled, message, channels, bgp } = view;
  if (bgp === undefined) return undefined;
  return {
    name,
    address: formatAddress(bgp.address) + (bgp.interface === undefined ? "" : `%${bgp.interface}`),
    as: bgp.remoteAs,
    session: bgp.state,
    since: sinceMs,
    disabled,
    message,
    lastError: bgp.lastError && formatSessionError(bgp.lastError),
    flaps: bgp.flaps,
    families: channels.map(({ family, routes, neighbourRestarting }) => ({
      family,
      received: routes?.imported,
      sent: routes?.exported,
      restarting: neighbourRestarting,
    })),
  };
}

export interface WhyReport {
  readonly prefix: string | undefined;
  readonly paths: readonly PathReport[];
  readonly kernel: string | undefined;
  readonly kernelFailed: boolean;
  readonly told: readonly { readonly protocol: string; readonly sent: boolean; readonly by: string }[];
}

export interface PathReport {
  readonly from: string;
  readonly neighbour: string | undefined;
  readonly since: number;
  readonly accepted: boolean;
  readonly policy: string;
  readonly best: boolean;
  /** In words: `best`, `shares the load with the best`, or at what it lost. */
  readonly selection: string;
  /** What the decision looked at; undefined for routes without path attributes. */
  readonly attributes: string | undefined;
  readonly nextHop: string | undefined;
  readonly reachable: boolean;
  readonly stale: boolean;
}

/** What becomes a `WhyReport` when all neighbours were asked for. */
export function whyReport({
  prefix,
  paths,
  kernel,
  told,
}: Explanation): Omit<WhyReport, "told"> & Pick<Explanation, "told"> {
  return {
    prefix: prefix && formatPrefix(prefix),
    paths: paths.map(pathReport),
    kernel: kernel && kernelText(kernel),
    kernelFailed: kernel?.state === "failed",
    told,
  };
}

function pathReport({ route, receivedFrom, importVerdict, selection, nextHop }: PathExplanation): PathReport {
  return {
    from: receivedFrom,
    neighbour: route.from && formatAddress(route.from),
    since: route.sinceMs,
    accepted: importVerdict.accepted,
    policy: importVerdict.by,
    best: selection.result === "best",
    selection: selectionText(selection),
    attributes: attributesText(route),
    nextHop: nextHop && nextHopText(nextHop),
    reachable: nextHop === undefined || nextHop.hops.length > 0,
    stale: route.stale,
  };
}

function selectionText(selection: PathExplanation["selection"]): string {
  switch (selection.result) {
    case "best":
      return "best";
    case "multipath":
      return "shares the load with the best";
    case "lost":
      return `lost at ${selection.step}`;
    case "excluded":
      return `not selected: ${selection.reason}`;
  }
}

function attributesText(route: PathExplanation["route"]): string | undefined {
  const attributes = route.attributes();
  if (attributes === undefined) return undefined;
  const path = formatAsPath(attributes.asPath);
  return [
    `AS path ${path === "" ? "(empty)" : path}`,
    `local preference ${attributes.localPref ?? DEFAULT_LOCAL_PREF}`,
    `origin ${["IGP", "EGP", "incomplete"][attributes.origin]}`,
    ...(attributes.med === undefined ? [] : [`MED ${attributes.med}`]),
    ...(attributes.communities.length === 0
      ? []
      : [`communities ${attributes.communities.map(formatCommunity).join(" ")}`]),
    ...(attributes.largeCommunities.length === 0
      ? []
      : [`large communities ${attributes.largeCommunities.map(formatLargeCommunity).join(" ")}`]),
  ].join(", ");
}

function nextHopText({
  address,
  through,
  hops,
}: {
  address: Address;
  through: string | undefined;
  hops: readonly HopView[];
}): string {
  const resolved = through === undefined ? "" : ` through ${through}`;
  return `${formatAddress(address)}${resolved}: ${hops.length === 0 ? "unreachable" : hopsText(hops)}`;
}

function hopsText(hops: readonly HopView[]): string {
  const several = hops.length > 1;
  return hops
    .map(({ gateway, interface: device, weight }) => {
      const way = gateway === undefined ? `on ${device ?? "?"}` : `via ${formatAddress(gateway)} on ${device ?? "?"}`;
      return several ? `${way} (weight ${weight})` : way;
    })
    .join(", ");
}

function kernelText(kernel: NonNullable<Explanation["kernel"]>): string {
  switch (kernel.state) {
    case "installed":
      return `installed: ${hopsText(kernel.hops) || "blackhole"}`;
    case "pending":
      return `on its way: ${hopsText(kernel.hops) || "blackhole"}`;
    case "failed":
      return `refused: ${kernel.error}`;
    case "notWanted":
      return `not wanted: ${kernel.reason}`;
  }
}
