import fc from "fast-check";
import { noCapabilities } from "#bgp/wire/capabilities.ts";
import { encodeKeepalive } from "#bgp/wire/keepalive.ts";
import { HEADER_OCTETS } from "#bgp/wire/message-type.ts";
import { encodeNotification, operatorCease } from "#bgp/wire/notification.ts";
import { encodeOpen, type Open } from "#bgp/wire/open.ts";
import { encodeRouteRefresh } from "#bgp/wire/route-refresh.ts";
import { nlri, REMOTE_AS, rawAttributes } from "./arbitraries.ts";
import { update } from "./octets.ts";
import type { Random } from "./random.ts";

/** UPDATEs with every kind of attribute, some of them wrong already. */
export const updates: readonly Uint8Array[] = fc.sample(
  fc
    .tuple(nlri("ipv4", 20), rawAttributes, nlri("ipv4", 20))
    .map(([withdrawn, attributes, reachable]) => update({ withdrawn, attributes: [attributes], nlri: reachable })),
  { seed: 0x11e7, numRuns: 400 },
);

const open: Open = {
  as: REMOTE_AS,
  holdSeconds: 90,
  routerId: 9,
  capabilities: {
    ...noCapabilities,
    families: ["ipv4", "ipv6"],
    fourOctetAs: REMOTE_AS,
    gracefulRestart: {
      restarting: false,
      notification: true,
      restartSeconds: 120,
      families: [{ family: "ipv4", forwarding: true }],
    },
  },
};

/** One of each other kind of message. */
export const others: readonly Uint8Array[] = [
  encodeOpen(open),
  encodeOpen({ ...open, routerId: 0 }),
  encodeOpen({ ...open, holdSeconds: 2 }),
  encodeKeepalive(),
  encodeNotification(operatorCease(2, "bye")),
  encodeRouteRefresh({ kind: "begin", family: "ipv6" }),
];

const withLength = (octets: Uint8Array): Uint8Array => {
  octets[16] = octets.length >> 8;
  octets[17] = octets.length;
  return octets;
};

type Mutation = (random: Random, octets: Uint8Array) => Uint8Array;

/** Octets that a neighbour out of its mind would send, each kind close enough to right to get far. */
export const messageMutations: readonly Mutation[] = [
  (_random, octets) => octets,
  (random, octets) => {
    const changed = octets.slice();
    for (let count = 1 + random.below(6); count > 0; count--) {
      changed[HEADER_OCTETS + random.below(Math.max(1, octets.length - HEADER_OCTETS))] = random.below(256);
    }
    return withLength(changed.subarray(0, octets.length));
  },
  (random, octets) => withLength(octets.slice(0, HEADER_OCTETS + random.below(octets.length - HEADER_OCTETS + 1))),
  (random, octets) => octets.slice(0, random.below(octets.length + 1)),
  (random, octets) => {
    const cut = HEADER_OCTETS + random.below(octets.length - HEADER_OCTETS + 1);
    const other = random.pick(updates).subarray(HEADER_OCTETS);
    return withLength(Uint8Array.from(Buffer.concat([octets.subarray(0, cut), other])));
  },
];

/** The same, and octets that were never a message. */
export const mutations: readonly Mutation[] = [
  ...messageMutations,
  (random) => {
    const octets = random.octets(HEADER_OCTETS + random.below(300)).fill(0xff, 0, 16);
    octets[18] = random.below(7);
    return withLength(octets);
  },
  (random) => random.octets(1 + random.below(100)),
];

/** One message, or what became of it. */
export function damaged(random: Random, kinds: readonly Mutation[] = mutations): Uint8Array {
  const base = random.below(5) === 0 ? random.pick(others) : random.pick(updates);
  return random.pick(kinds)(random, base);
}
