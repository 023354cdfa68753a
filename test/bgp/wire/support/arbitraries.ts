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

export const LOCAL_AS = 64512;
export const REMOTE_AS = 65001;
export const ROUTER_ID = 0x0a000001;
export const CLUSTER_ID = 0x0a0000ff;

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
    value: fc.uint8Array({ maxLength: 300 }),
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
      largeCommunities: list(fc.tuple(word, word, word)),
      unknown: unknownAttributes.map((unknown) => unknown.toSorted((a, b) => a.code - b.code)),
    }),
  )
  .map(([hops, rest]) => ({ ...hops, ...rest }));

export const readContext: Arbitrary<ReadContext> = fc
  .record({
    families: fc.constantFrom<Family[]>(["ipv4", "ipv6"], ["ipv4", "ipv6"], ["ipv4"], ["ipv6"]),
    external: fc.boolean(),
    fourOctetAs: fc.boolean(),
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

/** Well-formed and malformed values by type, small, and close to what a neighbour would send. */
const values: readonly (readonly [number, number, Arbitrary<Uint8Array>])[] = [
  [0x40, 1, fc.uint8Array({ minLength: 1, maxLength: 1, max: 3 })],
  [0x40, 2, pathValue()],
  [0x40, 3, wordsValue([0x0a000001, 0xe0000001, 0, 0xc0000201], 1)],
  [0x80, 4, wordsValue([0, 5], 1)],
  [0x40, 5, wordsValue([100, 200], 1)],
  [0x40, 6, fc.uint8Array({ maxLength: 0 })],
  [
    0xc0,
    7,
    fc.oneof(
      wordsValue([70_000, 23456, 0], 2),
      fc.constantFrom(Uint8Array.of(0x5b, 0xa0, 1, 2, 3, 4), Uint8Array.of(0, 5, 1, 2, 3, 4)),
    ),
  ],
  [0xc0, 8, wordsValue([0xffffff01, 0xffffff02, 0xffff0000, 0xffffff03, 7], 2)],
  [0x80, 9, wordsValue([ROUTER_ID, 1], 1)],
  [0x80, 10, wordsValue([CLUSTER_ID, 1], 3)],
  [0xc0, 16, wordsValue([0x4004fde8, 0x49742400, 0x00020001, 0x7f800000], 4)],
  [0xc0, 17, pathValue()],
  [0xc0, 18, wordsValue([70_000, 1], 2)],
  [0xc0, 32, wordsValue([1, 2, 3], 3)],
  [0xc0, 99, fc.uint8Array({ maxLength: 4 })],
  [0x80, 25, fc.uint8Array({ maxLength: 4 })],
  [0x40, 98, fc.uint8Array({ maxLength: 2 })],
];

function wordsValue(from: readonly number[], most: number): Arbitrary<Uint8Array> {
  return fc.array(fc.constantFrom(...from), { minLength: 1, maxLength: most }).map((words) => {
    const octets = new Uint8Array(words.length * 4);
    for (const [index, one] of words.entries()) new DataView(octets.buffer).setUint32(index * 4, one);
    return octets;
  });
}

/** A path in 2- or 4-octet numbers, whatever the context. */
function pathValue(): Arbitrary<Uint8Array> {
  const segment = fc.tuple(
    fc.constantFrom(1, 2, 2, 2, 3, 9),
    fc.constantFrom(2, 4, 4, 4),
    fc.array(fc.constantFrom(LOCAL_AS, REMOTE_AS, REMOTE_AS, 23456, 70_000, 5, 0), { maxLength: 3 }),
  );
  return fc
    .array(segment, { maxLength: 3 })
    .map((segments) =>
      Uint8Array.from(
        segments.flatMap(([kind, size, members]) => [
          kind,
          members.length,
          ...members.flatMap((as) => [as >>> 24, (as >>> 16) & 255, (as >>> 8) & 255, as & 255].slice(4 - size)),
        ]),
      ),
    );
}

const addressField = (family: Family): Arbitrary<number[]> => {
  const v4 = fc.constantFrom<number[][]>([10, 0, 0, 1], [0, 0, 0, 0]);
  const global = fc.constantFrom<number[][]>([0x20, 1, 0xd, 0xb8, ...zeros(11), 1], zeros(16), [
    0xff,
    2,
    ...zeros(13),
    1,
  ]);
  const linkLocal = fc.constantFrom<number[][]>([0xfe, 0x80, ...zeros(13), 7], [0x20, 1, ...zeros(13), 7]);
  const v6 = fc.oneof(
    global,
    linkLocal,
    fc.tuple(global, linkLocal).map(([a, b]) => [...a, ...b]),
  );
  return family === "ipv4" ? fc.oneof(v4, v6) : fc.oneof({ weight: 9, arbitrary: v6 }, { weight: 1, arbitrary: v4 });
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

const usually = (usual: number, odd: Arbitrary<number>): Arbitrary<number> =>
  fc.oneof({ weight: 40, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd });

const one = (flags: number, code: number, value: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> =>
  fc
    .tuple(
      usually(flags, fc.nat(255)),
      fc.oneof({ weight: 40, arbitrary: value }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 9 }) }),
    )
    .map(([actual, octets]) => attribute(actual & 0xef, code, octets));

const parts = (mandatory: boolean): Arbitrary<Uint8Array>[] =>
  values.map(([flags, code, value]) => {
    const weight = mandatory && code <= 3 ? 9 : 1;
    return fc.oneof(
      { weight, arbitrary: one(flags, code, value) },
      { weight: 3, arbitrary: fc.constant(new Uint8Array()) },
    );
  });

/** Path attributes in any order, some malformed, some twice, sometimes cut off. */
export const rawAttributes: Arbitrary<Uint8Array> = fc
  .tuple(
    fc.tuple(...parts(true)),
    fc.array(fc.oneof(...values.map(([flags, code, value]) => one(flags, code, value))), { maxLength: 1 }),
    fc.array(one(0x80, 14, mpReach), { maxLength: 2 }).filter((all) => all.length < 2),
    fc.array(one(0x80, 15, mpUnreach), { maxLength: 1 }),
    fc.option(fc.nat(200), { freq: 20, nil: undefined }),
    fc.boolean(),
  )
  .chain(([some, extra, reach, unreach, cut, shuffled]) => {
    const all = [...some, ...extra, ...reach, ...unreach].filter(({ length }) => length > 0);
    const ordered = shuffled
      ? fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
      : fc.constant(all);
    return ordered.map((list) => Uint8Array.from(Buffer.concat(list)).subarray(0, cut));
  });
