import type { Actions } from "../actions.ts";
import { type Command, type CommandContext, type LogClass, logClasses } from "../command.ts";
import { Refusal, SemanticError } from "../errors.ts";
import type { Expression } from "../filter/ast.ts";
import { EvaluationError, evaluate } from "../filter/evaluate.ts";
import { parseExpression } from "../filter/parse.ts";
import { formatValue } from "../filter/values.ts";
import type { Parser } from "../parser.ts";
import { line, ok, oneLine, type Reply } from "../reply.ts";
import { isoFormat, sameFormats, type TimeFormat } from "../timeformat.ts";
import type { ProtocolView } from "../views.ts";
import { selectOne } from "./select.ts";

/** Does something at once and says that it is done. */
function done(act: () => void): Reply {
  act();
  return oneLine(ok.code, ok.text);
}

const restrict: Command = {
  words: ["restrict"],
  whenRestricted: "allowed",
  parse(parser, { settings }) {
    parser.end();
    return () => {
      settings.restricted = true;
      return oneLine(16, "Access restricted");
    };
  },
};

const echo: Command = {
  words: ["echo"],
  whenRestricted: "allowed",
  parse(parser, { settings }) {
    let classes: readonly LogClass[] = [];
    if (parser.accept("ALL")) classes = logClasses;
    else if (!parser.accept("OFF")) classes = listOf(parser, logClasses);
    // The size of the buffer in octets: ours is bounded anyhow.
    parser.acceptNumber();
    parser.end();
    return () =>
      done(() => {
        settings.echo = new Set(classes);
      });
  },
};

/** `{ word, word, … }` */
function listOf<Word extends string>(parser: Parser, words: readonly Word[]): Word[] {
  parser.expect("'{'");
  const chosen: Word[] = [];
  do chosen.push(words.find((word) => parser.accept(word.toUpperCase())) ?? parser.fail());
  while (parser.accept("','"));
  parser.expect("'}'");
  return chosen;
}

const timeformat: Command = {
  words: ["timeformat"],
  whenRestricted: "allowed",
  only: "2",
  parse(parser, { settings }) {
    const format = parser.accept("ISO") ? iso(parser) : custom(parser);
    parser.end();
    return () =>
      done(() => {
        settings.formats = sameFormats(format);
      });
  },
};

function iso(parser: Parser): TimeFormat {
  const length = parser.accept("SHORT") ? "short" : parser.accept("LONG") ? "long" : parser.fail();
  return isoFormat(length, parser.accept("MS") ? "ms" : parser.accept("US") ? "us" : "");
}

/** `"FORMAT" [SECONDS "FORMAT of older times"]` */
function custom(parser: Parser): TimeFormat {
  const recent = parser.acceptText() ?? parser.fail();
  const limit = parser.acceptNumber();
  if (limit === undefined) return { recent, limitMs: undefined, old: recent };
  return { recent, limitMs: limit * 1000, old: parser.expect("TEXT").text };
}

const evalCommand: Command = {
  words: ["eval"],
  whenRestricted: "allowed",
  parse(parser) {
    const expression = parseExpression(parser);
    parser.end();
    return () => oneLine(23, valueText(expression));
  },
};

function valueText(expression: Expression): string {
  try {
    const value = evaluate(expression, undefined);
    return value === undefined ? "(void)" : formatValue(value);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    // What is wrong whatever the route is a mistake of the command, and found before it runs.
    if (error.message !== "runtime error") throw new SemanticError(`filter preevaluation, line 1: ${error.message}`);
    throw new Refusal(8008, error.message);
  }
}

const debugFlags = ["states", "routes", "filters", "interfaces", "events", "packets"] as const;
const dumpFlags = ["states", "messages"] as const;

/** `NAME[.CHANNEL] (all | off | { FLAG, … })`. @param act gets the flags that are on */
function tracing(
  word: "debug" | "mrtdump",
  flags: readonly string[],
  act: (actions: Actions, view: ProtocolView, on: readonly string[]) => void,
): Command {
  return {
    words: [word],
    whenRestricted: "denied",
    parse(parser, { daemon }) {
      const selection = selectOne(parser, false);
      if (parser.accept("'.'") && !parser.accept("IPV4") && !parser.accept("IPV6")) parser.fail();
      const on = parser.accept("OFF") ? [] : parser.accept("ALL") ? flags : listOf(parser, flags);
      parser.end();
      return function* (): Reply {
        for (const view of selection(daemon)) {
          act(daemon.actions, view, on);
          yield "turn";
        }
        return ok;
      };
    },
  };
}

/** Of BIRD's flags `packets` has a meaning here: what neighbours say and are told. Everything else is in the log anyway. */
const debug = tracing("debug", debugFlags, (actions, view, on) => {
  if (view.bgp !== undefined) actions.trace(view.name, on.includes("packets"));
});

/** There is no file that messages could be dumped to, as where BIRD was told of none. */
const mrtdump = tracing("mrtdump", dumpFlags, () => {});

/** `mrt dump table T to "FILE"`: checked as BIRD does, and then no file can be opened. */
const mrtDump: Command = {
  words: ["mrt", "dump"],
  whenRestricted: "denied",
  only: "2",
  parse(parser) {
    let table: string | undefined;
    let file: string | undefined;
    while (!parser.is("END")) {
      if (parser.accept("TABLE"))
        table = parser.isSymbol("routing table") ? parser.symbol("routing table") : parser.expect("TEXT").text;
      else if (parser.accept("TO")) file = parser.expect("TEXT").text;
      else parser.fail();
    }
    parser.end();
    if (table === undefined) throw new SemanticError("Table not specified");
    if (file === undefined) throw new SemanticError("File not specified");
    return function* (): Reply {
      yield line(8009, `Unable to open MRT file '${file}': Operation not supported`);
      return ok;
    };
  },
};

/** `dump …` writes BIRD's insides to its log; Linnet's are in `show`, in metrics and in `linnet why`. */
const dumps = "resources sockets events interfaces neighbors attributes routes protocols".split(" ");

const dump = (words: readonly string[]): Command => ({
  words: ["dump", ...words],
  whenRestricted: "allowed",
  parse(parser) {
    parser.end();
    return () => done(() => {});
  },
});

/** The reply goes out first. */
function leaving(words: readonly string[], code: number, text: string, how: "down" | "gracefulRestart"): Command {
  return {
    words,
    whenRestricted: "denied",
    ...(how === "gracefulRestart" ? { only: "2" as const } : {}),
    parse(parser, { daemon, clock }: CommandContext) {
      parser.end();
      return () => {
        clock.soon(() => daemon.actions.shutdown(how));
        return oneLine(code, text);
      };
    },
  };
}

/** Commands about the connection itself and about the daemon as a whole. */
export const sessionCommands: readonly Command[] = [
  restrict,
  echo,
  timeformat,
  evalCommand,
  debug,
  mrtdump,
  mrtDump,
  ...dumps.map((word) => dump([word])),
  dump(["filter", "all"]),
  leaving(["down"], 7, "Shutdown requested", "down"),
  leaving(["graceful", "restart"], 25, "Graceful restart requested", "gracefulRestart"),
];
