import type { Clock } from "#lib/clock.ts";
import type { NamedTable } from "./commands/route-query.ts";
import type { Dialect } from "./dialect.ts";
import type { Parser } from "./parser.ts";
import type { Reconfiguration } from "./reconfiguration.ts";
import type { Renderer } from "./render/renderer.ts";
import type { Reply } from "./reply.ts";
import type { ReplyWriter } from "./reply-writer.ts";
import type { TimeFormats } from "./timeformat.ts";
import type { DaemonView } from "./views.ts";

/** Classes of log lines that `echo` chooses from. */
export const logClasses = ["debug", "trace", "info", "remote", "warning", "error", "auth", "fatal", "bug"] as const;
export type LogClass = (typeof logClasses)[number];

/** What a connection remembers between its commands. */
export interface SessionSettings {
  /** Only commands that change nothing; cannot be taken back. */
  restricted: boolean;
  formats: TimeFormats;
  /** Log lines that are sent on as notices. */
  echo: ReadonlySet<LogClass>;
}

/** What a command works with. */
export interface CommandContext {
  readonly daemon: DaemonView;
  readonly tables: readonly NamedTable[];
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly reconfiguration: Reconfiguration;
  readonly settings: SessionSettings;
  readonly render: Renderer;
  /** Sends a line that belongs to no reply, at once. */
  readonly notice: (text: string) => void;
}

/** Begins the reply of a command that was parsed. @param out for lines of long replies, whose objects would cost more than they */
export type Run = (out: ReplyWriter) => Reply;

export interface Command {
  /** Keywords that it begins with. */
  readonly words: readonly string[];
  /** What restricted sessions get: the reply, or 8007. */
  readonly whenRestricted: "allowed" | "denied" | "deniedByBird2";
  /** Only in this dialect. */
  readonly only?: Dialect["name"];
  /** Parses the rest of the line, END included. */
  parse(parser: Parser, context: CommandContext): Run;
}
