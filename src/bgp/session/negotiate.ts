import type { PeerConfig } from "#config/node-config.ts";
import type { Family } from "#route/family.ts";
import { type Capabilities, describeCapabilities, encodeCapabilities, noCapabilities } from "../wire/capabilities.ts";
import { MAX_EXTENDED_OCTETS, MAX_OCTETS } from "../wire/message-type.ts";
import { ErrorCode, OpenError } from "../wire/notification.ts";
import { checkOpen, type Open } from "../wire/open.ts";
import { PeerFault } from "../wire/peer-fault.ts";

/** What of the node as a whole goes into an OPEN. */
export interface LocalSpeaker {
  readonly routerId: number;
  readonly clusterId: number;
  /** We restarted a short time ago, and have not heard everyone's End-of-RIB: the R bit (RFC 4724 §4.1). */
  readonly restarting: boolean;
  /** Does the kernel still forward by the routes of `family` that we put there: the F bit (RFC 4724 §3, RFC 8538 §2). */
  forwardingKept(family: Family): boolean;
}

/** Graceful restart as both sides can do it. */
export interface AgreedRestart {
  /** The neighbour has restarted: R. */
  readonly restarting: boolean;
  readonly restartMs: number;
  /** Families whose routes we keep while it is away. */
  readonly families: readonly Family[];
  /** Of these the ones it kept forwarding: F. */
  readonly forwarding: readonly Family[];
  /** Both sides keep routes over a NOTIFICATION: N (RFC 8538 §2). */
  readonly notification: boolean;
}

/** What two OPENs come to. */
export interface Negotiated {
  readonly local: Open;
  readonly remote: Open;
  readonly external: boolean;
  readonly families: readonly Family[];
  readonly fourOctetAs: boolean;
  readonly routeRefresh: boolean;
  readonly enhancedRefresh: boolean;
  readonly extendedNextHop: boolean;
  /** Longest message that the neighbour takes, and that it may send: each side speaks for itself (RFC 8654 §4). */
  readonly maxSendOctets: number;
  readonly maxReceiveOctets: number;
  readonly gracefulRestart: AgreedRestart | undefined;
  readonly holdMs: number;
  readonly keepaliveMs: number;
}

/**
 * Our OPEN towards one neighbour.
 * @param bare without capabilities, for a neighbour that refused the parameter (RFC 5492 §3)
 */
export function openFor(peer: PeerConfig, speaker: LocalSpeaker, bare: boolean): Open {
  const { gracefulRestart } = peer;
  const capabilities: Capabilities = {
    ...noCapabilities,
    families: peer.families,
    routeRefresh: true,
    enhancedRefresh: true,
    extendedNextHop: peer.extendedNextHop,
    extendedMessage: true,
    fourOctetAs: peer.localAs,
    gracefulRestart: gracefulRestart.enabled
      ? {
          restarting: speaker.restarting,
          notification: true,
          restartSeconds: Math.min(4095, Math.round(gracefulRestart.restartMs / 1000)),
          families: peer.families.map((family) => ({ family, forwarding: speaker.forwardingKept(family) })),
        }
      : undefined,
  };
  return {
    as: peer.localAs,
    holdSeconds: Math.round(peer.timers.holdMs / 1000),
    routerId: speaker.routerId,
    capabilities: bare ? noCapabilities : capabilities,
  };
}

/**
 * Compares what both sides said.
 * @throws PeerFault 2/2, 2/3: not who was expected; 2/7: no family in common (RFC 5492 §5)
 */
export function negotiate(local: Open, remote: Open, peer: PeerConfig): Negotiated {
  checkOpen(remote, { localAs: local.as, localRouterId: local.routerId, remoteAs: peer.remoteAs });
  const families = commonFamilies(local.capabilities, remote.capabilities);
  if (families.length === 0) throw noFamily(local.capabilities, remote.capabilities);
  const both = (key: "routeRefresh" | "enhancedRefresh" | "extendedNextHop"): boolean =>
    local.capabilities[key] && remote.capabilities[key];
  const holdMs = Math.min(local.holdSeconds, remote.holdSeconds) * 1000;
  return {
    local,
    remote,
    external: remote.as !== local.as,
    families,
    fourOctetAs: local.capabilities.fourOctetAs !== undefined && remote.capabilities.fourOctetAs !== undefined,
    routeRefresh: both("routeRefresh"),
    enhancedRefresh: both("enhancedRefresh"),
    extendedNextHop: both("extendedNextHop"),
    maxSendOctets: longestTo(remote.capabilities),
    maxReceiveOctets: longestTo(local.capabilities),
    gracefulRestart: agreedRestart(local.capabilities, remote.capabilities, families),
    holdMs,
    keepaliveMs: Math.min(peer.timers.keepaliveMs, Math.floor(holdMs / 3)),
  };
}

const longestTo = ({ extendedMessage }: Capabilities): number => (extendedMessage ? MAX_EXTENDED_OCTETS : MAX_OCTETS);

/** RFC 4760 §8; a speaker that announces no family at all speaks IPv4 unicast. */
function commonFamilies(local: Capabilities, remote: Capabilities): Family[] {
  const spoken = (side: Capabilities): readonly Family[] =>
    side.families.length === 0 && side.otherFamilies.length === 0 ? ["ipv4"] : side.families;
  return spoken(local).filter((family) => spoken(remote).includes(family));
}

/** RFC 5492 §5: the data lists the capabilities that were missed. */
function noFamily({ families }: Capabilities, remote: Capabilities): PeerFault {
  const data = Array.from(encodeCapabilities({ ...noCapabilities, families }));
  const because = `we speak ${families.join(" and ")}, and it has ${describeCapabilities(remote)}`;
  return new PeerFault({ code: ErrorCode.open, subcode: OpenError.unsupportedCapability, data, because });
}

function agreedRestart(
  { gracefulRestart: ours }: Capabilities,
  { gracefulRestart: theirs }: Capabilities,
  families: readonly Family[],
): AgreedRestart | undefined {
  if (ours === undefined || theirs === undefined) return undefined;
  const listed = theirs.families.filter(({ family }) => families.includes(family));
  return {
    restarting: theirs.restarting,
    restartMs: theirs.restartSeconds * 1000,
    families: listed.map(({ family }) => family),
    forwarding: listed.filter(({ forwarding }) => forwarding).map(({ family }) => family),
    notification: ours.notification && theirs.notification,
  };
}
