import * as v from "valibot";
import { type Address, formatAddress, parseAddress } from "#route/address.ts";
import type { LargeCommunity } from "#route/attributes.ts";
import { wellKnownCommunities } from "#route/communities.ts";
import type { Family } from "#route/family.ts";
import { formatPrefix, type Prefix, parseInterfaceAddress, parsePrefix } from "#route/prefix.ts";
import { type CelRule, type Meta, text } from "./describe.ts";

/** The forms in which single values are written in manifests, with what to say when one is wrong. */

const quote = (value: unknown): string => JSON.stringify(value);

export const integer = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

export const port = integer(1, 65_535);

/** A rule that says in words what the form is: a pattern would only be quoted by the API server. */
const matching = (pattern: string, right: string): CelRule => ({
  cel: `self.matches('${pattern}')`,
  message: `must ${right}`,
});

interface Form extends Meta {
  readonly pattern: string;
  readonly longest: number;
}

/** Text of a form that a pattern says whole. @param right what it must do, as a sentence goes on */
export const formed = ({ pattern, ...meta }: Form, right: string) => {
  const expression = new RegExp(pattern);
  return text<string>({ ...meta, rules: [matching(pattern, right)] }, (value) => {
    if (value.length > meta.longest) return { wrong: `is too long: at most ${meta.longest}` };
    return expression.test(value) ? value : { wrong: `${quote(value)} will not do: must ${right}` };
  });
};

const MAX_AS = 0xffff_ffff;

/** @param value a number, its text, or asdot (RFC 5396) @returns undefined unless it is a usable AS number (RFC 7607: not 0) */
export function parseAsNumber(value: number | string): number | undefined {
  const [, high, low] = /^(?:(\d{1,5})\.)?(\d{1,10})$/.exec(String(value)) ?? [];
  if (low === undefined || (high !== undefined && (Number(high) > 0xffff || Number(low) > 0xffff))) return undefined;
  const as = Number(high ?? 0) * 65_536 + Number(low);
  return as >= 1 && as <= MAX_AS ? as : undefined;
}

/** YAML reads an unquoted `1.10` as the number 1.1, so only whole numbers are taken as numbers. */
function readAs(value: number | string): number | { readonly wrong: string } {
  if (typeof value === "number" && !Number.isInteger(value))
    return { wrong: `${value} needs quotes to be read as asdot` };
  const bare = typeof value === "string" ? parseAsNumber(value.replace(/^AS/i, "")) : undefined;
  const hint = bare === undefined ? "" : `; did you mean ${bare}?`;
  const wrong = `${quote(value)} is not an AS number: write 1 to 4294967295, or asdot like "1.10"${hint}`;
  return parseAsNumber(value) ?? { wrong };
}

/**
 * For the API server, digits only: what is out of range in asdot the daemon refuses. In lists no CEL, which has to expect a
 * text of megabytes where a number or text may stand.
 */
const AS_LIMITS = { least: 1, most: MAX_AS, longest: 11 } as const;
const AS_DIGITS = "([0-9]{1,5}[.])?[0-9]{1,10}";
const AS_FORM = 'be an AS number: 1 to 4294967295, or asdot like "1.10"';

/** In place of a pattern. */
const inWords = (pattern: string, right: string) => ({
  pattern: undefined,
  rules: [{ cel: `type(self) == int || self.matches('${pattern}')`, message: `must ${right}` }],
});

const numberOrText = v.union([v.number(), v.string()]);

export const asNumber = v.pipe(
  numberOrText,
  v.rawTransform<number | string, number>(({ dataset, addIssue, NEVER }) => {
    const as = readAs(dataset.value);
    if (typeof as === "number") return as;
    addIssue({ message: as.wrong });
    return NEVER;
  }),
  v.metadata({ ...AS_LIMITS, form: "AS number", pattern: `^${AS_DIGITS}$` }),
);

/** The same where it stands in no list. */
export const singleAsNumber = v.pipe(asNumber, v.metadata(inWords(`^${AS_DIGITS}$`, AS_FORM)));

/** An AS number, or `internal` / `external`: the neighbour's is as ours / any but ours. */
export const peerAsNumber = v.pipe(
  numberOrText,
  v.rawTransform<number | string, number | "internal" | "external">(({ dataset, addIssue, NEVER }) => {
    const { value } = dataset;
    if (value === "internal" || value === "external") return value;
    const as = readAs(value);
    if (typeof as === "number") return as;
    addIssue({ message: typeof value === "number" ? as.wrong : `${as.wrong}, or internal, or external` });
    return NEVER;
  }),
  v.metadata({
    ...AS_LIMITS,
    form: "AS number, internal or external",
    ...inWords(`^(internal|external|${AS_DIGITS})$`, `${AS_FORM}, or internal, or external`),
  }),
);

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `1m30s`, `1.5s`, `200ms`: Go's durations without units below a millisecond. @returns milliseconds */
export function parseDuration(value: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) return undefined;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return Math.round(parts.reduce((sum, [, count, unit = "s"]) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0));
}

