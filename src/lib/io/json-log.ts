import pino from "pino";
import type { Log, LogFields, LogLevel } from "../log.ts";

/** One JSON object a line on standard error, for log collectors. */
export function jsonLog(level: LogLevel): Log {
  return adapt(pino({ level, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true })));
}

function adapt(logger: pino.Logger): Log {
  const at = (rank: LogLevel) => (message: string, fields?: LogFields) => logger[rank](fields ?? {}, message);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => adapt(logger.child(fields)),
  };
}
