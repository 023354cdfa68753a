import type { Command, CommandContext, Run } from "../command.ts";
import type { Dialect } from "../dialect.ts";
import { SemanticError } from "../errors.ts";
import type { Parser } from "../parser.ts";
import type { ProtocolKind } from "../protocol-list.ts";
import type { NamedSymbol } from "../render/renderer.ts";
import type { SymbolKind, SymbolTable } from "../symbols.ts";
import { selectProtocols } from "./select.ts";
import { parseShowRoute } from "./show-route.ts";

const show = (words: string, parse: Command["parse"], only?: Dialect["name"]): Command => ({
  words: ["show", ...words.split(" ")],
  whenRestricted: "allowed",
  ...(only && { only }),
  parse,
});

/** `show …`: nothing here changes anything. */
export const showCommands: readonly Command[] = [
  show("status", (parser, { render, daemon }) => {
    parser.end();
    return () => render.status(daemon.status());
  }),
  show("memory", (parser, { render, daemon }) => {
    parser.end();
    return () => render.memory(daemon.memory());
  }),
  show("protocols", (parser, { render, daemon }) => {
    const detailed = parser.accept("ALL");
    const selection = selectProtocols(parser, { optional: true });
    return () => render.protocols(selection(daemon), detailed);
  }),
  show("interfaces", (parser, { render, daemon }) => {
    parser.is("END");
    const summary = parser.accept("SUMMARY");
    parser.end();
    return () => (summary ? render.interfaceSummary(daemon.interfaces()) : render.interfaces(daemon.interfaces()));
  }),
  show("route", parseShowRoute),
  show("static", parseStatic),
  show("bfd sessions", parseBfdSessions),
  show("symbols", parseSymbols),
  show("ospf", absent("OSPF"), "2"),
  show("rip", absent("RIP"), "2"),
  show("babel", absent("Babel"), "2"),
  show("roa", absent("ROA"), "1.6"),
];

/** A protocol (or the table of ROAs) that Linnet does not have is one that is not configured. */
function absent(name: string): Command["parse"] {
  return (parser) => {
    parser.skip();
    throw new SemanticError(name === "ROA" ? "No ROA table defined" : `There is no ${name} protocol running`);
  };
}

/** `[NAME]` of one kind of protocol. @throws SemanticError where the name is of another kind */
function protocolOfKind(parser: Parser, kind: ProtocolKind, { daemon }: CommandContext): string | undefined {
  if (parser.is("END")) return undefined;
  const name = parser.symbol("protocol");
  parser.end();
  if (daemon.protocol(name)?.kind === kind) return name;
  throw new SemanticError(`${name}: Not a ${kind} protocol`);
}

function parseStatic(parser: Parser, context: CommandContext): Run {
  const name = protocolOfKind(parser, "Static", context);
  const { render, daemon } = context;
  return () => render.statics(daemon.statics().filter(({ protocol }) => name === undefined || protocol === name));
}

function parseBfdSessions(parser: Parser, context: CommandContext): Run {
  const { render, daemon } = context;
  const name = protocolOfKind(parser, "BFD", context) ?? daemon.protocols().find(({ kind }) => kind === "BFD")?.name;
  if (name === undefined) throw new SemanticError("There is no BFD protocol running");
  return () => render.bfdSessions(name, daemon.bfdSessions());
}

/** Kinds of symbols by the word that chooses them; Linnet has none of the last three. */
const symbolKinds: Readonly<Record<string, SymbolKind | "none">> = {
  table: "routing table",
  filter: "filter",
  protocol: "protocol",
  function: "none",
  template: "none",
  roa: "none",
};

function parseSymbols(parser: Parser, context: CommandContext): Run {
  const { render } = context;
  const word = parser.is("END") ? undefined : (parser.anyWord() ?? parser.fail());
  parser.end();
  const all = symbolsOf(context);
  const kind = word === undefined ? undefined : symbolKinds[word];
  if (word !== undefined && kind === undefined) {
    return () => render.symbol(word, all.find(({ name }) => name === word)?.kind);
  }
  return () => render.symbols(all.filter((symbol) => kind === undefined || symbol.kind === kind));
}

/** Where a name has several meanings, the last in the order of `show symbols`. */
export function symbolTable({ daemon, tables }: Pick<CommandContext, "daemon" | "tables">): SymbolTable {
  return (name) => {
    if (daemon.policies().some((policy) => policy.name === name)) return "filter";
    if (daemon.protocol(name) !== undefined) return "protocol";
    return tables.some((table) => table.name === name) ? "routing table" : undefined;
  };
}

/** All names that mean something. */
function symbolsOf({ daemon, tables }: Pick<CommandContext, "daemon" | "tables">): NamedSymbol[] {
  return [
    ...tables.map(({ name }): NamedSymbol => ({ name, kind: "routing table" })),
    ...daemon.protocols().map(({ name }): NamedSymbol => ({ name, kind: "protocol" })),
    ...daemon.policies().map(({ name }): NamedSymbol => ({ name, kind: "filter" })),
  ];
}
