import type { Address } from "#route/address.ts";
import { bitsOf } from "#route/family.ts";
import { prefixOf } from "#route/prefix.ts";
import { SemanticError } from "../errors.ts";
import type { Parser } from "../parser.ts";
import type { Expression } from "./ast.ts";
import { enumTable } from "./attributes.ts";
import {
  type MaskItem,
  type PrefixPattern,
  pattern,
  type ScalarType,
  type Span,
  type Value,
  wordsOf,
} from "./values.ts";

/** One part of a community in a set: a number, a range, or `*`. */
interface Range {
  readonly low: number;
  readonly high: number;
}

const WORD_MAX = 0xffffffff;

/** Reads what stands between `[` and `]`, the closing bracket included. */
export function parseSet(parser: Parser): Value {
  const prefixes: PrefixPattern[] = [];
  const spans: { of: ScalarType; span: Span }[] = [];
  do {
    const item = setItem(parser);
    if ("prefix" in item) prefixes.push(item);
    else spans.push(item);
  } while (parser.accept("','"));
  parser.expect("']'");
  const [first] = spans;
  if (first === undefined) return { type: "prefix set", value: prefixes };
  if (prefixes.length > 0 || spans.some(({ of }) => of !== first.of)) {
    throw new SemanticError("Incompatible set items");
  }
  return { type: "set", of: first.of, value: spans.map(({ span }) => span) };
}

function setItem(parser: Parser): PrefixPattern | { of: ScalarType; span: Span } {
  const address = parser.acceptAddress();
  if (address !== undefined) return parser.is("'/'") ? prefixPattern(parser, address) : addressSpan(parser, address);
  if (parser.accept("'('")) return communitySpan(parser);
  const name = parser.peekWord();
  const value = name === undefined ? undefined : enumTable[name];
  if (value !== undefined) {
    parser.anyWord();
    const words = wordsOf(value) ?? [];
    return { of: "enum", span: { low: words, high: words } };
  }
  const { low, high } = range(parser, parser.expect("NUM").number);
  return { of: "int", span: { low: [low], high: [high] } };
}

function addressSpan(parser: Parser, low: Address): { of: ScalarType; span: Span } {
  const high = parser.accept("'..'") ? (parser.acceptAddress() ?? parser.fail()) : low;
  return { of: "ip", span: { low: low.words, high: high.words } };
}

/** `ADDRESS/LENGTH`, with `+` (and all within it), `-` (and all around it), or `{low,high}`. */
function prefixPattern(parser: Parser, address: Address): PrefixPattern {
  const prefix = parser.prefixLength(address);
  if (parser.accept("'+'")) return pattern(prefix, prefix.length, bitsOf(prefix.family));
  if (parser.accept("'-'")) return pattern(prefix, 0, prefix.length);
  if (!parser.accept("'{'")) return pattern(prefix, prefix.length, prefix.length);
  const low = parser.expect("NUM").number;
  parser.expect("','");
  const high = parser.expect("NUM").number;
  parser.expect("'}'");
  if (low > high || high > bitsOf(prefix.family)) throw new SemanticError("Invalid prefix pattern range");
  // With a range, bits beyond its end say nothing.
  return pattern(high < prefix.length ? prefixOf(address, high) : prefix, low, high);
}

/** `(a, b)`, `(a, b, c)`, `(rt, a, b)` with ranges and stars; the opening parenthesis is read. */
function communitySpan(parser: Parser): { of: ScalarType; span: Span } {
  const kind = extendedKind(parser);
  const parts = [rangeOrStar(parser)];
  while (parts.length < 3 && parser.accept("','")) parts.push(rangeOrStar(parser));
  parser.expect("')'");
  const [first, second, third] = parts;
  if (first === undefined || second === undefined) parser.fail();
  if (kind !== undefined) {
    const low = extended(kind, first.low, second.low);
    const high = extended(kind, first.high, second.high);
    return { of: "ec", span: { low, high } };
  }
  if (third !== undefined) {
    return { of: "lc", span: { low: [first.low, second.low, third.low], high: [first.high, second.high, third.high] } };
  }
  const [high1, high2] = [Math.min(first.high, 0xffff), Math.min(second.high, 0xffff)];
  return { of: "pair", span: { low: [first.low, second.low], high: [high1, high2] } };
}

