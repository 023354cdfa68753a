import type { Address } from "#route/address.ts";
import { hostPrefix, type Prefix } from "#route/prefix.ts";
import type { Command } from "../command.ts";
import type { Parser } from "../parser.ts";
import { jsonLines, jsonLinesOfList } from "../render/json.ts";
import { ok, type Reply } from "../reply.ts";
import { drainReport, neighbourReport, nodeReport, whyReport } from "../reports.ts";
import { viewsOf } from "./select.ts";

/**
 * Commands that BIRD does not have, for `linnet status`, `linnet why` and `linnet drain`. They answer JSON values (see `render/json.ts`)
 * in every dialect; their types are in `reports.ts`.
 */
export const linnetCommands: readonly Command[] = [
  {
    words: ["linnet", "status"],
    whenRestricted: "allowed",
    parse(parser, { daemon, clock }) {
      parser.end();
      // First the node, then its neighbours.
      return function* (): Reply {
        yield* jsonLines(nodeReport(daemon, clock.wallMs()));
        for (const view of viewsOf(daemon, daemon.protocols())) {
          const report = neighbourReport(view);
          if (report !== undefined) yield* jsonLines(report);
        }
        return ok;
      };
    },
  },
  {
    words: ["linnet", "why"],
    whenRestricted: "allowed",
    parse(parser, { daemon }) {
      const target = addressOrPrefix(parser);
      parser.end();
      return function* (): Reply {
        const { told, ...report } = whyReport(daemon.explain(target));
        yield* jsonLinesOfList(report, "told", told);
        return ok;
      };
    },
  },
  drainCommand(["linnet", "drain"], true),
  drainCommand(["linnet", "drain", "undo"], false),
];

/** Answers how it stands then. */
function drainCommand(words: readonly string[], wanted: boolean): Command {
  return {
    words,
    whenRestricted: "denied",
    parse(parser, { daemon }) {
      parser.end();
      return function* (): Reply {
        daemon.actions.drain(wanted);
        yield* jsonLines(drainReport(daemon.status().drain));
        return ok;
      };
    },
  };
}

function addressOrPrefix(parser: Parser): Prefix | Address {
  const address = parser.acceptAddress() ?? parser.fail();
  return parser.is("'/'") ? parser.prefixLength(address) : hostPrefix(address);
}
