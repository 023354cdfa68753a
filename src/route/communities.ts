import type { LargeCommunity } from "./attributes.ts";

/** GRACEFUL_SHUTDOWN (RFC 8326 §5). */
export const GRACEFUL_SHUTDOWN_COMMUNITY = 0xffff_0000;

/** Communities of one meaning for everybody, by the names that people write for them. */
export const wellKnownCommunities: ReadonlyMap<string, number> = new Map([
  ["graceful-shutdown", GRACEFUL_SHUTDOWN_COMMUNITY],
  ["blackhole", 0xffff_029a], // RFC 7999
  ["no-export", 0xffff_ff01], // RFC 1997
  ["no-advertise", 0xffff_ff02], // RFC 1997
  ["no-export-subconfed", 0xffff_ff03], // RFC 1997
  ["no-peer", 0xffff_ff04], // RFC 3765
]);

const names: ReadonlyMap<number, string> = new Map([...wellKnownCommunities].map(([name, value]) => [value, name]));

/** A name, or `65000:100`: as in manifests. */
export const formatCommunity = (community: number): string =>
  names.get(community) ?? `${community >>> 16}:${community & 0xffff}`;

/** `65000:1:2` (RFC 8092 §5). */
export const formatLargeCommunity = (community: LargeCommunity): string => community.join(":");
