import type { Arbitrary } from "fast-check";
import fc from "fast-check";
import type { ReadContext } from "#bgp/wire/read-context.ts";
import type { Address } from "#route/address.ts";
import type { AsPath } from "#route/as-path.ts";
import type { Attributes } from "#route/attributes.ts";
import { bitsOf, type Family } from "#route/family.ts";
import { type Prefix, prefixOf } from "#route/prefix.ts";
import { attribute } from "./octets.ts";

export const word: Arbitrary<number> = fc.nat(0xffffffff);

/** `usual`, and once in `rarity` times `odd`. */
const usually = <Value>(usual: Arbitrary<Value>, odd: Arbitrary<Value>, rarity: number): Arbitrary<Value> =>
  fc.oneof({ weight: rarity - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });

export const LOCAL_AS = 64512;
export const REMOTE_AS = 65001;
export const ROUTER_ID = 0x0a000001;
const CLUSTER_ID = 0x0a0000ff;

/** AS numbers that mean something to the contexts below, and any others. */
export const asNumber: Arbitrary<number> = fc.oneof(
  fc.constantFrom(LOCAL_AS, REMOTE_AS, 23456, 70_000, 4_200_000_000),
  fc.integer({ min: 1, max: 0xffffffff }),
);

export const asPath: Arbitrary<AsPath> = fc.array(
  fc.record({
    kind: fc.constantFrom("sequence" as const, "sequence" as const, "set" as const),
    members: fc.array(asNumber, { minLength: 1, maxLength: 6 }),
  }),
  { maxLength: 4 },
);

export const ipv4Host: Arbitrary<Address> = fc
  .integer({ min: 1, max: 0xdfffffff })
  .map((first) => ({ family: "ipv4", words: [first] }));

export const ipv6Global: Arbitrary<Address> = fc
  .tuple(word, word, word)
  .map((words) => ({ family: "ipv6", words: [0x20010db8, ...words] }));

export const ipv6LinkLocal: Arbitrary<Address> = fc
  .tuple(word, word)
  .map((words) => ({ family: "ipv6", words: [0xfe800000, 0, ...words] }));

export const prefix = (family: Family): Arbitrary<Prefix> =>
  fc
    .tuple(
      fc.array(word, { minLength: family === "ipv4" ? 1 : 4, maxLength: family === "ipv4" ? 1 : 4 }),
      fc.nat(bitsOf(family)),
    )
    .map(([words, length]) => prefixOf({ family, words }, length));

const nextHops: Arbitrary<Pick<Attributes, "nextHop" | "linkLocalNextHop">> = fc.oneof(
  ipv4Host.map((nextHop) => ({ nextHop, linkLocalNextHop: undefined })),
  ipv6Global.map((nextHop) => ({ nextHop, linkLocalNextHop: undefined })),
  fc.tuple(ipv6Global, ipv6LinkLocal).map(([nextHop, linkLocalNextHop]) => ({ nextHop, linkLocalNextHop })),
  ipv6LinkLocal.map((nextHop) => ({ nextHop, linkLocalNextHop: undefined })),
);

const list = <Member>(member: Arbitrary<Member>): Arbitrary<Member[]> => fc.array(member, { maxLength: 4 });
const maybe = <Value>(value: Arbitrary<Value>): Arbitrary<Value | undefined> => fc.option(value, { nil: undefined });

const unknownAttributes: Arbitrary<Attributes["unknown"]> = fc.uniqueArray(
  fc.record({
    flags: fc.constantFrom(0x80, 0xc0, 0xe0),
    code: fc.constantFrom(11, 20, 26, 35, 40, 128, 200, 255),
    value: fc.uint8Array({ maxLength: 300, size: "max" }),
  }),
  { maxLength: 3, selector: ({ code }) => code },
);

/** Sets that a neighbour could have sent and that are wholly in order. */
export const attributes: Arbitrary<Attributes> = fc
  .tuple(
    nextHops,
    fc.record({
      origin: fc.constantFrom(0 as const, 1 as const, 2 as const),
      asPath,
      med: maybe(word),
      localPref: maybe(word),
      atomicAggregate: fc.boolean(),
      aggregator: maybe(fc.record({ as: asNumber, routerId: word })),
      communities: list(fc.oneof(word, fc.constantFrom(0xffffff01, 0xffffff02, 0xffffff03, 0xffff0000))),
      originatorId: maybe(word),
      clusterList: list(word),
      extendedCommunities: list(fc.tuple(fc.oneof(word, fc.constantFrom(0x4004fde8, 0x0004fde8)), word)),
      largeCommunities: fc.uniqueArray(fc.tuple(word, word, word), { maxLength: 4, selector: (one) => one.join() }),
      unknown: unknownAttributes.map((unknown) => unknown.toSorted((a, b) => a.code - b.code)),
    }),
  )
  .map(([hops, rest]) => ({ ...hops, ...rest }));

