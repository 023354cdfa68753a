import { type Address, formatAddress, formatRouterId } from "#route/address.ts";
import { formatAsPath } from "#route/as-path.ts";
import type { Attributes } from "#route/attributes.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";
import { MAX_REPLY_LINE_OCTETS, octetLength, type ReplyLine } from "../line-protocol.ts";
import { type Lines, line, ok, oneLine } from "../reply.ts";
import type { ReplyWriter } from "../reply-writer.ts";
import { formatTime } from "../timeformat.ts";
import type { ProtocolView, RouteView } from "../views.ts";
import { formatCommunity, formatExtendedCommunity, formatLargeCommunity } from "./attributes.ts";
import type { Renderer } from "./renderer.ts";
import { formatSessionError } from "./session-error.ts";

/** Codes of Linnet's own: a line begins a JSON value, or goes on with it. Joined, the texts of one value are JSON. */
export const JSON_BEGINS = 1100;
export const JSON_GOES_ON = 1101;

/** Characters of one line: at most 3 octets each, and a prefix of 5. */
const PIECE_OCTETS = MAX_REPLY_LINE_OCTETS - 8;

/** One value, cut into lines. */
export const jsonLines = (value: unknown): ReplyLine[] => [...cut([textOf(value)])];

/**
 * The same of a value with a list that may be as long as there are neighbours: an item is asked for when its line is.
 * @param value the other fields, one at least
 * @param field the last one, which is the list
 */
export function* jsonLinesOfList(value: object, field: string, list: Iterable<unknown>): Iterable<ReplyLine> {
  yield* cut(textsOfList(value, field, list));
}

function* textsOfList(value: object, field: string, list: Iterable<unknown>): Iterable<string> {
  yield `${textOf(value).slice(0, -1)},"${field}":[`;
  let comma = "";
  for (const item of list) {
    yield comma + textOf(item);
    comma = ",";
  }
  yield "]}";
}

const textOf = (value: unknown): string => JSON.stringify(plain(value));

function* cut(texts: Iterable<string>): Iterable<ReplyLine> {
  let code = JSON_BEGINS;
  let rest = "";
  const take = (): ReplyLine => {
    const end = lengthOfPiece(rest);
    const taken = line(code, rest.slice(0, end));
    rest = rest.slice(end);
    code = JSON_GOES_ON;
    return taken;
  };
  for (const text of texts) {
    rest += text;
    while (rest.length > PIECE_OCTETS) yield take();
  }
  while (rest !== "") yield take();
}

/** How many of the first characters fit into a line. */
function lengthOfPiece(text: string): number {
  let length = Math.min(text.length, PIECE_OCTETS);
  while (octetLength(text.slice(0, length)) > PIECE_OCTETS) length = Math.floor(length / 2);
  // Never between the two halves of one character.
  return length < text.length && /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) ? length - 1 : length;
}

function write(out: ReplyWriter, value: unknown): void {
  for (const piece of cut([textOf(value)])) out.line(piece);
}

function* values(list: Iterable<unknown>): Lines {
  for (const value of list) yield* jsonLines(value);
  return ok;
}

/**
 * Views for programs: every item of a `show` is one JSON value. Addresses, prefixes and paths are text, times ISO 8601,
 * spans seconds.
 */
export const json: Renderer = {
  status: (status) => values([{ ...status, routerId: formatRouterId(status.routerId) }]),
  memory: values,
  *protocols(list, detailed) {
    for (const view of list) yield* jsonLines(protocolValue(view, detailed));
    return ok;
  },
  interfaces: values,
  interfaceSummary: (list) =>
    values(list.map(({ name, adminUp, linkUp, addresses }) => ({ name, adminUp, linkUp, addresses }))),
  statics: values,
  bfdSessions: (protocol, list) => values(list.map((view) => ({ protocol, ...view }))),
  symbols: values,
  symbol: (name, kind) => values([{ name, kind: kind ?? "undefined" }]),
  routes: {
    heading() {},
    route: (out, { table, prefix, route }) => write(out, { table, prefix, ...routeValue(route) }),
    count: (out, table, { shown, routes, nets }) => write(out, { table, shown, routes, nets }),
    end: () => oneLine(ok.code, ok.text),
  },
};

function protocolValue(view: ProtocolView, detailed: boolean): object {
  const error = view.bgp?.lastError;
  const bgp = view.bgp && { ...view.bgp, lastError: error && formatSessionError(error) };
  return detailed ? { ...view, bgp } : { ...view, channels: undefined, bgp: bgp && { ...bgp, session: undefined } };
}

/** One route with its attributes, decoded. */
function routeValue(route: RouteView): object {
  const attributes = route.attributes();
  return { ...route, attributes: attributes && attributesValue(attributes) };
}

function attributesValue(attributes: Attributes): object {
  return {
    ...attributes,
    origin: ["IGP", "EGP", "INCOMPLETE"][attributes.origin],
    asPath: formatAsPath(attributes.asPath),
    aggregator: attributes.aggregator && {
      as: attributes.aggregator.as,
      routerId: formatRouterId(attributes.aggregator.routerId),
    },
    communities: attributes.communities.map(formatCommunity),
    originatorId: attributes.originatorId === undefined ? undefined : formatRouterId(attributes.originatorId),
    clusterList: attributes.clusterList.map(formatRouterId),
    extendedCommunities: attributes.extendedCommunities.map(formatExtendedCommunity),
    largeCommunities: attributes.largeCommunities.map(formatLargeCommunity),
    unknown: attributes.unknown.map(({ code, flags, value }) => ({ code, flags, value: [...value] })),
  };
}

/** Times and spans by the ends of their names, addresses by their shape. */
function plain(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value === "number") return plainNumber(value, name);
  if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
  if (isPrefix(value)) return formatPrefix(value);
  if (isAddress(value)) return formatAddress(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      outwardName(key),
      key === "remoteRouterId" ? formatRouterId(Number(inner)) : plain(inner, key),
    ]),
  );
}

const isTime = (name: string): boolean => /^(since|started|reconfigured|received)Ms$/.test(name);
const outwardName = (name: string): string => (isTime(name) ? name.slice(0, -2) : name.replace(/Ms$/, "Seconds"));

function plainNumber(value: number, name: string): number | string {
  if (isTime(name)) return formatTime("%FT%T.%3fZ", value, 0);
  return name.endsWith("Ms") ? value / 1000 : value;
}

const isPrefix = (value: object): value is Prefix => "words" in value && "length" in value;
const isAddress = (value: object): value is Address => "words" in value && "family" in value;
