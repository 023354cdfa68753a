import { type AttributeCodec, decodeList, OPTIONAL } from "./attribute.ts";

/** CLUSTER_LIST (RFC 4456 §8). Discarded from an external neighbour; malformed when empty or not words (RFC 7606 §7.10). */
export const clusterList: AttributeCodec<readonly number[]> = {
  code: 10,
  name: "CLUSTER_LIST",
  flags: OPTIONAL,
  whenMalformed: "withdraw",
  internalOnly: true,
  decode: (value) => decodeList(value, 4, (reader) => reader.u32()),
  encode(out, list) {
    for (const id of list) out.u32(id);
  },
};
