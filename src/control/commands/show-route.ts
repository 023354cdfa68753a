import type { Family } from "#route/family.ts";
import { hostPrefix, type Prefix } from "#route/prefix.ts";
import type { CommandContext, Run } from "../command.ts";
import { Refusal, SemanticError } from "../errors.ts";
import { decide, holds } from "../filter/evaluate.ts";
import { parseCondition, parseFilterBody } from "../filter/parse.ts";
import type { Parser } from "../parser.ts";
import type { ExportView, NetView, RouteView } from "../views.ts";
import { type NamedTable, type RouteQuery, type RouteTarget, showRoutes, type ToldTo } from "./route-query.ts";

/** The options as they were typed. */
interface Options {
  target?: RouteTarget;
  /** Tables by name, as often as they were named. */
  tables: NamedTable[];
  protocol?: string;
  toldTo?: { mode: ToldTo["mode"]; protocol: string; family: Family | undefined };
  accepts?: (net: NetView, route: RouteView) => RouteView | undefined;
  detailed: boolean;
  primary: boolean;
  filtered: boolean;
  listing: RouteQuery["listing"];
}

/** `show route` and its options, in any order. */
export function parseShowRoute(parser: Parser, context: CommandContext): Run {
  const options: Options = { tables: [], detailed: false, primary: false, filtered: false, listing: "list" };
  while (!parser.is("END")) {
    const known = parsers.some((option) => option(parser, options, context));
    if (!known) parser.fail();
  }
  parser.end();
  if (options.filtered && options.toldTo !== undefined) throw new SemanticError("Incompatible show route options");
  const query = complete(options, context);
  return (out) => showRoutes(out, query, context.render.routes, context.dialect.networkNotFound);
}

/** Reads one option. @returns false where another one stands there */
type OptionParser = (parser: Parser, options: Options, context: CommandContext) => boolean;

const flag = (word: string, set: (options: Options) => void): OptionParser => {
  return (parser, options) => {
    const present = parser.accept(word);
    if (present) set(options);
    return present;
  };
};

const parsers: readonly OptionParser[] = [
  parseTarget,
  parseTable,
  parseImport,
  parseToldTo,
  parseProtocol,
  parseFilter,
  flag("ALL", (options) => {
    options.detailed = true;
  }),
  flag("PRIMARY", (options) => {
    options.primary = true;
  }),
  flag("FILTERED", (options) => {
    options.filtered = true;
  }),
  flag("STATS", (options) => {
    options.listing = "stats";
  }),
  flag("COUNT", (options) => {
    options.listing = "count";
  }),
];

function parseTarget(parser: Parser, options: Options, { dialect }: CommandContext): boolean {
  let target: RouteTarget | undefined;
  if (parser.accept("FOR")) {
    target = { kind: "longest", prefix: prefixOrAddress(parser) };
  } else if (dialect.name === "2" && parser.accept("IN")) {
    target = { kind: "within", prefix: parser.prefixLength(parser.acceptAddress() ?? parser.fail()) };
  } else {
    const address = parser.acceptAddress();
    if (address === undefined) return false;
    target = { kind: "exact", prefix: parser.prefixLength(address) };
  }
  if (options.target !== undefined) throw new SemanticError("Only one prefix expected");
  options.target = target;
  return true;
}

function prefixOrAddress(parser: Parser): Prefix {
  const address = parser.acceptAddress();
  if (address === undefined) {
    parser.is("VPN_RD");
    parser.is("CF_SYM_KNOWN");
    parser.fail();
  }
  return parser.is("'/'") ? parser.prefixLength(address) : hostPrefix(address);
}

function parseTable(parser: Parser, options: Options, { tables }: CommandContext): boolean {
  if (!parser.accept("TABLE")) return false;
  if (parser.isSymbol("routing table")) {
    const name = parser.symbol("routing table");
    options.tables.push(...tables.filter((table) => table.name === name));
    return true;
  }
  if (!parser.accept("ALL")) parser.fail();
  options.tables.push(...tables);
  return true;
}

/** `import table P.C`: tables that Linnet does not have. */
function parseImport(parser: Parser): boolean {
  if (!parser.accept("IMPORT")) return false;
  parser.expect("TABLE");
  return noChannelTable(parser, "import");
}

