import { Refusal } from "../errors.ts";
import { matchesGlob } from "../glob.ts";
import type { Parser } from "../parser.ts";
import type { DaemonView, ProtocolView } from "../views.ts";

/** The protocols that a command means. @throws Refusal 8003 where none matches a pattern */
export type Selection = (daemon: DaemonView) => readonly ProtocolView[];

/**
 * `NAME`, `"PATTERN"`, or nothing (or `all`) for every one, and the end of the command.
 * @param optional nothing at all means every protocol; otherwise the word `all` does
 */
export function selectProtocols(parser: Parser, { optional }: { optional: boolean }): Selection {
  const selection = selectOne(parser, optional);
  parser.end();
  return selection;
}

/** The same without the end. */
export function selectOne(parser: Parser, optional: boolean): Selection {
  if (optional ? parser.is("END") : parser.accept("ALL")) return (daemon) => daemon.protocols();
  if (parser.isSymbol("protocol")) {
    const name = parser.symbol("protocol");
    return (daemon) => daemon.protocols().filter((view) => view.name === name);
  }
  const pattern = parser.acceptText();
  if (pattern === undefined) parser.fail();
  return (daemon) => {
    const matching = daemon.protocols().filter((view) => matchesGlob(pattern, view.name));
    if (matching.length === 0) throw new Refusal(8003, "No protocols match");
    return matching;
  };
}