/** The shortest form that `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  if (ms % 1000 !== 0) return `${ms}ms`;
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, (ms / 1000) % 60];
  return `${hours ? `${hours}h` : ""}${minutes ? `${minutes}m` : ""}${seconds ? `${seconds}s` : ""}` || "0s";
}

/** Which durations will do. */
interface DurationRange {
  readonly leastMs: number;
  readonly mostMs: number;
  /** 0s will do too. */
  readonly orZero?: boolean;
  readonly wholeSeconds?: boolean;
}

export function duration({ leastMs, mostMs, orZero = false, wholeSeconds = false }: DurationRange) {
  const [least, most] = [formatDuration(leastMs), formatDuration(mostMs)];
  const right = `${orZero ? "0s or " : ""}${wholeSeconds ? "whole seconds from " : ""}${least} to ${most}`;
  const pattern = wholeSeconds ? "^([0-9]+(s|m|h))+$" : "^([0-9]+([.][0-9]+)?(ms|s|m|h))+$";
  const range = `duration(self) >= duration('${least}') && duration(self) <= duration('${most}')`;
  const cel = `self.matches('${pattern}') && (${orZero ? "duration(self) == duration('0s') || " : ""}${range})`;
  const meta = {
    form: `duration, ${right}`,
    longest: 32,
    rules: [{ cel, message: `must be ${right}, like 90s or 1m30s` }],
  };
  return text<number>(meta, (value) => {
    const ms = parseDuration(value);
    if (ms === undefined)
      return { wrong: `${quote(value)} is not a duration: write it like "90s", "1m30s" or "500ms"` };
    if (orZero && ms === 0) return ms;
    const fits = ms >= leastMs && ms <= mostMs && !(wholeSeconds && ms % 1000 !== 0);
    return fits ? ms : { wrong: `${quote(value)} will not do: must be ${right}` };
  });
}

const ADDRESS: Meta = {
  form: "IP address",
  longest: 45,
  rules: [{ cel: "isIP(self)", message: "must be an IP address, without prefix length and zone" }],
};

/** @param form what is wanted, for the sentence */
function readAddress(value: string, form: string): Address | { readonly wrong: string } {
  const parsed = parseAddress(value);
  if (parsed !== undefined) return parsed;
  if (value.includes("%")) return { wrong: `${quote(value)} has a zone: name the link in the field interface instead` };
  const withLength = parseInterfaceAddress(value);
  return withLength === undefined
    ? { wrong: `${quote(value)} is not an ${form}` }
    : { wrong: `${quote(value)} has a prefix length; did you mean ${formatAddress(withLength.address)}?` };
}

export const address = text<Address>(ADDRESS, (value) => readAddress(value, "IP address"));

/** An address, or words in its place. */
const addressOr = <const W extends string>(words: readonly W[]) => {
  const cel = `self in [${words.map((word) => `'${word}'`).join(", ")}] || isIP(self)`;
  const form = ["IP address", ...words].join(", ").replace(/, ([^,]*)$/, " or $1");
  const meta: Meta = { form, longest: 45, rules: [{ cel, message: `must be an ${form}` }] };
  return text<Address | W>(meta, (value) => {
    return words.find((each) => each === value) ?? readAddress(value, form);
  });
};

/** Where a session begins; `Any`: the kernel chooses. */
export const sourceAddress = addressOr(["NodeAddress", "Any"]);
export const listenAddress = addressOr(["NodeAddress"]);

/** @returns the block, or what is wrong with it and what was probably meant */
export function readPrefix(value: string): Prefix | { readonly wrong: string } {
  const parsed = parsePrefix(value);
  if (parsed !== undefined) return parsed;
  const withHost = parseInterfaceAddress(value);
  if (withHost !== undefined)
    return { wrong: `${value} has host bits set; did you mean ${formatPrefix(withHost.prefix)}?` };
  const bare = parseAddress(value);
  if (bare === undefined) return { wrong: `${quote(value)} is not a CIDR: write ADDRESS/LENGTH like 10.244.3.0/24` };
  return { wrong: `${quote(value)} has no prefix length; did you mean ${value}/${bare.family === "ipv4" ? 32 : 128}?` };
}

