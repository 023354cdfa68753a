import type { Command } from "../command.ts";
import type { Parser } from "../parser.ts";
import { showCommands } from "./show.ts";

/** Every command, one row each. */
export const commands: readonly Command[] = [...showCommands];

/**
 * Walks the keywords of a command. The longest row that fits wins, so `configure check` is not `configure`.
 * @param words filled with the keywords met, also when the walk fails
 * @throws SyntaxFailure where no command begins so
 */
export function findCommand(parser: Parser, words: string[]): Command {
  let candidates = commands;
  for (;;) {
    const depth = words.length;
    const next = [...new Set(candidates.flatMap((command) => command.words[depth] ?? []))];
    const word = next.find((candidate) => parser.accept(candidate.toUpperCase()));
    if (word === undefined) return candidates.find((command) => command.words.length === depth) ?? parser.fail();
    words.push(word);
    candidates = candidates.filter((command) => command.words[depth] === word);
  }
}
