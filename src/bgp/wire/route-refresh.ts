import { Reader, Writer } from "#lib/bytes.ts";
import type { Family } from "#route/family.ts";
import { AFI, familyOf, SAFI_UNICAST } from "./afi-safi.ts";
import { beginMessage, endMessage, HEADER_OCTETS, MessageType } from "./message-type.ts";
import { ErrorCode, RefreshError } from "./notification.ts";
import { PeerFault } from "./peer-fault.ts";

/** `request`: send all again; `begin` and `end`: the marks around that (RFC 2918 §3, RFC 7313 §3.2). */
export type RefreshKind = "request" | "begin" | "end";

export interface RouteRefresh {
  readonly kind: RefreshKind;
  readonly family: Family;
}

const kinds: readonly RefreshKind[] = ["request", "begin", "end"];

/**
 * Reads a whole message, header included.
 * @returns undefined for what is to be ignored: a family that Linnet does not route, an unknown subtype (RFC 7313 §5)
 * @throws PeerFault 7/1 for a wrong length, with the whole message as data (RFC 7313 §5)
 */
export function decodeRouteRefresh(bytes: Uint8Array, start: number, end: number): RouteRefresh | undefined {
  if (end - start !== HEADER_OCTETS + 4) {
    const data = bytes.slice(start, end);
    throw new PeerFault({ code: ErrorCode.routeRefresh, subcode: RefreshError.invalidLength, data });
  }
  const reader = new Reader(bytes, start + HEADER_OCTETS, end);
  const afi = reader.u16();
  const kind = kinds[reader.u8()];
  const family = familyOf(afi, reader.u8());
  return kind === undefined || family === undefined ? undefined : { kind, family };
}

/** The whole message. */
export function encodeRouteRefresh({ kind, family }: RouteRefresh): Uint8Array {
  const out = beginMessage(new Writer(23), MessageType.routeRefresh);
  return endMessage(out.u16(AFI[family]).u8(kinds.indexOf(kind)).u8(SAFI_UNICAST));
}
