import { bug } from "#lib/bug.ts";
import type { ReadContext } from "./read-context.ts";
import type { RouteSink } from "./route-sink.ts";

/** What became of an UPDATE: bits, 0 where all was well. */
export const UPDATE_OK = 0;
/** Its routes were taken as withdrawn (RFC 7606 §2). */
export const UPDATE_WITHDRAWN = 1;
/** It was used without some of its attributes, or families, (RFC 7606 §2). */
export const UPDATE_DISCARDED = 2;

/**
 * Reads one neighbour's UPDATE messages into its Adj-RIB-In. One reader per session:
 *
 *     const outcome = reader.read(bytes, start, end);
 *     if (outcome !== UPDATE_OK) log.warn(reader.remarks());
 */
export class UpdateReader {
  constructor(context: ReadContext, sink: RouteSink) {
    void context;
    void sink;
  }

  /**
   * @param start of a whole message of at least 23 octets, header included; borrowed
   * @returns UPDATE_… bits
   * @throws PeerFault 3/x where the session has to end (RFC 4271 §6.3, RFC 7606 §3); nothing reached the sink then
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    return bug(`not yet: ${bytes.length} ${start} ${end}`);
  }

  /** What was wrong with the last message whose outcome was not UPDATE_OK, one clause for logs. */
  remarks(): string {
    return "";
  }
}
