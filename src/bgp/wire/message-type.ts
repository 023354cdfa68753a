import type { Writer } from "#lib/bytes.ts";

/** Message types (RFC 4271 §4.1, RFC 2918 §3). */
export const MessageType = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;

/** Marker, length, type (RFC 4271 §4.1). */
export const HEADER_OCTETS = 19;
/** Longest message (RFC 4271 §4.1). */
export const MAX_OCTETS = 4096;
/** Longest message once both sides agreed on extended messages; OPEN and KEEPALIVE stay at 4,096 (RFC 8654 §4). */
export const MAX_EXTENDED_OCTETS = 65535;

/** Writes a header with room for the length; it has to be the first thing in `out`. */
export function beginMessage(out: Writer, type: number): Writer {
  for (let i = 0; i < 4; i++) out.u32(0xffffffff);
  return out.u16(0).u8(type);
}

/** Fills in the length. @returns the whole message */
export function endMessage(out: Writer): Uint8Array {
  return out.patchU16(16, out.length).finish();
}
