import { AFI } from "#bgp/wire/afi-safi.ts";
import { type RawAttribute, splitAttributes } from "#bgp/wire/attribute-codec.ts";
import { decodeAggregator } from "#bgp/wire/attributes/aggregator.ts";
import { asPath, decodeAsPath } from "#bgp/wire/attributes/as-path.ts";
import { as4Aggregator } from "#bgp/wire/attributes/as4-aggregator.ts";
import { as4Path } from "#bgp/wire/attributes/as4-path.ts";
import { encodeAttribute } from "#bgp/wire/attributes/attribute.ts";
import { isHost } from "#bgp/wire/attributes/next-hop.ts";
import { decodeNlri } from "#bgp/wire/attributes/nlri.ts";
import { attributeByCode, attributeTable } from "#bgp/wire/attributes/table.ts";
import type { ReadContext } from "#bgp/wire/read-context.ts";
import { Reader, Writer } from "#lib/bytes.ts";
import type { AsPath, AsPathSegment } from "#route/as-path.ts";
import { pathLength } from "#route/as-path.ts";
import type { Family } from "#route/family.ts";
import { formatPrefix } from "#route/prefix.ts";
import { hex, toHex } from "./octets.ts";

/** What should become of an UPDATE. */
export type Verdict =
  /** The session ends, with one of these subcodes. */
  | { readonly reset: ReadonlySet<number> }
  | { readonly outcome: "ok" | "discarded" | "withdrawn"; readonly log: readonly string[] };

const LISTS = { reset: 3, withdraw: 2, discard: 1 } as const;

interface MpPart {
  readonly family: Family;
  readonly prefixes: readonly string[];
  readonly raw: RawAttribute;
}

/**
 * The slow, obvious twin of UpdateReader: rules of RFC 7606 one after the other, over decoded attributes. `log` is what a
 * RecordingSink would hold.
 */
export function slowRead(bytes: Uint8Array, context: ReadContext): Verdict {
  const body = new Reader(bytes, 19);
  const withdrawnOctets = body.u16();
  if (withdrawnOctets + 2 > body.remaining) return { reset: new Set([1]) };
  const withdrawnField = body.sub(withdrawnOctets);
  const setOctets = body.u16();
  if (setOctets > body.remaining) return { reset: new Set([1]) };
  const { attributes, complete } = splitAttributes(body.sub(setOctets));
  return new SlowUpdate(context, attributes, complete, withdrawnField, body).read();
}

class SlowUpdate {
  readonly context: ReadContext;
  readonly attributes: readonly RawAttribute[];
  readonly withdrawn: readonly string[];
  readonly nlri: readonly string[];
  readonly resets = new Set<number>();
  /** Severity and subcode of all that was found. */
  readonly faults: [number, number][] = [];

  constructor(
    context: ReadContext,
    attributes: readonly RawAttribute[],
    complete: boolean,
    withdrawn: Reader,
    nlri: Reader,
  ) {
    this.context = context;
    this.attributes = attributes;
    if (!complete) this.faults.push([2, 1]);
    const [gone, there] = [decodeNlri(withdrawn, "ipv4"), decodeNlri(nlri, "ipv4")];
    if (gone === undefined || there === undefined) this.resets.add(10);
    this.withdrawn = (gone ?? []).map(formatPrefix);
    this.nlri = (there ?? []).map(formatPrefix);
  }