function noChannelTable(parser: Parser, kind: "import" | "export"): never {
  const protocol = parser.symbol("protocol");
  parser.expect("'.'");
  throw new SemanticError(`No ${kind} table in channel ${protocol}.${channel(parser)}`);
}

function channel(parser: Parser): Family {
  if (parser.accept("IPV4")) return "ipv4";
  if (parser.accept("IPV6")) return "ipv6";
  parser.fail();
}

const modes = ["EXPORT", "PREEXPORT", "NOEXPORT", "EXPORTED"] as const;

function parseToldTo(parser: Parser, options: Options): boolean {
  const mode = parser.acceptOneOf(modes);
  if (mode === undefined) return false;
  if (mode === "EXPORT" && parser.accept("TABLE")) return noChannelTable(parser, "export");
  if (options.toldTo !== undefined) throw new SemanticError("Protocol specified twice");
  const protocol = parser.symbol("protocol");
  const family = parser.accept("'.'") ? channel(parser) : undefined;
  options.toldTo = { mode: mode.toLowerCase() as ToldTo["mode"], protocol, family };
  return true;
}

function parseProtocol(parser: Parser, options: Options): boolean {
  if (!parser.accept("PROTOCOL")) return false;
  const name = parser.symbol("protocol");
  if (options.protocol !== undefined) throw new SemanticError("Protocol specified twice");
  options.protocol = name;
  return true;
}

function parseFilter(parser: Parser, options: Options, { daemon }: CommandContext): boolean {
  let accepts: Options["accepts"];
  if (parser.accept("WHERE")) {
    const condition = parseCondition(parser);
    accepts = (net, route) => (holds(condition, { net, route }) ? route : undefined);
  } else if (parser.accept("FILTER")) {
    if (parser.is("'{'")) {
      const body = parseFilterBody(parser);
      accepts = (net, route) => {
        const decided = decide(body, { net, route });
        return decided.verdict === "accept" ? decided.route : undefined;
      };
    } else {
      // In BIRD declarations may stand before the brace, so that its messages list nothing here.
      for (const type of ["INT", "BOOL", "IP"]) parser.is(type);
      const name = parser.symbol("filter");
      const policy = daemon.policies().find((candidate) => candidate.name === name);
      accepts = (net, route) => (policy?.accepts(net, route) === true ? route : undefined);
    }
  } else {
    return false;
  }
  if (options.accepts !== undefined) throw new SemanticError("Filter specified twice");
  options.accepts = accepts;
  return true;
}

/** Chooses the tables: those named, else those that the other options are about. */
function complete(options: Options, context: CommandContext): RouteQuery {
  const { target } = options;
  const exports = exportsOf(options, context);
  let tables = options.tables.length > 0 ? options.tables : defaultTables(options, context);
  if (exports !== undefined) {
    tables = tables.filter(({ family }) => exports.has(family));
    if (tables.length === 0) throw new Refusal(context.dialect.channelDown.code, context.dialect.channelDown.text);
  }
  if (target !== undefined) {
    const wrong = options.tables.find(({ family }) => family !== target.prefix.family);
    if (wrong) throw new SemanticError(`Incompatible type of prefix/ip for table ${wrong.name}`);
    tables = tables.filter(({ family }) => family === target.prefix.family);
  }
  return {
    ...options,
    target,
    tables,
    protocol: options.protocol,
    accepts: options.accepts,
    toldTo:
      options.toldTo === undefined
        ? undefined
        : { mode: options.toldTo.mode, verdict: (net) => exports?.get(net.prefix.family)?.of(net) },
  };
}

function defaultTables({ protocol }: Options, { daemon, tables }: CommandContext): readonly NamedTable[] {
  if (protocol === undefined) return tables;
  const channels = daemon.protocol(protocol)?.channels ?? [];
  return tables.filter(({ family }) => channels.some((candidate) => candidate.family === family));
}

/** What the protocol of `export P` is told, by family; without the families whose channel is not up. */
function exportsOf({ toldTo }: Options, { daemon, tables }: CommandContext): Map<Family, ExportView> | undefined {
  if (toldTo === undefined) return undefined;
  const views = new Map<Family, ExportView>();
  for (const { family } of tables) {
    const view =
      toldTo.family === undefined || toldTo.family === family ? daemon.exports(toldTo.protocol, family) : undefined;
    if (view !== undefined) views.set(family, view);
  }
  return views;
}
