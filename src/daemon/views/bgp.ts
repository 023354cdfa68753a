import type { Negotiated } from "#bgp/session/negotiate.ts";
import type { Ending, State } from "#bgp/session/session.ts";
import type { PeerSnapshot } from "#bgp/session/snapshot.ts";
import { type AfiSafi, familyOf } from "#bgp/wire/afi-safi.ts";
import type { Capabilities, GracefulRestartCapability } from "#bgp/wire/capabilities.ts";
import { Cease, describeNotification, ErrorCode } from "#bgp/wire/notification.ts";
import type {
  BgpSessionView,
  BgpState,
  BgpView,
  CapabilitiesView,
  ProtocolView,
  SessionError,
  TimerView,
} from "#control/views.ts";
import { type Family, families } from "#route/family.ts";

export const STATES = {
  idle: "Idle",
  connect: "Connect",
  active: "Active",
  openSent: "OpenSent",
  openConfirm: "OpenConfirm",
  established: "Established",
} as const satisfies Readonly<Record<State, BgpState>>;

/** How BIRD's client groups the states of a session. */
export function protocolState(peer: PeerSnapshot, disabled: boolean): ProtocolView["state"] {
  if (disabled) return "down";
  return peer.state === "established" ? "up" : "start";
}

/**
 * A neighbour's session, as `show protocols all` shows it.
 * @param missing why it is not found yet
 */
export function bgpView(peer: PeerSnapshot, disabled: boolean, missing?: string): BgpView {
  const { config, negotiated, state } = peer;
  const waits = state === "active" && config.passive;
  return {
    state: disabled ? "Down" : missing !== undefined ? "Idle" : waits ? "Passive" : STATES[state],
    address: config.address,
    interface: config.interface,
    remoteAs: negotiated?.remote.as ?? configuredAs(config),
    localAs: config.localAs,
    restartTimer: timer(peer.restartMs, undefined),
    errorWait: timer(peer.remainingMs.idleHold, peer.idleHoldMs),
    connectDelay: state === "active" ? timer(peer.remainingMs.connectRetry, config.timers.connectRetryMs) : undefined,
    lastError: disabled ? undefined : missing === undefined ? sessionError(peer.lastEnding) : notFound(missing),
    flaps: peer.losses,
    session: state === "established" && negotiated !== undefined ? sessionView(peer, negotiated) : undefined,
  };
}

/** Text that came or went with a shutdown (RFC 9003). */
export function shutdownText({ lastEnding }: PeerSnapshot): string | undefined {
  if (lastEnding?.kind !== "received" && lastEnding?.kind !== "sent") return undefined;
  const text = describeNotification(lastEnding.notification);
  const at = text.indexOf(": ");
  return at < 0 ? undefined : text.slice(at + 2);
}

const notFound = (text: string): SessionError => ({ kind: "local", text });

function configuredAs({ remoteAs, localAs }: PeerSnapshot["config"]): number | undefined {
  if (typeof remoteAs === "number") return remoteAs;
  return remoteAs === "internal" ? localAs : undefined;
}

function timer(remainingMs: number | undefined, totalMs: number | undefined): TimerView | undefined {
  return remainingMs === undefined ? undefined : { remainingMs, totalMs };
}

function sessionError(ending: Ending | undefined): SessionError | undefined {
  switch (ending?.kind) {
    case "sent":
    case "received": {
      const { code, subcode } = ending.notification;
      const isLimit = ending.kind === "sent" && code === ErrorCode.cease && subcode === Cease.maximumPrefixes;
      return isLimit ? { kind: "limit" } : { kind: ending.kind, code, subcode };
    }
    case "lost":
      return { kind: "errno", text: ending.reason };
    case "closed":
      return { kind: "local", text: ending.reason };
    case undefined:
      return undefined;
  }
}

function sessionView(peer: PeerSnapshot, agreed: Negotiated): BgpSessionView {
  const { config, localAddress } = peer;
  return {
    remoteRouterId: agreed.remote.routerId,
    localCapabilities: capabilitiesView(agreed.local.capabilities),
    remoteCapabilities: capabilitiesView(agreed.remote.capabilities),
    external: agreed.external,
    multihop: config.ttl.kind === "multihop" || !agreed.external,
    reflectorClient: config.reflectorClient,
    fourOctetAs: agreed.fourOctetAs,
    addPath: { receive: false, send: false },
    localAddress: localAddress ?? config.localAddress ?? config.address,
    holdTimer: timer(peer.remainingMs.hold, agreed.holdMs),
    keepaliveTimer: timer(peer.remainingMs.keepalive, agreed.keepaliveMs),
  };
}

function capabilitiesView(capabilities: Capabilities): CapabilitiesView {
  const {
    families: multiprotocol,
    routeRefresh,
    extendedMessage,
    enhancedRefresh,
    fourOctetAs,
    hostName,
  } = capabilities;
  return {
    multiprotocol,
    routeRefresh,
    extendedNextHop: capabilities.extendedNextHop ? ["ipv4"] : [],
    extendedMessage,
    gracefulRestart: capabilities.gracefulRestart && restartView(capabilities.gracefulRestart),
    fourOctetAs: fourOctetAs !== undefined,
    addPath: addPathView(capabilities),
    enhancedRefresh,
    longLivedGracefulRestart: longLivedView(capabilities),
    hostname: hostName,
  };
}

const restartView = (restart: GracefulRestartCapability): CapabilitiesView["gracefulRestart"] => ({
  restartMs: restart.restartSeconds * 1000,
  restarting: restart.restarting,
  supported: restart.families.map(({ family }) => family),
  preserved: restart.families.filter(({ forwarding }) => forwarding).map(({ family }) => family),
});

function addPathView({ addPath }: Capabilities): CapabilitiesView["addPath"] {
  if (addPath.length === 0) return undefined;
  const having = (side: "receive" | "send"): Family[] => known(addPath.filter((entry) => entry[side]));
  return { receive: having("receive"), send: having("send") };
}

function longLivedView({ longLived }: Capabilities): CapabilitiesView["longLivedGracefulRestart"] {
  const [first] = longLived;
  if (first === undefined) return undefined;
  return {
    staleMs: first.staleSeconds * 1000,
    supported: known(longLived),
    preserved: known(longLived.filter(({ forwarding }) => forwarding)),
  };
}

/** Families that Linnet routes, among `entries`. */
const known = (entries: readonly AfiSafi[]): Family[] =>
  families.filter((family) => entries.some(({ afi, safi }) => familyOf(afi, safi) === family));