  read(): Verdict {
    const { families } = this.context;
    const reach = this.mp(14);
    const unreach = this.mp(15);
    if (this.resets.size > 0) return { reset: this.resets };
    const classic = families.includes("ipv4");
    if (!classic && this.withdrawn.length + this.nlri.length > 0) this.faults.push([1, 0]);
    const others = this.attributes.filter(({ code }) => code !== 14 && code !== 15);
    const classicReach = classic ? this.nlri : [];
    const mpReached = reach?.prefixes ?? [];

    let classicSet: string | undefined;
    let mpSet: string | undefined;
    if (classicReach.length > 0) classicSet = this.canonical(others, [1, 2, 3]);
    if (reach !== undefined && mpReached.length > 0) {
      const kept = this.attributes.filter(({ code }) => code !== 3 && code !== 15);
      mpSet = this.canonical(
        kept
          .map((one) => (one === reach.raw ? reduced(one) : one))
          .filter(({ code, value }) => code !== 14 || value.length > 0),
        [1, 2],
      );
    }
    const nothingReached = classicReach.length + mpReached.length === 0;
    const bad = this.faults.some(([severity, subcode]) => severity === 2 && subcode === 1);
    if (nothingReached && (others.length > 0 || bad)) this.canonical(others, []);

    const worst = Math.max(0, ...this.faults.map(([severity]) => severity));
    const ofWorst = new Set(this.faults.filter(([severity]) => severity === worst).map(([, subcode]) => subcode));
    if (worst === 3 || (worst === 2 && nothingReached && (others.length > 0 || bad))) return { reset: ofWorst };
    const log: string[] = [];
    if (classic) log.push(...this.withdrawn.map((one) => `unreach ${one}`));
    log.push(...(unreach?.prefixes ?? []).map((one) => `unreach ${one}`));
    const tell = (prefixes: readonly string[], set: string | undefined): void => {
      for (const one of prefixes) log.push(worst === 2 ? `unreach ${one}` : `reach ${one} ${set}`);
    };
    const empty = this.withdrawn.length + this.nlri.length === 0;
    if (empty && this.attributes.length === 0 && complete(this.faults) && classic) log.push("end of rib ipv4");
    const alone = this.attributes.length === 1 && complete(this.faults);
    if (empty && alone && unreach?.prefixes.length === 0) log.push(`end of rib ${unreach.family}`);
    tell(classicReach, classicSet);
    tell(mpReached, mpSet);
    return { outcome: worst === 0 ? "ok" : worst === 1 ? "discarded" : "withdrawn", log };
  }

  /** The multiprotocol attribute of type `code`, if it is of an agreed family. */
  mp(code: 14 | 15): MpPart | undefined {
    const found = this.attributes.filter((one) => one.code === code);
    if (found.length > 1) this.resets.add(1);
    let part: MpPart | undefined;
    for (const raw of found) part = this.oneMp(code, raw);
    return part;
  }

  oneMp(code: 14 | 15, raw: RawAttribute): MpPart | undefined {
    const { value } = raw;
    const least = code === 14 ? 5 : 3;
    if (value.length < least) {
      this.resets.add(9);
      return undefined;
    }
    const afi = value[0]! * 256 + value[1]!;
    const family = this.context.families.find((one) => AFI[one] === afi && value[2] === 1);
    if (family === undefined) {
      this.faults.push([1, 0]);
      return undefined;
    }
    const codec = code === 14 ? attributeTable.mpReach : attributeTable.mpUnreach;
    const decoded = codec.decode(new Reader(value));
    const long = code === 14 && value[3] !== 4;
    if (
      decoded === undefined ||
      (raw.flags & 0xc0) !== 0x80 ||
      (long && family === "ipv4" && !this.context.extendedNextHop)
    ) {
      this.resets.add(9);
      return undefined;
    }
    return { family, prefixes: decoded.prefixes.map(formatPrefix), raw };
  }

  /** Octets of the set that is stored, in hexadecimal; faults are collected. */
  canonical(attributes: readonly RawAttribute[], mandatory: readonly number[]): string {
    const out = new Writer();
    const seen = new Set<number>();
    for (const raw of attributes) {
      const fault = this.fault(raw, seen.has(raw.code), attributes);
      seen.add(raw.code);
      if (fault !== undefined) this.faults.push(fault);
      const dropped = fault?.[0] === 1 || raw.code === 17 || raw.code === 18;
      if (!dropped) out.put(this.widened(raw, attributes));
    }
    for (const code of mandatory) if (!seen.has(code)) this.faults.push([2, 3]);
    return toHex(out.finish());
  }

  /** @returns severity and subcode */
  fault(raw: RawAttribute, again: boolean, all: readonly RawAttribute[]): [number, number] | undefined {
    const { code, flags } = raw;
    const { external, fourOctetAs } = this.context;
    if (again) return [1, 0];
    const row = attributeByCode.get(code);
    if (row === undefined) return (flags & 0x80) === 0 ? [3, 2] : undefined;
    if (row.internalOnly && external) return [1, 0];
    if ((flags & 0xc0) !== row.flags) return [2, 4];
    if ((code === 17 || code === 18) && fourOctetAs) return [1, 0];
    return this.wrong(raw, all)
      ? [LISTS[code === 14 ? "withdraw" : row.whenMalformed], subcodeOf(raw, fourOctetAs)]
      : undefined;
  }

  wrong({ code, value }: RawAttribute, all: readonly RawAttribute[]): boolean {
    const { external, checkFirstAs, remoteAs, fourOctetAs } = this.context;
    if (code === 2) {
      const path = this.path(value, all);
      const first = path?.[0]?.kind === "sequence" ? path[0].members[0] : 0;
      return path === undefined || (external && checkFirstAs && first !== remoteAs);
    }
    if (code === 7) return decodeAggregator(new Reader(value), fourOctetAs ? 4 : 2) === undefined;
    if (code === 14) {
      const [hop] = attributeTable.mpReach.decode(new Reader(value))?.nextHops ?? [];
      return hop === undefined || !isHost(hop);
    }
    return attributeByCode.get(code)?.decode(new Reader(value)) === undefined;
  }