export const readContext: Arbitrary<ReadContext> = fc
  .record({
    families: fc.constantFrom<Family[]>(["ipv4", "ipv6"], ["ipv4", "ipv6"], ["ipv4"], ["ipv6"]),
    external: fc.boolean(),
    fourOctetAs: usually(fc.constant(true), fc.constant(false), 3),
    extendedNextHop: fc.boolean(),
    allowOwnAs: fc.nat(1),
    checkFirstAs: fc.boolean(),
  })
  .map((chosen) => ({
    ...chosen,
    context: 1,
    localAs: LOCAL_AS,
    remoteAs: chosen.external ? REMOTE_AS : LOCAL_AS,
    routerId: ROUTER_ID,
    clusterId: CLUSTER_ID,
  }));

const words = (...from: readonly number[]): Arbitrary<Uint8Array> => wordsValue(from, 1);

/** Type, flags, values as they should be, and values that are malformed, or that matter in one context only. */
const values: readonly (readonly [number, number, Arbitrary<Uint8Array>, Arbitrary<Uint8Array>])[] = [
  [1, 0x40, fc.constantFrom(Uint8Array.of(0), Uint8Array.of(2)), fc.constant(Uint8Array.of(3))],
  [2, 0x40, pathValue([REMOTE_AS], [2], 4), pathValue([LOCAL_AS, REMOTE_AS, 23456, 70_000, 5, 0], [1, 2, 2, 3, 9], 2)],
  [3, 0x40, words(0x0a000001, 0xc0000201), words(0, 0xe0000001)],
  [4, 0x80, words(0, 5), fc.constant(new Uint8Array())],
  [5, 0x40, words(100, 200), words(100)],
  [6, 0x40, fc.constant(new Uint8Array()), fc.constant(Uint8Array.of(1))],
  [
    7,
    0xc0,
    wordsValue([70_000, 23456], 2),
    fc.constantFrom(Uint8Array.of(0x5b, 0xa0, 1, 2, 3, 4), Uint8Array.of(0, 5, 1, 2, 3, 4)),
  ],
  [8, 0xc0, wordsValue([0xffffff01, 0xffffff02, 0xffff0000, 0xffffff03, 7], 2), fc.constant(new Uint8Array())],
  [9, 0x80, words(ROUTER_ID, 1), words(1)],
  [10, 0x80, wordsValue([CLUSTER_ID, 1], 3), fc.constant(new Uint8Array())],
  [16, 0xc0, wordsValue([0x4004fde8, 0x49742400, 0x00020001, 0x7f800000], 2), words(1)],
  [17, 0xc0, pathValue([REMOTE_AS, 70_000], [2, 2, 1], 4), pathValue([70_000, 0], [2, 3, 4, 9], 4)],
  [18, 0xc0, wordsValue([70_000, 1], 2), words(0)],
  [32, 0xc0, wordsValue([1, 2], 3), words(1)],
  [25, 0x80, fc.uint8Array({ maxLength: 4 }), fc.constant(new Uint8Array())],
  [99, 0xc0, fc.uint8Array({ maxLength: 4 }), fc.constant(new Uint8Array())],
];

function wordsValue(from: readonly number[], most: number): Arbitrary<Uint8Array> {
  return fc.array(fc.constantFrom(...from), { minLength: most === 2 ? 2 : 1, maxLength: most }).map((chosen) => {
    const octets = new Uint8Array(chosen.length * 4);
    for (const [index, one] of chosen.entries()) new DataView(octets.buffer).setUint32(index * 4, one);
    return octets;
  });
}

/** A path of some of `from`, in numbers of `size` octets, whatever the context. */
function pathValue(from: readonly number[], kinds: readonly number[], size: 2 | 4): Arbitrary<Uint8Array> {
  const segment = fc.tuple(
    fc.constantFrom(...kinds),
    fc.array(fc.constantFrom(...from), { minLength: 1, maxLength: 3 }),
  );
  return fc
    .array(segment, { minLength: 1, maxLength: 3 })
    .map((segments) =>
      Uint8Array.from(
        segments.flatMap(([kind, members]) => [
          kind,
          members.length,
          ...members.flatMap((as) => [as >>> 24, (as >>> 16) & 255, (as >>> 8) & 255, as & 255].slice(4 - size)),
        ]),
      ),
    );
}

