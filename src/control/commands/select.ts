import { Refusal } from "../errors.ts";
import { matchesGlob } from "../glob.ts";
import type { Parser } from "../parser.ts";
import type { ListedProtocol } from "../protocol-list.ts";
import type { DaemonView, ProtocolView } from "../views.ts";

/** The protocols that a command means, each looked at when its turn comes. @throws Refusal 8003 where none matches a pattern */
export type Selection = (daemon: DaemonView) => Iterable<ProtocolView>;

/** Those of `list` that are still there. */
export function* viewsOf(daemon: DaemonView, list: Iterable<Pick<ListedProtocol, "name">>): Iterable<ProtocolView> {
  for (const { name } of list) {
    const view = daemon.protocol(name);
    if (view !== undefined) yield view;
  }
}

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
  if (optional ? parser.is("END") : parser.accept("ALL")) return (daemon) => viewsOf(daemon, daemon.protocols());
  if (parser.isSymbol("protocol")) {
    const name = parser.symbol("protocol");
    return (daemon) => viewsOf(daemon, [{ name }]);
  }
  const pattern = parser.acceptText();
  if (pattern === undefined) parser.fail();
  return (daemon) => {
    const matching = daemon.protocols().filter(({ name }) => matchesGlob(pattern, name));
    if (matching.length === 0) throw new Refusal(8003, "No protocols match");
    return viewsOf(daemon, matching);
  };
}
