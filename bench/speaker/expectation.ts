import type { Expectation } from "./protocol.ts";
import { RoutingTable } from "./routing-table.ts";

/** What a neighbour holds that was told all of `stream`. @param teller first AS number of the paths, if it is to be left out */
export function digestOf(stream: Uint8Array, teller?: number): Required<Expectation> {
  const table = new RoutingTable(teller);
  for (let at = 0; at < stream.length; at += (stream[at + 16]! << 8) | stream[at + 17]!) table.apply(stream, at);
  return { prefixes: table.prefixes, checksum: table.checksum };
}
