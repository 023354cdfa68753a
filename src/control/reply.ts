import type { ReplyLine } from "./line-protocol.ts";

/** Something the command waits for. `start` begins it and returns how to give it up; `done` is called at most once. */
export interface Wait {
  readonly start: (done: () => void) => () => void;
}

/**
 * One reply in the making: lines as they are wanted, `turn` where work was done without one (or lines were written where
 * they go), or something to wait for. The returned line is the last one. Asked for the next step only when there is room
 * for it.
 */
export type Reply = Generator<ReplyLine | "turn" | Wait, ReplyLine>;

/** The lines of a reply that never waits. */
export type Lines = Generator<ReplyLine, ReplyLine>;

export const line = (code: number, text: string): ReplyLine => ({ code, text });

/** The usual last line. */
export const ok: ReplyLine = { code: 0, text: "" };

/** A reply of one line. */
export function* oneLine(code: number, text: string): Lines {
  yield* [];
  return line(code, text);
}
