import { Reader, Writer } from "#lib/bytes.ts";
import { type AsPath, type AsPathSegment, pathLength } from "#route/as-path.ts";
import { aggregator, decodeAggregator } from "./attributes/aggregator.ts";
import { AS_TRANS, asPath, decodeAsPath } from "./attributes/as-path.ts";
import { as4Aggregator } from "./attributes/as4-aggregator.ts";
import { as4Path } from "./attributes/as4-path.ts";
import { type AttributeCodec, EXTENDED_LENGTH } from "./attributes/attribute.ts";

/*
 * What a speaker with 2-octet AS numbers sends, in the form that new speakers use (RFC 6793 §4.2.3). `set` is the whole
 * attribute set, in which the 4-octet parts are looked for.
 */

/** @param value of AS_PATH, in 2-octet numbers @returns the value in 4-octet numbers; undefined where it is malformed */
export function mergeAsPath(set: Reader, value: Reader): Uint8Array | undefined {
  const old = decodeAsPath(value, 2);
  if (old === undefined) return undefined;
  const aggregatorValue = findAttribute(set, aggregator.code);
  const kept = aggregatorValue && decodeAggregator(aggregatorValue, 2);
  // An AGGREGATOR with another AS number than AS_TRANS was made by a speaker that knew nothing of AS4_PATH.
  const trusted = kept === undefined || kept.as === AS_TRANS;
  const wide = trusted ? decodeFirst(set, as4Path) : undefined;
  const out = new Writer();
  asPath.encode(out, wide === undefined ? old : joinPaths(old, wide));
  return out.finish();
}

/** @param value of AGGREGATOR, with a 2-octet number @returns the value with a 4-octet number; undefined where it is malformed */
export function mergeAggregator(set: Reader, value: Reader): Uint8Array | undefined {
  const old = decodeAggregator(value, 2);
  if (old === undefined) return undefined;
  const out = new Writer(8);
  aggregator.encode(out, (old.as === AS_TRANS ? decodeFirst(set, as4Aggregator) : undefined) ?? old);
  return out.finish();
}

/** The AS_PATH's front, as much of it as the AS4_PATH lacks, and the AS4_PATH; the AS_PATH alone where it is the shorter. */
function joinPaths(old: AsPath, wide: AsPath): AsPath {
  let missing = pathLength(old) - pathLength(wide);
  if (missing < 0) return old;
  const joined: AsPathSegment[] = [];
  for (const { kind, members } of old) {
    if (missing === 0) break;
    const taken = kind === "sequence" ? members.slice(0, missing) : members;
    missing -= kind === "sequence" ? taken.length : 1;
    joined.push({ kind, members: taken });
  }
  const last = joined.at(-1);
  const [first, ...rest] = wide;
  if (last?.kind !== "sequence" || first?.kind !== "sequence") return [...joined, ...wide];
  return [...joined.slice(0, -1), { kind: "sequence", members: [...last.members, ...first.members] }, ...rest];
}

function decodeFirst<Value>(set: Reader, codec: AttributeCodec<Value>): Value | undefined {
  const value = findAttribute(set, codec.code);
  return value && codec.decode(value);
}

/** The value of the first attribute of type `code`. */
function findAttribute(set: Reader, code: number): Reader | undefined {
  const reader = new Reader(set.bytes, set.at, set.end);
  while (reader.remaining >= 3) {
    const flags = reader.u8();
    const type = reader.u8();
    if ((flags & EXTENDED_LENGTH) !== 0 && reader.remaining < 2) return undefined;
    const octets = (flags & EXTENDED_LENGTH) !== 0 ? reader.u16() : reader.u8();
    if (octets > reader.remaining) return undefined;
    const value = reader.sub(octets);
    if (type === code) return value;
  }
  return undefined;
}