export const cidr = text<Prefix>(
  {
    form: "CIDR",
    longest: 49,
    rules: [
      { cel: "isCIDR(self)", message: "must be a CIDR: ADDRESS/LENGTH like 10.244.3.0/24" },
      {
        cel: "!isCIDR(self) || cidr(self).ip() == cidr(self).masked().ip()",
        message: "must be a CIDR without host bits",
        messageCel: "self + ' has host bits set: write the first address of the block, like 10.244.3.0/24'",
      },
    ],
  },
  readPrefix,
);

/** 32 bits written as a dotted quad, never 0 (RFC 6286 §2.1). */
const ROUTER_ID: Meta = {
  form: "dotted quad",
  longest: 15,
  rules: [{ cel: "isIP(self) && ip(self).family() == 4 && self != '0.0.0.0'", message: 'must be like "10.0.0.1"' }],
};

export const routerId = text<number>(ROUTER_ID, (value) => {
  const parsed = parseAddress(value);
  const id = parsed?.family === "ipv4" ? parsed.words[0] : undefined;
  return id === undefined || id === 0 ? { wrong: `${quote(value)} is not a router id: write it like "10.0.0.1"` } : id;
});

const WELL_KNOWN_NAMES = [...wellKnownCommunities.keys()];

/** `65000:100` or a well-known name. @returns its 32 bits */
export function parseCommunity(value: string): number | undefined {
  const known = wellKnownCommunities.get(value);
  if (known !== undefined) return known;
  const [, high, low] = /^(\d{1,5}):(\d{1,5})$/.exec(value) ?? [];
  if (Number(high) > 0xffff || Number(low) > 0xffff || low === undefined) return undefined;
  return Number(high) * 65_536 + Number(low);
}

/** 0 to 69999: a pattern that ends at 65535 costs more than the API server takes for as many as can stand in lists of lists. */
const NUMBER = "[0-6]?[0-9]{1,4}";
const COMMUNITY = `two numbers up to 65535 like "65000:100", or one of ${WELL_KNOWN_NAMES.join(", ")}`;

export const community = text<number>(
  {
    form: "community",
    longest: 20,
    rules: [
      {
        cel: `self.matches('^${NUMBER}:${NUMBER}$') || self in [${WELL_KNOWN_NAMES.map((name) => `'${name}'`).join(", ")}]`,
        message: `must be a community: ${COMMUNITY}`,
      },
    ],
  },
  (value) => parseCommunity(value) ?? { wrong: `${quote(value)} is not a community: write ${COMMUNITY}` },
);

/** `65000:1:2` (RFC 8092 §5). */
function parseLargeCommunity(value: string): LargeCommunity | undefined {
  const parts = /^(\d{1,10}):(\d{1,10}):(\d{1,10})$/.exec(value)?.slice(1).map(Number) ?? [];
  const [a, b, c] = parts;
  return a === undefined || b === undefined || c === undefined || parts.some((part) => part > MAX_AS)
    ? undefined
    : [a, b, c];
}

const LARGE_COMMUNITY = 'three numbers up to 4294967295 like "65000:1:2"';

export const largeCommunity = text<LargeCommunity>(
  {
    form: "large community",
    longest: 32,
    rules: [matching("^[0-9]{1,10}(:[0-9]{1,10}){2}$", `be a large community: ${LARGE_COMMUNITY}`)],
  },
  (value) =>
    parseLargeCommunity(value) ?? { wrong: `${quote(value)} is not a large community: write ${LARGE_COMMUNITY}` },
);

const FAMILY: Readonly<Record<string, Family>> = { IPv4: "ipv4", IPv6: "ipv6" };

/** Written as Kubernetes writes `ipFamilies`. */
export const family = v.pipe(
  v.picklist(["IPv4", "IPv6"]),
  v.transform((name): Family => FAMILY[name] ?? "ipv4"),
);

const INTERFACE_NAME = "at most 15 characters, without spaces, slashes and colons";

/** Linux: at most 15 octets, no slash, no space. */
export const interfaceName = text<string>(
  {
    form: "interface name",
    longest: 15,
    rules: [matching("^[^\\\\s/:]{1,15}$", `be an interface name: ${INTERFACE_NAME}`)],
  },
  (value) =>
    /^[^\s/:]{1,15}$/.test(value) && value !== "." && value !== ".."
      ? value
      : { wrong: `${quote(value)} is not an interface name: ${INTERFACE_NAME}` },
);
