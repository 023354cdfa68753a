import type { Clock } from "#lib/clock.ts";
import type { Dialect } from "./dialect.ts";
import type { Parser } from "./parser.ts";
import type { Renderer } from "./render/renderer.ts";
import type { Reply } from "./reply.ts";
import type { TimeFormats } from "./timeformat.ts";
import type { DaemonView } from "./views.ts";

/** What a connection remembers between its commands. */
export interface SessionSettings {
  /** Only commands that change nothing; cannot be taken back. */
  restricted: boolean;
  formats: TimeFormats;
}

/** What a command works with. */
export interface CommandContext {
  readonly daemon: DaemonView;
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly settings: SessionSettings;
  readonly render: Renderer;
}

/** Begins the reply of a command that was parsed. */
export type Run = (context: CommandContext) => Reply;

export interface Command {
  /** Keywords that it begins with. */
  readonly words: readonly string[];
  /** Changes something, so that restricted sessions may not. */
  readonly changes: boolean;
  /** Parses the rest of the line, END included. */
  parse(parser: Parser, daemon: DaemonView): Run;
}
