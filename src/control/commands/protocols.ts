import type { Actions } from "../actions.ts";
import type { Command } from "../command.ts";
import type { ReplyLine } from "../line-protocol.ts";
import { line, ok, type Reply } from "../reply.ts";
import type { ProtocolView } from "../views.ts";
import { selectOne } from "./select.ts";

/** What is done to one protocol, and what is said about it; undefined: nothing. */
type Step = (actions: Actions, view: ProtocolView, message: string | undefined) => ReplyLine | undefined;

const answer = (code: number, view: ProtocolView, text: string): ReplyLine => line(code, `${view.name}: ${text}`);

/** Commands that do something to each chosen protocol, one after the other. */
const steps: Readonly<Record<string, Step>> = {
  disable(actions, view, message) {
    if (view.disabled) return answer(8, view, "already disabled");
    if (view.bgp === undefined) return answer(8006, view, "cannot be disabled");
    actions.disable(view.name, message);
    return answer(9, view, "disabled");
  },
  enable(actions, view, message) {
    if (!view.disabled) return answer(10, view, "already enabled");
    actions.enable(view.name, message);
    return answer(11, view, "enabled");
  },
  restart(actions, view, message) {
    if (view.disabled) return answer(8, view, "already disabled");
    if (view.bgp === undefined) return answer(8006, view, "cannot be restarted");
    actions.restart(view.name, message);
    return answer(12, view, "restarted");
  },
};

function changing(word: string, step: Step): Command {
  return {
    words: [word],
    whenRestricted: "denied",
    parse(parser, { daemon }) {
      const selection = selectOne(parser, false);
      const message = parser.accept("END") ? undefined : (parser.acceptText() ?? parser.fail());
      if (message !== undefined) parser.end();
      return () => each(selection(daemon), (view) => step(daemon.actions, view, message));
    },
  };
}

function* each(views: Iterable<ProtocolView>, step: (view: ProtocolView) => ReplyLine | undefined): Reply {
  for (const view of views) {
    const said = step(view);
    if (said !== undefined) yield said;
    yield "turn";
  }
  return ok;
}

const reload: Command = {
  words: ["reload"],
  whenRestricted: "denied",
  parse(parser, { daemon }) {
    const direction = parser.accept("IN") ? "in" : parser.accept("OUT") ? "out" : "both";
    const selection = selectOne(parser, false);
    parser.end();
    return () =>
      each(selection(daemon), (view) => {
        if (view.disabled) return answer(8, view, "already disabled");
        if (view.state !== "up") return undefined;
        const done = daemon.actions.reload(view.name, direction);
        return done ? answer(15, view, "reloading") : answer(8006, view, "reload failed");
      });
  },
};

export const protocolCommands: readonly Command[] = [
  ...Object.entries(steps).map(([word, step]) => changing(word, step)),
  reload,
];
