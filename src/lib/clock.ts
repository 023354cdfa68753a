/** A running timer. */
export interface Timer {
  /** Idempotent; after it the callback is never called. */
  cancel(): void;
}

/** Where pure code gets time from. Implemented by `lib/io/system-clock.ts` and, in tests, by a clock moved by hand. */
export interface Clock {
  /** Monotonic milliseconds, with a fraction; the origin is arbitrary. */
  nowMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z, for what people read. */
  wallMs(): number;
  /** Calls `then` once, not before `delayMs` passed. */
  after(delayMs: number, then: () => void): Timer;
  /** Calls `then` once, after what waits on sockets and timers had its turn: how long work is cut into slices. */
  soon(then: () => void): void;
}
