import type { Received } from "./recorder.ts";
import type { SessionSpec } from "./session.ts";

/** What the bench asks of a speaker process; each command has one reply. Times are monotonic milliseconds. */
export interface Commands {
  /** Dials all sessions, never more than `inFlight` that are not Established yet; the reply comes when all are. */
  open: {
    ask: { sessions: readonly SessionSpec[]; timeoutMs: number; inFlight: number };
    reply: { firstMs: number; lastMs: number };
  };
  /** Reads a file of UPDATE messages into memory under its path. */
  load: { ask: { path: string }; reply: { octets: number } };
  /** Sends loaded files, each on its session, all at once. */
  send: { ask: { streams: readonly { session: number; path: string }[] }; reply: { startMs: number; endMs: number } };
  /** Waits until every session holds what is expected, or nothing came for long. */
  settle: { ask: Settle; reply: { settled: boolean; sessions: readonly Received[] } };
  /** Looks at what came until now. */
  judge: { ask: { sessions: readonly number[] }; reply: { sessions: readonly Received[] } };
  /** Closes sessions without a word. */
  close: { ask: { sessions: readonly number[] }; reply: { atMs: number } };
}

export interface Settle {
  readonly sessions: readonly number[];
  readonly expect: Expectation;
  /** Silence after which the tables are looked at. */
  readonly quietMs: number;
  readonly timeoutMs: number;
}

/** What a table shall be in the end. */
export interface Expectation {
  readonly prefixes: number;
  readonly checksum?: string;
}

export type CommandName = keyof Commands;
export type Ask<Name extends CommandName> = Commands[Name]["ask"];
export type Reply<Name extends CommandName> = Commands[Name]["reply"];

export interface Request {
  readonly number: number;
  readonly name: CommandName;
  readonly ask: unknown;
}

export interface Response {
  readonly number: number;
  readonly reply?: unknown;
  readonly error?: string;
}