  /** RFC 6793 §4.2.3, by units: each AS number of a sequence is one, and each set. */
  path(value: Uint8Array, all: readonly RawAttribute[]): AsPath | undefined {
    if (this.context.fourOctetAs) return decodeAsPath(new Reader(value), 4);
    const old = decodeAsPath(new Reader(value), 2);
    const wideValue = all.find(({ code }) => code === 17)?.value;
    const wide = wideValue && as4Path.decode(new Reader(wideValue));
    const aggregatorValue = all.find(({ code }) => code === 7)?.value;
    const aggregator = aggregatorValue && decodeAggregator(new Reader(aggregatorValue), 2);
    if (old === undefined || wide === undefined || (aggregator !== undefined && aggregator.as !== 23456)) return old;
    const surplus = pathLength(old) - pathLength(wide);
    if (surplus < 0) return old;
    const units: AsPath = old.flatMap<AsPathSegment>(({ kind, members }) =>
      kind === "sequence" ? members.map((as) => ({ kind, members: [as] })) : [{ kind, members }],
    );
    return joined([...units.slice(0, surplus), ...wide]);
  }

  /** AS_PATH and AGGREGATOR of an old speaker with 4-octet numbers, all else as it came. */
  widened(raw: RawAttribute, all: readonly RawAttribute[]): Uint8Array {
    const out = new Writer();
    if (raw.code === 32) return withoutRepeats(raw);
    if (this.context.fourOctetAs || (raw.code !== 2 && raw.code !== 7)) return octetsOf(raw);
    const value = new Writer();
    if (raw.code === 2) asPath.encode(value, joined(this.path(raw.value, all) ?? []));
    else {
      const old = decodeAggregator(new Reader(raw.value), 2) ?? { as: 0, routerId: 0 };
      const wideValue = all.find(({ code }) => code === 18)?.value;
      const wide =
        old.as === 23456 && wideValue !== undefined ? as4Aggregator.decode(new Reader(wideValue)) : undefined;
      attributeTable.aggregator.encode(value, wide ?? old);
    }
    encodeAttribute(out, raw.flags, raw.code, value.finish());
    return out.finish();
  }
}

const complete = (faults: readonly [number, number][]): boolean =>
  !faults.some(([severity, subcode]) => severity === 2 && subcode === 1);

/** Neighbouring sequences as one. */
export function joined(path: AsPath): AsPath {
  const result: { kind: AsPath[number]["kind"]; members: number[] }[] = [];
  for (const { kind, members } of path) {
    const last = result.at(-1);
    if (kind === "sequence" && last?.kind === "sequence") last.members.push(...members);
    else result.push({ kind, members: [...members] });
  }
  return result;
}

function subcodeOf({ code, value }: RawAttribute, fourOctetAs: boolean): number {
  if (code === 1) return value.length === 1 ? 6 : 5;
  if (code === 2) return 11;
  if (code === 3) return value.length === 4 ? 8 : 5;
  if (code === 14) return 8;
  if (code === 7) return fourOctetAs && value.length === 8 ? 9 : 5;
  return code === 17 || code === 18 ? 9 : 5;
}

/** MP_REACH_NLRI without its prefixes, in the plainest form. */
function reduced({ code, value }: RawAttribute): RawAttribute {
  const octets = value.slice(0, 5 + value[3]!);
  octets[octets.length - 1] = 0;
  return { flags: 0x80, code, value: octets };
}

/** Large communities, each once (RFC 8092 §3). */
function withoutRepeats(raw: RawAttribute): Uint8Array {
  const all: string[] = toHex(raw.value).match(/.{24}/g) ?? [];
  const once = all.filter((one, index) => all.indexOf(one) === index);
  if (once.length === all.length) return octetsOf(raw);
  const out = new Writer();
  encodeAttribute(out, raw.flags, raw.code, hex(once.join("")));
  return out.finish();
}

/** As it came: with the extended length bit the length has two octets, whatever it is. */
function octetsOf({ flags, code, value }: RawAttribute): Uint8Array {
  const out = new Writer().u8(flags).u8(code);
  if ((flags & 0x10) !== 0) out.u16(value.length);
  else out.u8(value.length);
  return out.put(value).finish();
}
