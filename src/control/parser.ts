import type { Address } from "#route/address.ts";
import { bitsOf } from "#route/family.ts";
import { formatPrefix, type Prefix, prefixOf } from "#route/prefix.ts";
import { SemanticError, SyntaxFailure } from "./errors.ts";
import { type Token, tokenize } from "./lexer.ts";
import type { SymbolKind, SymbolTable } from "./symbols.ts";

const wrongKind: Readonly<Record<SymbolKind, string>> = {
  protocol: "Protocol name required",
  "routing table": "Table name required",
  filter: "Filter name required",
};

/**
 * A cursor over one command's terminals. It remembers what was looked for at the present place, so that a failure can
 * say what could have stood there.
 */
export class Parser {
  readonly #tokens: readonly Token[];
  readonly #symbols: SymbolTable;
  #at = 0;
  #expected = new Set<string>();
  #wanted: SymbolKind | undefined;

  constructor(line: string, symbols: SymbolTable) {
    this.#tokens = tokenize(line, symbols);
    this.#symbols = symbols;
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? this.#fail();
  }

  /** Is the next terminal `name`? A question is also an expectation. */
  is(name: string): boolean {
    this.#expected.add(name);
    return this.#token.name === name;
  }

  /** Takes the next terminal if it is `name`. */
  accept(name: string): boolean {
    if (!this.is(name)) return false;
    this.#advance();
    return true;
  }

  expect(name: string): Token {
    const token = this.#token;
    if (!this.is(name)) this.fail();
    this.#advance();
    return token;
  }

  /** Takes one of `names` if it is next. */
  acceptOneOf<Name extends string>(names: readonly Name[]): Name | undefined {
    return names.find((name) => this.accept(name));
  }

  end(): void {
    this.expect("END");
  }

  /** Passes over the rest of the command. */
  skip(): void {
    while (this.#token.name !== "END") this.#advance();
  }

  /** Is a known name next? */
  isSymbol(kind: SymbolKind): boolean {
    this.#wanted = kind;
    return this.is("CF_SYM_KNOWN");
  }

  /** Is a name next that stands for anything at all? */
  isAnySymbol(): boolean {
    return this.is("CF_SYM_KNOWN");
  }

  /** @throws SemanticError where the name stands for something else */
  symbol(kind: SymbolKind): string {
    this.#wanted = kind;
    const { text } = this.expect("CF_SYM_KNOWN");
    if (this.#symbols(text) !== kind) throw new SemanticError(wrongKind[kind]);
    return text;
  }

  /** The next terminal, if it is a word of whatever kind; it stays where it is. */
  peekWord(): string | undefined {
    const { name, text } = this.#token;
    return /^[A-Za-z_]/.test(text) && name !== "TEXT" ? text : undefined;
  }

  /** Takes a word of whatever kind. */
  anyWord(): string | undefined {
    const word = this.peekWord();
    if (word !== undefined) this.#advance();
    return word;
  }

  acceptNumber(): number | undefined {
    return this.is("NUM") ? this.expect("NUM").number : undefined;
  }

  acceptText(): string | undefined {
    return this.is("TEXT") ? this.expect("TEXT").text : undefined;
  }

  acceptAddress(): Address | undefined {
    if (this.is("IP4")) return this.expect("IP4").address;
    return this.is("IP6") ? this.expect("IP6").address : undefined;
  }

  /** `/LENGTH` behind an address. */
  prefixLength(address: Address): Prefix {
    this.expect("'/'");
    const length = this.expect("NUM").number;
    if (length > bitsOf(address.family)) throw new SemanticError(`Invalid prefix length ${length}`);
    const prefix = prefixOf(address, length);
    if (prefix.words.some((word, index) => word !== address.words[index])) {
      const typed = formatPrefix({ ...prefix, words: address.words });
      const family = address.family === "ipv4" ? "IPv4" : "IPv6";
      throw new SemanticError(`Invalid ${family} prefix ${typed}, maybe you wanted ${formatPrefix(prefix)}`);
    }
    return prefix;
  }

  /** Stops here. @throws SyntaxFailure always */
  fail(): never {
    return this.#fail();
  }

  #fail(): never {
    const token = this.#tokens[this.#at];
    throw new SyntaxFailure(token?.name ?? "END", token?.text ?? "", [...this.#expected], this.#wanted);
  }

  #advance(): void {
    this.#at = Math.min(this.#at + 1, this.#tokens.length - 1);
    this.#expected = new Set();
    this.#wanted = undefined;
  }
}
