import type { Command } from "../command.ts";
import { selectProtocols } from "./select.ts";
import { parseShowRoute } from "./show-route.ts";

/** `show …`: nothing here changes anything. */
export const showCommands: readonly Command[] = [
  {
    words: ["show", "status"],
    changes: false,
    parse(parser) {
      parser.end();
      return ({ render, daemon }) => render.status(daemon.status());
    },
  },
  {
    words: ["show", "protocols"],
    changes: false,
    parse(parser) {
      const detailed = parser.accept("ALL");
      const selection = selectProtocols(parser, { optional: true });
      return ({ render, daemon }) => render.protocols(selection(daemon), detailed);
    },
  },
  { words: ["show", "route"], changes: false, parse: parseShowRoute },
];
