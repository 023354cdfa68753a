import { type Address, parseAddress } from "#route/address.ts";
import { SemanticError } from "./errors.ts";
import type { SymbolTable } from "./symbols.ts";

/** A terminal of the grammar. `name` is what error messages call it: `END`, `NUM`, `TEXT`, `SHOW`, `'/'`. */
export interface Token {
  readonly name: string;
  /** As typed; without the quotes for strings and quoted names. */
  readonly text: string;
  readonly number: number;
  readonly address: Address | undefined;
}

/** Longest name, quoted or not. */
const MAX_NAME_CHARACTERS = 64;

/**
 * Words that are never names of protocols or tables, unless quoted: those of our grammar, and those of BIRD's that people
 * type. The terminal's name is the word in capitals.
 */
const keywords = new Set(
  (
    "accept add address all as ascii attributes auth babel bfd bgp bug check community configure confirm count " +
    "debug defined delete dev device direct disable down drain dump ebgp echo else empty enable error eval events " +
    "export exported external false fatal filter filtered filters for from graceful gw if ifname import in " +
    "info interface interfaces internal ipv4 ipv6 iso json kernel len length limit linnet long memory messages " +
    "mpls mrt mrtdump ms neighbors net noexport off ospf out packets preexport preference primary print proto " +
    "protocol protocols ranges reject reload remote resources restart restrict rip roa route routes s sessions " +
    "short show sockets soft source states static stats status summary symbols table template then timeformat " +
    "timeout to trace true type undo us vpn warning where why"
  ).split(" "),
);

const patterns = {
  blank: /[ \t\v\f]+/y,
  comment: /#.*/y,
  ipv6: /(?:[0-9a-fA-F]*::|(?:[0-9a-fA-F]*:){3,})[0-9a-fA-F:]*(?:\d+\.\d+\.\d+\.\d+)?/y,
  ipv4: /\d+\.\d+\.\d+\.\d+/y,
  hex: /0x[0-9a-fA-F]+/y,
  decimal: /\d+/y,
  word: /[A-Za-z_][A-Za-z0-9_]*/y,
  quotedName: /'([^'\n]*)'/y,
  text: /"([^"\n]*)"/y,
  mark: /\[=|=\]|\.\.|&&|\|\||!=|<=|>=|!~|\+\+|[;,.:/{}()[\]=<>!~+\-*?|&%^]/y,
};

/** Cuts one command into terminals. The last one is always `END`. @throws SemanticError what is no terminal at all */
export function tokenize(line: string, symbols: SymbolTable): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(line);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < line.length) {
    if (match(patterns.blank) !== null || match(patterns.comment) !== null) continue;
    tokens.push(next(match, symbols) ?? bad(line.charAt(at)));
  }
  tokens.push(plain("END", ""));
  return tokens;
}

function next(match: (pattern: RegExp) => RegExpExecArray | null, symbols: SymbolTable): Token | undefined {
  const ipv6 = match(patterns.ipv6);
  if (ipv6 !== null) return addressToken("IP6", ipv6[0]);
  const ipv4 = match(patterns.ipv4);
  if (ipv4 !== null) return addressToken("IP4", ipv4[0]);
  const number = match(patterns.hex) ?? match(patterns.decimal);
  if (number !== null) return numberToken(number[0]);
  const quoted = match(patterns.quotedName);
  if (quoted !== null) return name(quoted[1] ?? "", symbols);
  const text = match(patterns.text);
  if (text !== null) return plain("TEXT", text[1] ?? "");
  const word = match(patterns.word);
  if (word !== null) return keywords.has(word[0]) ? plain(word[0].toUpperCase(), word[0]) : name(word[0], symbols);
  const mark = match(patterns.mark);
  return mark === null ? undefined : plain(`'${mark[0]}'`, mark[0]);
}

const plain = (kind: string, text: string): Token => ({ name: kind, text, number: 0, address: undefined });

function name(text: string, symbols: SymbolTable): Token {
  if (text.length > MAX_NAME_CHARACTERS) throw new SemanticError("Symbol too long");
  return plain(symbols(text) !== undefined ? "CF_SYM_KNOWN" : "CF_SYM_UNDEFINED", text);
}

function numberToken(text: string): Token {
  const number = Number(text);
  if (number > 0xffffffff) throw new SemanticError("Number out of range");
  return { name: "NUM", text, number, address: undefined };
}

function addressToken(kind: "IP4" | "IP6", text: string): Token {
  const address = parseAddress(text);
  if (address === undefined) throw new SemanticError(`Invalid ${kind === "IP4" ? "IPv4" : "IPv6"} address ${text}`);
  return { name: kind, text, number: 0, address };
}

function bad(character: string): never {
  throw new SemanticError(character === '"' || character === "'" ? "Unterminated string" : "Unknown character");
}
