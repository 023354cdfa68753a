import type { Address } from "#route/address.ts";
import { formatPrefix, parseInterfaceAddress, prefixOf } from "#route/prefix.ts";

/** A prefix condition of a BGPPolicy, as manifests write it. */
export interface PrefixMatch {
  readonly cidr: string;
  readonly ge?: number;
  readonly le?: number;
}

export const longest = (cidr: string): number => (cidr.includes(":") ? 128 : 32);

/** Without host bits being looked at: our schema does that. */
export function prefixMatch(
  cidr: string,
  how: "exactly" | "within",
  lengths: { min?: number; max?: number } = {},
): PrefixMatch {
  if (how === "exactly") return { cidr };
  const { min, max } = lengths;
  return { cidr, ...(min !== undefined && { ge: min }), le: max ?? longest(cidr) };
}

export const everyRoute = (family: 4 | 6): PrefixMatch =>
  family === 4 ? prefixMatch("0.0.0.0/0", "within") : prefixMatch("::/0", "within");

/**
 * Every prefix but those: a BGPPolicy knows no negation. The blocks beside each bit of `cidr`, whole; the blocks around it,
 * alone; and, where `cidr` is meant alone, what is in it. At most 256. @returns undefined where it is no block
 */
export function otherThan(cidr: string, how: "exactly" | "within"): PrefixMatch[] | undefined {
  const { address, prefix } = parseInterfaceAddress(cidr) ?? {};
  if (address === undefined || prefix === undefined) return undefined;
  const most = longest(cidr);
  const others = Array.from({ length: prefix.length }, (_, bits): PrefixMatch[] => [
    { cidr: formatPrefix(prefixOf(address, bits)) },
    prefixMatch(formatPrefix(prefixOf(flipped(address, bits), bits + 1)), "within"),
  ]);
  const inside = how === "exactly" && prefix.length < most ? [{ cidr, ge: prefix.length + 1, le: most }] : [];
  return [...others.flat(), ...inside];
}

/** With another bit number `bit`, counted from the first. */
function flipped({ family, words }: Address, bit: number): Address {
  const changed = words.map((word, index) =>
    index === bit >>> 5 ? (word ^ (0x8000_0000 >>> (bit & 31))) >>> 0 : word,
  );
  return { family, words: changed };
}

const isLargeCommunity = (text: string): boolean => text.split(":").length === 3;

/** Communities by form: Calico and MetalLB write both into one list. */
export const communitiesByForm = (values: readonly string[]): { plain: string[]; large: string[] } => ({
  plain: values.filter((value) => !isLargeCommunity(value)),
  large: values.filter(isLargeCommunity),
});

/** `192.0.2.1`, `192.0.2.1:1790`, `[2001:db8::1]:1790`. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number | undefined } {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  return { host: six ?? four ?? text, port: port === undefined ? undefined : Number(port) };
}