function rangeOrStar(parser: Parser): Range {
  if (parser.accept("'*'")) return { low: 0, high: WORD_MAX };
  return range(parser, parser.expect("NUM").number);
}

function range(parser: Parser, low: number): Range {
  return { low, high: parser.accept("'..'") ? parser.expect("NUM").number : low };
}

/** `rt` or `ro` before a comma. */
function extendedKind(parser: Parser): "rt" | "ro" | undefined {
  const word = parser.peekWord();
  if (word !== "rt" && word !== "ro") return undefined;
  parser.anyWord();
  parser.expect("','");
  return word;
}

/** RFC 4360 §3.1: a 2-octet AS number as administrator, or RFC 5668: one of 4 octets. */
function extended(kind: "rt" | "ro", administrator: number, value: number): readonly [number, number] {
  const subtype = kind === "rt" ? 2 : 3;
  if (administrator <= 0xffff) return [(subtype << 16) | administrator, value];
  const high = (0x02 << 24) | (subtype << 16) | (administrator >>> 16);
  return [high >>> 0, (((administrator & 0xffff) << 16) | (value & 0xffff)) >>> 0];
}

/**
 * What stands behind `(`: a community, or an expression in parentheses.
 * @param inner reads the expression
 */
export function parsePairOrLarge(parser: Parser, inner: () => Expression): Value | Expression {
  const kind = extendedKind(parser);
  if (kind !== undefined) return extendedCommunity(parser, kind);
  const first = inner();
  if (!parser.accept("','")) {
    parser.expect("')'");
    return first;
  }
  const second = inner();
  const third = parser.accept("','") ? inner() : undefined;
  parser.expect("')'");
  const parts = [first, second, ...(third === undefined ? [] : [third])].map(constantInt);
  const [a = 0, b = 0, c = 0] = parts;
  if (third !== undefined) return { type: "lc", value: [a, b, c] };
  if (a > 0xffff || b > 0xffff) throw new SemanticError("Value out of range");
  return { type: "pair", value: ((a << 16) | b) >>> 0 };
}

function extendedCommunity(parser: Parser, kind: "rt" | "ro"): Value {
  const address = parser.acceptAddress();
  const administrator = address?.words[0] ?? parser.expect("NUM").number;
  parser.expect("','");
  const value = parser.expect("NUM").number;
  parser.expect("')'");
  if (address === undefined) return { type: "ec", value: extended(kind, administrator, value) };
  const high = (0x01 << 24) | ((kind === "rt" ? 2 : 3) << 16) | (administrator >>> 16);
  return { type: "ec", value: [high, (((administrator & 0xffff) << 16) | (value & 0xffff)) >>> 0] };
}

function constantInt(expression: Expression): number {
  if (expression.kind === "constant" && expression.value.type === "int") return expression.value.value;
  throw new SemanticError("Constant number expected");
}

/** What stands between `[=` and `=]`, the end included. */
export function parseMask(parser: Parser): MaskItem[] {
  const items: MaskItem[] = [];
  while (!parser.accept("'=]'")) items.push(maskItem(parser));
  return items;
}

function maskItem(parser: Parser): MaskItem {
  if (parser.accept("'*'")) return { kind: "any" };
  if (parser.accept("'?'")) return { kind: "one" };
  if (parser.accept("'['")) {
    const set = parseSet(parser);
    if (set.type !== "set" || set.of !== "int") throw new SemanticError("Set of AS numbers expected");
    return { kind: "set", spans: set.value };
  }
  const { low, high } = range(parser, parser.expect("NUM").number);
  return { kind: "as", low, high };
}
