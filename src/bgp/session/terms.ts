import type { PeerConfig } from "#config/node-config.ts";
import { formatAddress } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { EstablishedSession } from "../ports.ts";
import type { Call, Connection, ConnectionOptions, DialEvents, Transport } from "../transport.ts";
import type { ReadContext, ReadContexts } from "../wire/read-context.ts";
import type { LocalSpeaker, Negotiated } from "./negotiate.ts";
import type { SessionAttributes } from "./session.ts";

/** How configuration and agreement look to those who work with them: TCP, the reader of UPDATEs, the RIB. */

/** TTL security sends and wants 255 less the hops between (RFC 5082 §3); direct external neighbours are one hop away. */
export function connectionOptions({ ttl, password, localAs, remoteAs }: PeerConfig): ConnectionOptions {
  const external = remoteAs === "external" || (remoteAs !== "internal" && remoteAs !== localAs);
  if (ttl.kind === "security") return { password, ttl: 255, minimumTtl: 256 - ttl.hops };
  if (ttl.kind === "multihop") return { password, ttl: ttl.hops, minimumTtl: undefined };
  return { password, ttl: external ? 1 : 64, minimumTtl: undefined };
}

export const sameOptions = (a: ConnectionOptions, b: ConnectionOptions): boolean =>
  a.password === b.password && a.ttl === b.ttl && a.minimumTtl === b.minimumTtl;

/** Calls the neighbour. */
export function call(transport: Transport, config: PeerConfig, events: DialEvents): Call {
  const { address, port, localAddress, interface: device } = config;
  const to = { address, port, localAddress, interface: device, ...connectionOptions(config) };
  return transport.dial(to, {
    connected: (connection) => events.connected(connection),
    failed: (reason, fault) => events.failed(fault === undefined ? reason : `${reason}: ${sourceOf(config)}`),
  });
}

/** Which field says from which address the neighbour is called. */
function sourceOf({ origin, source, localAddress }: PeerConfig): string {
  const address = localAddress === undefined ? "that" : formatAddress(localAddress);
  const field = origin === "mesh" ? "meshSourceAddress" : "sourceAddress";
  return `${address} is none of this machine's; spec.${field} of ${source} says where calls begin`;
}

/** How the neighbour's UPDATEs are to be understood. */
export function readContext(
  config: PeerConfig,
  agreed: Negotiated,
  speaker: LocalSpeaker,
  contexts: ReadContexts,
): ReadContext {
  const parts = {
    external: agreed.external,
    localAs: agreed.local.as,
    remoteAs: agreed.remote.as,
    fourOctetAs: agreed.fourOctetAs,
    extendedNextHop: agreed.extendedNextHop,
    routerId: speaker.routerId,
    clusterId: speaker.clusterId,
    allowOwnAs: config.allowOwnAs,
    checkFirstAs: config.enforceFirstAs,
  };
  return { ...parts, families: agreed.families, context: contexts.number(parts) };
}

/** @param kept families whose routes the neighbour still forwards by, and will send again */
export function establishedSession(
  config: PeerConfig,
  agreed: Negotiated,
  connection: Connection | undefined,
  context: number,
  kept: readonly Family[],
): Omit<EstablishedSession, "send"> {
  const { gracefulRestart, local, remote } = agreed;
  return {
    peer: config.name,
    external: agreed.external,
    localAs: local.as,
    remoteAs: remote.as,
    remoteRouterId: remote.routerId,
    localAddress: connection?.localAddress ?? config.address,
    remoteAddress: config.address,
    interface: connection?.interface ?? config.interface,
    families: agreed.families,
    fourOctetAs: agreed.fourOctetAs,
    routeRefresh: agreed.routeRefresh,
    enhancedRefresh: agreed.enhancedRefresh,
    maxMessageOctets: agreed.maxSendOctets,
    extendedNextHop: agreed.extendedNextHop,
    gracefulRestart: gracefulRestart && {
      restarting: gracefulRestart.restarting,
      restartMs: gracefulRestart.restartMs,
      kept,
      notification: gracefulRestart.notification,
    },
    context,
  };
}

export const attributesOf = ({ timers }: PeerConfig, dial: SessionAttributes["dial"]): SessionAttributes => ({
  connectRetryMs: timers.connectRetryMs,
  idleHoldMs: timers.idleHoldMs,
  dial,
});
