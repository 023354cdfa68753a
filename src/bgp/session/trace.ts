import { Reader } from "#lib/bytes.ts";
import { decodeMessage, describeMessage } from "../wire/message.ts";
import { HEADER_OCTETS } from "../wire/message-type.ts";
import { PeerFault } from "../wire/peer-fault.ts";

/** Where a message has its length (RFC 4271 §4.1). */
const LENGTH_AT = 16;

/**
 * What whole messages say, a line each, for an operator who follows one neighbour.
 * @param octets one message after the other, borrowed
 */
export function describeMessages(octets: Uint8Array, fourOctetAs: boolean): string[] {
  const lines: string[] = [];
  for (let at = 0; at + HEADER_OCTETS <= octets.length; ) {
    const length = new Reader(octets, at + LENGTH_AT).u16();
    const end = Math.min(octets.length, at + Math.max(HEADER_OCTETS, length));
    lines.push(describe(octets, at, end, fourOctetAs));
    at = end;
  }
  return lines;
}

function describe(octets: Uint8Array, start: number, end: number, fourOctetAs: boolean): string {
  try {
    return describeMessage(decodeMessage(octets, start, end, fourOctetAs ? 4 : 2));
  } catch (error) {
    if (error instanceof PeerFault || error instanceof RangeError)
      return `a message that cannot be read: ${error.message}`;
    throw error;
  }
}
