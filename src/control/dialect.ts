import { type SemanticError, SyntaxFailure } from "./errors.ts";
import type { ReplyLine } from "./line-protocol.ts";
import { bird2 } from "./render/bird2.ts";
import type { Renderer } from "./render/renderer.ts";
import { line } from "./reply.ts";
import { bird2Formats, type TimeFormats, type TimePrinter } from "./timeformat.ts";

/** How one socket speaks: as BIRD 2 does, or as Calico's fork of BIRD 1.6. */
export interface Dialect {
  /** The word behind `BIRD` in the greeting. Tools take it for the dialect, so it is not our own version. */
  readonly version: string;
  readonly formats: TimeFormats;
  /** The last line of a reply to a command that was not understood. @param words of the command, as far as it is known */
  explain(failure: SyntaxFailure | SemanticError, words: readonly string[]): ReplyLine;
  renderer(times: TimePrinter, nowMs: number): Renderer;
}

const BIRD2_VERSION = "2.0.12";

export const bird2Dialect: Dialect = {
  version: BIRD2_VERSION,
  formats: bird2Formats,
  explain: (failure) => line(9001, failure instanceof SyntaxFailure ? syntaxText(failure) : failure.message),
  renderer: (times, nowMs) => bird2(BIRD2_VERSION, times, nowMs),
};

/** Terminals in the order in which messages list them; others follow in the order in which they were looked for. */
const listingOrder =
  "END IP4 IP6 VPN_RD NUM CF_SYM_KNOWN TEXT '.' '-' '/' TABLE OFF '{' SESSIONS SUMMARY RESTART ALL EMPTY".split(" ");

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
