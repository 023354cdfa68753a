import type { Family } from "#route/family.ts";
import { SemanticError, SyntaxFailure } from "./errors.ts";
import type { ReplyLine } from "./line-protocol.ts";
import { bird2 } from "./render/bird2.ts";
import { bird16 } from "./render/bird16.ts";
import type { Renderer } from "./render/renderer.ts";
import { line } from "./reply.ts";
import { bird2Formats, bird16Formats, type TimeFormats, type TimePrinter } from "./timeformat.ts";

/** How one socket speaks: as BIRD 2 does, or as Calico's fork of BIRD 1.6, a daemon for each family. */
export interface Dialect {
  readonly name: "2" | "1.6";
  /** The word behind `BIRD` in the greeting. Tools take it for the dialect, so it is not our own version. */
  readonly version: string;
  readonly formats: TimeFormats;
  /** Tables that it shows. */
  readonly tables: readonly { readonly name: string; readonly family: Family }[];
  /** Text of 8001. */
  readonly networkNotFound: string;
  /** What is said of `export P` where no channel of P is up. */
  readonly channelDown: ReplyLine;
  /** The last line of a reply to a command that was not understood. @param words of the command, as far as it is known */
  explain(failure: SyntaxFailure | SemanticError, words: readonly string[]): ReplyLine;
  renderer(times: TimePrinter, nowMs: number): Renderer;
}

const BIRD2_VERSION = "2.0.12";
const BIRD16_VERSION = "v0.3.3+birdv1.6.8";

export const bird2Dialect: Dialect = {
  name: "2",
  version: BIRD2_VERSION,
  formats: bird2Formats,
  tables: [
    { name: "master4", family: "ipv4" },
    { name: "master6", family: "ipv6" },
  ],
  networkNotFound: "Network not found",
  channelDown: line(9001, "No valid tables"),
  explain: (failure) => line(9001, failure instanceof SyntaxFailure ? syntaxText(failure) : failure.message),
  renderer: (times, nowMs) => bird2(BIRD2_VERSION, times, nowMs),
};

export const bird16Dialect = (family: Family): Dialect => ({
  name: "1.6",
  version: BIRD16_VERSION,
  formats: bird16Formats,
  tables: [{ name: "master", family }],
  networkNotFound: "Network not in table",
  channelDown: line(8005, "Protocol is down"),
  explain(failure, words) {
    if (failure instanceof SemanticError) return line(9001, failure.message);
    const { found, text, wanted } = failure;
    if (found !== "CF_SYM_UNDEFINED" || wanted === undefined) return line(9001, "syntax error");
    const kind = wanted === "routing table" ? "table" : wanted;
    return line(words[1] === "route" ? 9001 : 9002, `${text} is not a ${kind}`);
  },
  renderer: (times, nowMs) => bird16(BIRD16_VERSION, family, times, nowMs),
});

/** Terminals in the order in which messages list them; others follow in the order in which they were looked for. */
const listingOrder =
  "END IP4 IP6 VPN_RD NUM CF_SYM_KNOWN TEXT ',' '.' '-' '/' TABLE OFF '{' '}' SESSIONS SUMMARY RESTART ALL EMPTY".split(
    " ",
  );

const listingRank = (name: string): number => {
  const rank = listingOrder.indexOf(name);
  return rank < 0 ? listingOrder.length : rank;
};

/** More possibilities than these are not listed. */
const MOST_LISTED = 4;

function syntaxText({ found, expected }: SyntaxFailure): string {
  const text = `syntax error, unexpected ${found}`;
  if (expected.length === 0 || expected.length > MOST_LISTED) return text;
  return `${text}, expecting ${expected.toSorted((a, b) => listingRank(a) - listingRank(b)).join(" or ")}`;
}
