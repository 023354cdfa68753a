import { writeSync } from "node:fs";
import type { Log, LogFields, LogLevel } from "../log.ts";

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** `2026-11-21T01:20:11.123Z INFO  message key=value`, for people. */
export function textLog(level: LogLevel, write: (line: string) => void = writeStderr, fields: LogFields = {}): Log {
  const at = (rank: LogLevel) => (message: string, more?: LogFields) => {
    if (ranks[rank] < ranks[level]) return;
    const details = Object.entries({ ...fields, ...more }).filter(([, value]) => value !== undefined);
    const tail = details.map(([key, value]) => ` ${key}=${/[\s"=]/.test(`${value}`) ? JSON.stringify(value) : value}`);
    write(`${new Date().toISOString()} ${rank.toUpperCase().padEnd(5)} ${message}${tail.join("")}\n`);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (more) => textLog(level, write, { ...fields, ...more }),
  };
}

/** Standard error may be a pipe that is full or closed: a lost line is better than a daemon that stops. */
function writeStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    return;
  }
}
