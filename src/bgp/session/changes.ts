import type { PeerConfig } from "#config/node-config.ts";
import { isUnspecified, sameAddress, sameOptionalAddress } from "#route/address.ts";
import type { Negotiated } from "./negotiate.ts";

type Change = (before: PeerConfig, after: PeerConfig, agreed: Negotiated | undefined) => boolean;

/**
 * What a session cannot live with: where it runs, and what was said in its OPEN and binds both sides. All else waits
 * for the next OPEN (timers, graceful restart), or is applied as it is (TTL, password, policies).
 */
const rows: readonly (readonly [string, Change])[] = [
  ["address", (before, after) => !sameAddress(before.address, after.address)],
  ["interface", (before, after) => before.interface !== after.interface],
  ["local address", (before, after) => !sameOptionalAddress(before.localAddress, after.localAddress)],
  ["port", (before, after, agreed) => before.port !== after.port && agreed === undefined],
  ["local AS", (before, after) => before.localAs !== after.localAs],
  ["remote AS", (before, after, agreed) => before.remoteAs !== after.remoteAs && !stillFits(after, agreed)],
  ["families", (before, after) => before.families.join() !== after.families.join()],
  ["extended next hop", (before, after) => before.extendedNextHop !== after.extendedNextHop],
];

/** `external` that becomes the number which the neighbour has, or the other way round, changes nothing. */
function stillFits({ remoteAs, localAs }: PeerConfig, agreed: Negotiated | undefined): boolean {
  if (agreed === undefined) return false;
  const { as } = agreed.remote;
  return remoteAs === as || (remoteAs === "external" && as !== localAs) || (remoteAs === "internal" && as === localAs);
}

/** @returns why a new session is needed, in words; undefined: it is not */
export function resetReason(before: PeerConfig, after: PeerConfig, agreed: Negotiated | undefined): string | undefined {
  const change = rows.find(([, changed]) => changed(before, after, agreed))?.[0];
  if (change === "address" && isMissing(after)) return `nobody is found on ${after.interface} any more`;
  if (change === "address" && isMissing(before)) return `it was found on ${after.interface}`;
  return change && `its ${change} changed`;
}

/** It is configured by interface alone, and nobody is found there. */
const isMissing = ({ unnumbered, address }: PeerConfig): boolean => unnumbered && isUnspecified(address);
