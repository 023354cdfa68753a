import { type Address, formatAddress } from "#route/address.ts";
import { type AsPath, formatAsPath } from "#route/as-path.ts";
import { bitsOf } from "#route/family.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";
import { formatCommunity, formatExtendedCommunity, formatLargeCommunity } from "../render/attributes.ts";

/** Types of the filter language that are of use for looking at routes; the names are those of error messages. */
export type ValueType = Value["type"];

/** Names with a number, by the kind of thing they are of: `RTS_BGP`, `NET_IP4`. */
export type EnumName = "source" | "origin" | "dest" | "net";

export type Value =
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "ip"; readonly value: Address }
  | { readonly type: "prefix"; readonly value: Prefix }
  | { readonly type: "pair"; readonly value: number }
  | { readonly type: "ec"; readonly value: readonly [number, number] }
  | { readonly type: "lc"; readonly value: readonly [number, number, number] }
  | { readonly type: "enum"; readonly of: EnumName; readonly value: number }
  | { readonly type: "path"; readonly value: AsPath }
  | { readonly type: "clist"; readonly value: readonly number[] }
  | { readonly type: "eclist"; readonly value: readonly (readonly [number, number])[] }
  | { readonly type: "lclist"; readonly value: readonly (readonly [number, number, number])[] }
  | { readonly type: "path mask"; readonly value: readonly MaskItem[] }
  | { readonly type: "prefix set"; readonly value: readonly PrefixPattern[] }
  | { readonly type: "set"; readonly of: ScalarType; readonly value: readonly Span[] };

export type ScalarType = "int" | "ip" | "pair" | "ec" | "lc" | "enum";

/** Values from `low` to `high`, each as words compared one by one: one for an int, four for an IPv6 address. */
export interface Span {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** `PREFIX{low,high}`: blocks within `prefix` (or around it, for low below its length) of these lengths. */
export interface PrefixPattern {
  readonly prefix: Prefix;
  readonly low: number;
  readonly high: number;
}

/** One place of `[= … =]`. */
export type MaskItem =
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "as"; readonly low: number; readonly high: number }
  | { readonly kind: "set"; readonly spans: readonly Span[] };

/** Types that may stand in a set, as the words that spans are made of. */
export function wordsOf(value: Value): readonly number[] | undefined {
  if (value.type === "int" || value.type === "enum") return [value.value];
  if (value.type === "pair") return [value.value >>> 16, value.value & 0xffff];
  if (value.type === "ip") return value.value.words;
  return value.type === "ec" || value.type === "lc" ? value.value : undefined;
}

/** Inclusive, each word on its own: `(a..b, c..d)` is a box and not a line. */
export function inSpan(words: readonly number[], { low, high }: Span): boolean {
  return words.length === low.length && words.every((word, at) => word >= (low[at] ?? 0) && word <= (high[at] ?? 0));
}

const enumNumbers: Readonly<Record<EnumName, number>> = { source: 30, origin: 31, dest: 34, net: 36 };

/** The value as `eval` prints it. */
export function formatValue(value: Value): string {
  switch (value.type) {
    case "bool":
      return value.value ? "TRUE" : "FALSE";
    case "int":
    case "string":
      return String(value.value);
    case "ip":
      return formatAddress(value.value);
    case "prefix":
      return formatPrefix(value.value);
    case "pair":
      return formatCommunity(value.value);
    case "ec":
      return formatExtendedCommunity(value.value);
    case "lc":
      return formatLargeCommunity(value.value);
    case "enum":
      return `(enum ${enumNumbers[value.of]})${value.value}`;
    case "path":
      return `(path ${formatAsPath(value.value)})`;
    case "clist":
      return `(clist ${value.value.map(formatCommunity).join(" ")})`;
    case "eclist":
      return `(eclist ${value.value.map(formatExtendedCommunity).join(" ")})`;
    case "lclist":
      return `(lclist ${value.value.map(formatLargeCommunity).join(" ")})`;
    case "path mask":
      return `[= ${value.value.map(formatMaskItem).join(" ")} =]`;
    case "prefix set":
      return `[${value.value.map(formatPattern).join(", ")}]`;
    case "set":
      return `[${value.value.map((span) => formatSpan(value.of, span)).join(", ")}]`;
  }
}

function formatMaskItem(item: MaskItem): string {
  switch (item.kind) {
    case "any":
      return "*";
    case "one":
      return "?";
    case "as":
      return item.low === item.high ? String(item.low) : `${item.low}..${item.high}`;
    case "set":
      return `[${item.spans.map((span) => formatSpan("int", span)).join(", ")}]`;
  }
}

/** The lengths are shown as an address in which bit n stands for length n. */
function formatPattern({ prefix, low, high }: PrefixPattern): string {
  const lengths = prefix.words.map(() => 0);
  for (let length = Math.max(low, 1); length <= high; length++) {
    const word = Math.floor((length - 1) / 32);
    lengths[word] = ((lengths[word] ?? 0) | (0x80000000 >>> ((length - 1) % 32))) >>> 0;
  }
  return `${formatPrefix(prefix)}{${formatAddress({ family: prefix.family, words: lengths })}}`;
}

function formatSpan(of: ScalarType, { low, high }: Span): string {
  const first = formatWordsAs(of, low);
  return low.every((word, at) => word === high[at]) ? first : `${first}..${formatWordsAs(of, high)}`;
}

function formatWordsAs(of: ScalarType, words: readonly number[]): string {
  const [first = 0, second = 0, third = 0] = words;
  if (of === "ip") return formatAddress({ family: words.length === 1 ? "ipv4" : "ipv6", words });
  if (of === "pair") return `(${first},${second})`;
  if (of === "lc") return formatLargeCommunity([first, second, third]);
  return of === "ec" ? formatExtendedCommunity([first, second]) : String(first);
}

/** @returns the prefix pattern that covers exactly these lengths, bounded by what the family has */
export function pattern(prefix: Prefix, low: number, high: number): PrefixPattern {
  return { prefix, low, high: Math.min(high, bitsOf(prefix.family)) };
}
