import type { Family } from "#route/family.ts";
import { Random } from "./random.ts";

/**
 * A routing table like the Internet's: unique prefixes, grouped by attribute set. Prefix i has its address in
 * `words[i * width .. ]` (32-bit, most significant first) and `lengths[i]` bits; set s holds the prefixes from
 * `setStart[s]` to `setStart[s + 1]`.
 */
export interface Table {
  readonly family: Family;
  readonly size: number;
  readonly width: 1 | 4;
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  readonly sets: number;
  readonly setStart: Uint32Array;
  readonly seed: number;
}

/** Shares of prefix lengths in the default-free zone, in per mille; what is rarer than 2 is left out. */
const lengthMix = {
  ipv4: [
    [24, 620],
    [23, 100],
    [22, 110],
    [21, 52],
    [20, 45],
    [19, 24],
    [18, 14],
    [17, 8],
    [16, 14],
    [15, 2],
    [14, 2],
  ],
  ipv6: [
    [48, 470],
    [32, 120],
    [44, 95],
    [40, 85],
    [36, 45],
    [47, 40],
    [46, 40],
    [45, 30],
    [42, 20],
    [33, 15],
    [29, 20],
    [34, 10],
    [38, 10],
  ],
} as const satisfies Record<Family, readonly (readonly [number, number])[]>;

/** How many prefixes share one attribute set: many sets have one, few have dozens; the mean is 5. */
const sharing = [
  [1, 480],
  [2, 170],
  [3, 85],
  [4, 60],
  [6, 70],
  [9, 50],
  [14, 35],
  [22, 25],
  [40, 15],
  [80, 6],
] as const;

/** The same arguments give the same table. */
export function makeTable(family: Family, size: number, seed = 1): Table {
  const random = new Random(seed);
  const width = family === "ipv4" ? 1 : 4;
  const words = new Uint32Array(size * width);
  const lengths = new Uint8Array(size);
  const setStart: number[] = [0];
  const taken = new Set<number>();
  let filled = 0;
  while (filled < size) {
    const wanted = Math.min(random.weighted(sharing), size - filled);
    let at = randomAddress(family, random);
    for (let left = wanted; left > 0; ) {
      const length = random.weighted(lengthMix[family]);
      at = mask(at, length);
      const key = at * 64 + length;
      if (isUsable(family, at, length) && !taken.has(key)) {
        taken.add(key);
        put(words, filled * width, family, at);
        lengths[filled++] = length;
        left--;
      }
      at = random.chance(0.7) ? at + span(family, length) : randomAddress(family, random);
    }
    setStart.push(filled);
  }
  return { family, size, width, words, lengths, sets: setStart.length - 1, setStart: Uint32Array.from(setStart), seed };
}

/** `size` IPv4 routes of 24 bits, one beside the other from `first` on, five to an attribute set. */
export function flatTable(first: number, size: number): Table {
  const sets = Math.ceil(size / 5);
  return {
    family: "ipv4",
    size,
    width: 1,
    words: Uint32Array.from({ length: size }, (_, index) => first + index * 256),
    lengths: new Uint8Array(size).fill(24),
    sets,
    setStart: Uint32Array.from({ length: sets + 1 }, (_, set) => Math.min(size, set * 5)),
    seed: 1,
  };
}

/*
 * An address under construction is one number below 2^48: the 32 bits of IPv4 shifted left by 16, or the first 48 bits
 * of IPv6, in which no generated prefix is longer. Multiplied by 64 it leaves room for the length below 2^54 only for
 * IPv6 under 2000::/3, whose three leading bits are taken off.
 */
const leading6 = 2 ** 45;

const randomAddress = (family: Family, random: Random): number =>
  family === "ipv4"
    ? (1 + random.below(222)) * 2 ** 40 + random.below(2 ** 24) * 2 ** 16
    : random.u32() * 2 ** 13 + random.below(2 ** 13);

const span = (_family: Family, length: number): number => 2 ** (48 - length);

const mask = (at: number, length: number): number => at - (at % 2 ** (48 - length));

/** Leaves out what routers refuse (RFC 6890) and what the bench uses itself: 10/8, 100.64/10, 127/8, 169.254/16, 172.16/12, 192/8, 198.18/15. */
function isUsable(family: Family, at: number, length: number): boolean {
  if (family === "ipv6") return at + span(family, length) <= leading6;
  const first = Math.floor(at / 2 ** 40);
  const second = Math.floor(at / 2 ** 32) & 255;
  if (first < 1 || first > 222 || length < 9) return false;
  if (first === 10 || first === 127 || first === 192) return false;
  return !(
    (first === 100 && second >= 64 && second < 128) ||
    (first === 169 && second === 254) ||
    (first === 172 && second >= 16 && second < 32) ||
    (first === 198 && (second & 254) === 18)
  );
}

function put(words: Uint32Array, at: number, family: Family, address: number): void {
  if (family === "ipv4") {
    words[at] = Math.floor(address / 2 ** 16);
    return;
  }
  const bits = address + leading6;
  words[at] = Math.floor(bits / 2 ** 16);
  words[at + 1] = (bits % 2 ** 16) * 2 ** 16;
}
