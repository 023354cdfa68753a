import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import { MAX_OCTETS } from "./message-type.ts";

/** Ourselves as the next hop. */
export interface OwnNextHop {
  /** IPv6 for IPv4 routes where the neighbours take that (RFC 8950). */
  readonly address: Address;
  /** Goes beside an IPv6 address where the neighbours are on the same link (RFC 2545 §3). */
  readonly linkLocal: Address | undefined;
}

/** How routes are told to one update group: neighbours to whom the same octets can go. */
export interface ExportContext {
  /** How the neighbours stand to us. */
  readonly kind: "external" | "internal" | "client";
  readonly localAs: number;
  readonly clusterId: number;
  /** They know AS numbers of 4 octets (RFC 6793). */
  readonly fourOctetAs: boolean;
  /** `auto`: ourselves towards external neighbours and for own routes, else unchanged (RFC 4271 §5.1.3). */
  readonly nextHop: "auto" | "self" | "unchanged";
  readonly ownNextHops: Readonly<Partial<Record<Family, OwnNextHop>>>;
  /** They take IPv4 routes with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** Longest message they take: 4,096, or 65,535 (RFC 8654). */
  readonly maxMessageOctets: number;
}

/** Messages are packed up to this length; only a set that does not fit gets a longer one. */
export const PACKED_OCTETS = MAX_OCTETS;
