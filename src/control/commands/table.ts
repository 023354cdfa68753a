import type { Command } from "../command.ts";
import type { Dialect } from "../dialect.ts";
import type { Parser } from "../parser.ts";
import { configureCommands } from "./configure.ts";
import { linnetCommands } from "./linnet.ts";
import { protocolCommands } from "./protocols.ts";
import { sessionCommands } from "./session.ts";
import { showCommands } from "./show.ts";

/** Every command, one row each. */
const commands: readonly Command[] = [
  ...showCommands,
  ...protocolCommands,
  ...configureCommands,
  ...sessionCommands,
  ...linnetCommands,
];

/**
 * Walks the keywords of a command. The longest row that fits wins, so `configure check` is not `configure`.
 * @param words filled with the keywords met, also when the walk fails
 * @throws SyntaxFailure where no command begins so
 */
export function findCommand(parser: Parser, dialect: Dialect, words: string[]): Command {
  let candidates = commands.filter(({ only }) => only === undefined || only === dialect.name);
  for (;;) {
    const depth = words.length;
    const next = [...new Set(candidates.flatMap((command) => command.words[depth] ?? []))];
    const word = next.find((candidate) => parser.accept(candidate.toUpperCase()));
    if (word === undefined) return candidates.find((command) => command.words.length === depth) ?? parser.fail();
    words.push(word);
    candidates = candidates.filter((command) => command.words[depth] === word);
  }
}
