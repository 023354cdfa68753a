import { type Address, fromOctets, toOctets } from "#route/address.ts";
import { type AttributeCodec, TRANSITIVE } from "./attribute.ts";

/** NEXT_HOP (RFC 4271 §5.1.3): an IPv4 host address. Malformed otherwise (RFC 7606 §7.3, RFC 4271 §6.3). */
export const nextHop: AttributeCodec<Address> = {
  code: 3,
  name: "NEXT_HOP",
  flags: TRANSITIVE,
  whenMalformed: "withdraw",
  decode(value) {
    const address = value.remaining === 4 ? fromOctets(value.take(4)) : undefined;
    return address !== undefined && isHost(address) ? address : undefined;
  },
  encode: (out, address) => void out.put(toOctets(address)),
};

/** Neither all zeros nor multicast (IPv4: nor class E, the broadcast address included). */
export function isHost({ family, words }: Address): boolean {
  const first = words[0]!;
  if (family === "ipv4") return first !== 0 && first < 0xe0000000;
  return words.some((word) => word !== 0) && first < 0xff000000;
}
