import type { Clock } from "#lib/clock.ts";
import type { Log, LogFields } from "#lib/log.ts";
import type { LogClass } from "./command.ts";
import { familyView } from "./family-view.ts";
import { Reconfiguration } from "./reconfiguration.ts";
import { Session, type SessionOptions, type Wire } from "./session.ts";
import { Slices } from "./slices.ts";
import type { DaemonView } from "./views.ts";

/** What all control sockets of one daemon share. */
export class Control {
  readonly #daemon: DaemonView;
  readonly #clock: Clock;
  readonly #reconfiguration: Reconfiguration;
  readonly #slices: Slices;
  readonly #sessions = new Set<Session>();

  constructor(daemon: DaemonView, clock: Clock) {
    this.#daemon = daemon;
    this.#clock = clock;
    this.#slices = new Slices(clock);
    this.#reconfiguration = new Reconfiguration(daemon.actions.configuration, clock);
  }

  /** A client connected. */
  open(wire: Wire, options: SessionOptions): Session {
    const [table] = options.dialect.tables;
    const oneFamily = options.dialect.tables.length === 1 ? table?.family : undefined;
    const session = new Session(wire, options, {
      daemon: oneFamily === undefined ? this.#daemon : familyView(this.#daemon, oneFamily),
      clock: this.#clock,
      reconfiguration: this.#reconfiguration,
      slices: this.#slices,
      ended: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  /** Sends a log line to the sessions that asked for its class with `echo`. */
  echo(logClass: LogClass, text: string): void {
    for (const session of this.#sessions) session.echo(logClass, text);
  }
}

/** The same log, whose lines also go to sessions that asked for them. */
export function echoing(log: Log, control: Pick<Control, "echo">): Log {
  const tell = (logClass: LogClass, write: (message: string, fields?: LogFields) => void) => {
    return (message: string, fields?: LogFields): void => {
      write(message, fields);
      control.echo(logClass, message);
    };
  };
  return {
    debug: tell("debug", (message, fields) => log.debug(message, fields)),
    info: tell("info", (message, fields) => log.info(message, fields)),
    warn: tell("warning", (message, fields) => log.warn(message, fields)),
    error: tell("error", (message, fields) => log.error(message, fields)),
    with: (fields) => echoing(log.with(fields), control),
  };
}