const addressField = (family: Family): Arbitrary<number[]> => {
  const v4 = usually<number[]>(fc.constant([10, 0, 0, 1]), fc.constant([0, 0, 0, 0]), 12);
  const global = usually<number[]>(
    fc.constant([0x20, 1, 0xd, 0xb8, ...zeros(11), 1]),
    fc.constantFrom(zeros(16), [0xff, 2, ...zeros(13), 1]),
    12,
  );
  const linkLocal = fc.constantFrom<number[][]>([0xfe, 0x80, ...zeros(13), 7], [0x20, 1, ...zeros(13), 7]);
  const v6 = fc.oneof(
    global,
    linkLocal,
    fc.tuple(global, linkLocal).map(([a, b]) => [...a, ...b]),
  );
  return family === "ipv4" ? fc.oneof(v4, v6) : fc.oneof({ weight: 40, arbitrary: v6 }, { weight: 1, arbitrary: v4 });
};
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

/** The octets of a few prefixes, now and then of something that is none. */
export const nlri = (family: Family, most = 3): Arbitrary<Uint8Array> =>
  fc.oneof(
    {
      weight: 30,
      arbitrary: fc
        .array(prefix(family), { maxLength: most })
        .map((prefixes) =>
          Uint8Array.from(
            prefixes.flatMap(({ length, words }) => [
              length,
              ...words
                .flatMap((one) => [one >>> 24, (one >>> 16) & 255, (one >>> 8) & 255, one & 255])
                .slice(0, (length + 7) >> 3),
            ]),
          ),
        ),
    },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 6 }) },
  );

const familyHead = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom<[Family, number[]]>(["ipv6", [0, 2, 1]], ["ipv6", [0, 2, 1]], ["ipv4", [0, 1, 1]]),
  },
  { weight: 1, arbitrary: fc.constantFrom<[Family, number[]]>(["ipv6", [0, 2, 128]], ["ipv4", [0, 25, 70]]) },
);

const mpReach: Arbitrary<Uint8Array> = familyHead.chain(([family, head]) =>
  fc
    .tuple(addressField(family), nlri(family))
    .map(([hop, prefixes]) => Uint8Array.from([...head, hop.length, ...hop, 0, ...prefixes])),
);

const mpUnreach: Arbitrary<Uint8Array> = familyHead.chain(([family, head]) =>
  nlri(family).map((prefixes) => Uint8Array.from([...head, ...prefixes])),
);

const one = (code: number, flags: number, value: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> =>
  fc
    .tuple(usually(fc.constant(flags), fc.nat(255), 200), usually(value, fc.uint8Array({ maxLength: 9 }), 100))
    .map(([actual, octets]) => attribute(actual & 0xef, code, octets));

const absent = fc.constant(new Uint8Array());

/** Each attribute or none; the mandatory ones nearly always, those that only old or internal neighbours send not often. */
const parts: readonly Arbitrary<Uint8Array>[] = values.map(([code, flags, good, odd]) => {
  const there = one(code, flags, usually(good, odd, 30));
  return code <= 3 ? usually(there, absent, 60) : usually(absent, there, 6);
});

/** Something twice, or something that claims to be well-known and is not. */
const extra: Arbitrary<Uint8Array> = usually(
  absent,
  fc.oneof(one(98, 0x40, absent), ...values.map(([code, flags, good]) => one(code, flags, good))),
  12,
);

/** Path attributes in any order, some malformed, some twice, sometimes cut off. */
export const rawAttributes: Arbitrary<Uint8Array> = fc
  .tuple(
    fc.tuple(...parts, extra),
    fc.array(one(14, 0x80, mpReach), { maxLength: 1 }),
    usually(absent, one(14, 0x80, mpReach), 40),
    usually(absent, one(15, 0x80, mpUnreach), 3),
    fc.option(fc.nat(200), { freq: 40, nil: undefined }),
    fc.boolean(),
  )
  .chain(([some, reach, again, unreach, cut, shuffled]) => {
    const all = [...some, ...reach, again, unreach].filter(({ length }) => length > 0);
    const whole = { minLength: all.length, maxLength: all.length };
    const ordered = shuffled ? fc.shuffledSubarray(all, whole) : fc.constant(all);
    return ordered.map((list) => Uint8Array.from(Buffer.concat(list)).subarray(0, cut));
  });
