import fc from "fast-check";
import { noCapabilities } from "#bgp/wire/capabilities.ts";
import { encodeKeepalive } from "#bgp/wire/keepalive.ts";
import { HEADER_OCTETS, MessageType } from "#bgp/wire/message-type.ts";
import { encodeNotification, operatorCease } from "#bgp/wire/notification.ts";
import { encodeOpen, type Open } from "#bgp/wire/open.ts";
import { encodeRouteRefresh } from "#bgp/wire/route-refresh.ts";
import { LOCAL_AS, nlri, REMOTE_AS, ROUTER_ID, rawAttributes } from "./arbitraries.ts";
import { attribute, update } from "./octets.ts";
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

/** A speaker of our own AS, with our own identifier. */
const twin: Open = {
  ...open,
  as: LOCAL_AS,
  routerId: ROUTER_ID,
  capabilities: { ...open.capabilities, fourOctetAs: LOCAL_AS },
};

/** One of each other kind of message. */
export const others: readonly Uint8Array[] = [
  encodeOpen(open),
  encodeOpen({ ...open, routerId: 0 }),
  encodeOpen({ ...open, holdSeconds: 2 }),
  encodeOpen(twin),
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

interface Parts {
  readonly withdrawn: Uint8Array;
  readonly attributes: readonly Uint8Array[];
  readonly nlri: Uint8Array;
}

/** An UPDATE taken apart; undefined for what is none, or has lengths that do not fit. */
function partsOf(octets: Uint8Array): Parts | undefined {
  if (octets[18] !== MessageType.update || octets.length < HEADER_OCTETS + 4) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const set = HEADER_OCTETS + 4 + view.getUint16(HEADER_OCTETS);
  if (set > octets.length) return undefined;
  const end = set + view.getUint16(set - 2);
  if (end > octets.length) return undefined;
  const attributes: Uint8Array[] = [];
  for (let at = set; at < end; ) {
    const extended = (octets[at]! & 0x10) !== 0;
    if (at + (extended ? 4 : 3) > end) return undefined;
    const next = at + (extended ? 4 + view.getUint16(at + 2) : 3 + octets[at + 2]!);
    if (next > end) return undefined;
    attributes.push(octets.subarray(at, next));
    at = next;
  }
  return { withdrawn: octets.subarray(HEADER_OCTETS + 2, set - 2), attributes, nlri: octets.subarray(end) };
}

const valueIn = (one: Uint8Array): Uint8Array => one.subarray((one[0]! & 0x10) === 0 ? 3 : 4);
const joined = (...pieces: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(pieces));
const rebuilt = (one: Uint8Array, value: Uint8Array): Uint8Array => attribute(one[0]! & 0xef, one[1]!, value);

/** What becomes of one attribute while all lengths around it stay right. */
const attributeMutations: readonly ((random: Random, one: Uint8Array) => readonly Uint8Array[])[] = [
  (random, one) => [rebuilt(one, valueIn(one).subarray(0, random.below(valueIn(one).length + 1)))],
  (random, one) => [rebuilt(one, joined(valueIn(one), random.octets(1 + random.below(12))))],
  (random, one) => [attribute((one[0]! & 0xef) ^ random.pick([0x80, 0x40, 0xc0, 0x20, 0x01]), one[1]!, valueIn(one))],
  (random, one) => [attribute(one[0]! & 0xef, random.below(40), valueIn(one))],
  (random, one) => {
    const value = valueIn(one).slice();
    if (value.length > 0) value[random.below(value.length)] = random.pick([0, 1, 3, 255, random.below(256)]);
    return [rebuilt(one, value)];
  },
  (_random, one) => [one, one],
  () => [],
];

function withOneAttributeChanged(random: Random, octets: Uint8Array): Uint8Array {
  const parts = partsOf(octets);
  if (parts === undefined || parts.attributes.length === 0) return octets;
  const chosen = random.below(parts.attributes.length);
  const attributes = parts.attributes.flatMap((one, index) =>
    index === chosen ? random.pick(attributeMutations)(random, one) : [one],
  );
  return update({ ...parts, attributes });
}

/** Octets that a neighbour out of its mind would send, each kind close enough to right to get far. */
export const messageMutations: readonly Mutation[] = [
  (_random, octets) => octets,
  withOneAttributeChanged,
  withOneAttributeChanged,
  withOneAttributeChanged,
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
