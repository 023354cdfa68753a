import type { SymbolKind } from "./symbols.ts";

/** The command is understood and makes no sense; answered with 9001 and this text. */
export class SemanticError extends Error {
  override readonly name = "SemanticError";
}

/** The command broke off at a terminal that cannot stand there. */
export class SyntaxFailure extends Error {
  override readonly name = "SyntaxFailure";
  /** Names of the terminal that was found and of those that could stand there. */
  readonly found: string;
  readonly expected: readonly string[];
  /** As typed. */
  readonly text: string;
  /** Where a name was wanted: of what kind. */
  readonly wanted: SymbolKind | undefined;

  constructor(found: string, text: string, expected: readonly string[], wanted: SymbolKind | undefined) {
    super(`unexpected ${found}`);
    this.found = found;
    this.text = text;
    this.expected = expected;
    this.wanted = wanted;
  }
}

/** The reply is one line with this code: not a matter of grammar (8003, 8007, …). */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}
