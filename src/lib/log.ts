export type LogLevel = "debug" | "info" | "warn" | "error";

/** Details of one line: plain values, secrets never. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One structured line per change. The message is a sentence a network engineer reads without the fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with `fields` on every line. */
  with(fields: LogFields): Log;
}

const nothing = (): void => {};
/** A log that goes nowhere. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, with: () => silentLog };
