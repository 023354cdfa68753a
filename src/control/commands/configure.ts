import type { ConfigurationOutcome } from "../actions.ts";
import type { Command, CommandContext } from "../command.ts";
import type { ReplyLine } from "../line-protocol.ts";
import type { Parser } from "../parser.ts";
import { line, ok, oneLine, type Reply, type Wait } from "../reply.ts";

/** Undo timeout where `timeout` comes without a number. */
const DEFAULT_TIMEOUT_SECONDS = 300;

type Outcome = ConfigurationOutcome | "busy";

/** Waits for an outcome. @param start calls `done` once, perhaps at once */
function* outcomeOf(start: (done: (outcome: Outcome) => void) => void): Generator<Wait, Outcome> {
  let outcome: Outcome = "busy";
  yield {
    start(done) {
      let wanted = true;
      start((reached) => {
        outcome = reached;
        if (wanted) done();
      });
      return () => {
        wanted = false;
      };
    },
  };
  return outcome;
}

function* load(
  context: CommandContext,
  request: { check: boolean; soft: boolean; path: string | undefined; seconds: number },
): Reply {
  const { reconfiguration, notice } = context;
  const { check, soft, path, seconds } = request;
  yield line(2, `Reading configuration from ${path ?? reconfiguration.source}`);
  const expired = () => notice("Config timeout expired, starting undo");
  const outcome = yield* outcomeOf((done) => {
    reconfiguration.load({ check, soft, path, timeoutMs: seconds * 1000, expired }, done);
  });
  const applied = typeof outcome === "object" && outcome.kind === "applied";
  if (applied && seconds > 0) yield line(22, `Undo scheduled in ${seconds} s`);
  return lastLine(outcome);
}

function lastLine(outcome: Outcome): ReplyLine {
  if (outcome === "busy") return line(6, "Reconfiguration ignored, another one is in progress");
  switch (outcome.kind) {
    case "applied":
      return line(3, "Reconfigured");
    case "valid":
      return line(20, "Configuration OK");
    case "invalid":
      return line(8002, `${outcome.where}${/:\d+$/.test(outcome.where) ? " " : ": "}${outcome.text}`);
  }
}

function* undo({ reconfiguration }: CommandContext): Reply {
  yield line(21, "Undo requested");
  // What goes back to the configuration that is in force is no undoing, unless a time to confirm it was running.
  const unconfirmed = reconfiguration.unconfirmedMs !== undefined;
  const outcome = yield* outcomeOf((done) => reconfiguration.undo(done));
  const nothing = typeof outcome === "object" && outcome.kind === "applied" && !outcome.changed && !unconfirmed;
  return nothing ? line(19, "Nothing to do") : lastLine(outcome);
}

function* status({ reconfiguration }: CommandContext): Reply {
  yield line(3, "Daemon is up and running");
  const left = reconfiguration.unconfirmedMs;
  if (left !== undefined) yield line(22, `Configuration unconfirmed, undo in ${(left / 1000).toFixed(3)} s`);
  return ok;
}

function confirm({ reconfiguration }: CommandContext): Reply {
  return reconfiguration.confirm() ? oneLine(18, "Reconfiguration confirmed") : oneLine(19, "Nothing to do");
}

/** `[timeout [SECONDS]]` */
function timeout(parser: Parser): number {
  if (!parser.accept("TIMEOUT")) return 0;
  return parser.acceptNumber() ?? DEFAULT_TIMEOUT_SECONDS;
}

const simple = (word: string, run: (context: CommandContext) => Reply, more: Partial<Command> = {}): Command => ({
  words: ["configure", word],
  whenRestricted: "denied",
  ...more,
  parse(parser, context) {
    parser.end();
    return () => run(context);
  },
});

export const configureCommands: readonly Command[] = [
  {
    words: ["configure"],
    whenRestricted: "denied",
    parse(parser, context) {
      const soft = parser.accept("SOFT");
      const path = parser.acceptText();
      const seconds = timeout(parser);
      parser.end();
      return () => load(context, { check: false, soft, path, seconds });
    },
  },
  {
    words: ["configure", "check"],
    whenRestricted: "deniedByBird2",
    parse(parser, context) {
      const path = parser.acceptText();
      parser.end();
      return () => load(context, { check: true, soft: false, path, seconds: 0 });
    },
  },
  simple("confirm", confirm),
  simple("undo", undo),
  simple("status", status, { whenRestricted: "allowed", only: "2" }),
];
