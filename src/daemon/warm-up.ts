import { AttributeSetCodec } from "#bgp/wire/attribute-codec.ts";
import type { ReadContext } from "#bgp/wire/read-context.ts";
import { UpdateReader } from "#bgp/wire/update.ts";
import { UpdateWriter } from "#bgp/wire/update-encoder.ts";
import { warmUp } from "#rib/warm-up.ts";

/** Any session with an external neighbour. */
const context: ReadContext = {
  context: 1,
  families: ["ipv4", "ipv6"],
  external: true,
  localAs: 64512,
  remoteAs: 64513,
  fourOctetAs: true,
  extendedNextHop: false,
  routerId: 1,
  clusterId: 1,
  allowOwnAs: 0,
  checkFirstAs: false,
};

/** Field of the header behind the marker (RFC 4271 §4.1). */
const lengthOfMessage = (octets: Uint8Array, at: number): number =>
  ((octets[at + 16] ?? 0) << 8) | (octets[at + 17] ?? 0);

/** Has V8 compile the way of an UPDATE through reader, RIB and writer, before the first table comes. Some 100 ms. */
export function warmUpRouting(): void {
  warmUp({
    codec: new AttributeSetCodec(),
    encoder: () =>
      new UpdateWriter({
        kind: "external",
        localAs: 64512,
        clusterId: 1,
        fourOctetAs: true,
        nextHop: "auto",
        ownNextHops: {
          ipv4: { address: { family: "ipv4", words: [1] }, linkLocal: undefined },
          ipv6: { address: { family: "ipv6", words: [1, 0, 0, 1] }, linkLocal: undefined },
        },
        extendedNextHop: false,
        maxMessageOctets: 4096,
      }),
    reader: (sink) => {
      const reader = new UpdateReader(context, sink);
      return (octets, start, end) => {
        for (let at = start; at < end; ) {
          const next = at + lengthOfMessage(octets, at);
          reader.read(octets, at, next);
          at = next;
        }
      };
    },
  });
}
