import type { Log, LogFields } from "#lib/log.ts";

/** Keeps lines of level `info` and above, as `level message`. */
export class LineLog implements Log {
  readonly lines: string[] = [];

  debug(): void {}

  info(message: string, _fields?: LogFields): void {
    this.lines.push(`info ${message}`);
  }

  warn(message: string, _fields?: LogFields): void {
    this.lines.push(`warn ${message}`);
  }

  error(message: string, _fields?: LogFields): void {
    this.lines.push(`error ${message}`);
  }

  with(): Log {
    return this;
  }

  take(): string[] {
    return this.lines.splice(0);
  }
}
