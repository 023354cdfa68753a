import type { Family } from "#route/family.ts";

/** Address family identifiers and the one SAFI that Linnet routes (RFC 4760 §6, IANA). */
export const AFI: Readonly<Record<Family, number>> = { ipv4: 1, ipv6: 2 };
export const SAFI_UNICAST = 1;

/** A pair as it stands in messages, also one that Linnet does not route. */
export interface AfiSafi {
  readonly afi: number;
  readonly safi: number;
}

/** @returns undefined for what Linnet does not route */
export function familyOf(afi: number, safi: number): Family | undefined {
  if (safi !== SAFI_UNICAST) return undefined;
  return afi === AFI.ipv4 ? "ipv4" : afi === AFI.ipv6 ? "ipv6" : undefined;
}

/** `ipv4`, `ipv6`, or the numbers. */
export const afiSafiName = (afi: number, safi: number): string => familyOf(afi, safi) ?? `AFI ${afi} SAFI ${safi}`;
