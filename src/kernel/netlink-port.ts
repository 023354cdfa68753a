import type { Received } from "./wire/message.ts";

/** A message of a batch that the kernel refused. */
export interface Refusal {
  /** Which message: its sequence number, the index in the batch. */
  readonly index: number;
  /** `ENETUNREACH`. */
  readonly code: string;
  /** The kernel's own words, often empty. */
  readonly text: string;
}

/** What became of a batch. */
export interface Answer {
  /** In the order of the batch; every other message was done. */
  readonly refusals: readonly Refusal[];
  /** The answer itself was lost (`ENOBUFS`, a timeout): nobody knows what was done. */
  readonly lost: string | undefined;
}

/** How a dump ended. */
export interface DumpEnd {
  /** `OK`, or what the kernel says. */
  readonly code: string;
  readonly text: string;
  /** The table changed meanwhile: the dump may miss what did not change (NLM_F_DUMP_INTR). */
  readonly interrupted: boolean;
}

export interface NotificationListener {
  /** Messages of the groups that the port has joined, without those that our own requests caused. Borrowed. */
  received(data: Received): void;
  /** Notifications were lost: what they told must be read anew. */
  overrun(): void;
}

/**
 * Two netlink sockets in a thread of their own: one for requests, one for notifications. Implemented by
 * `io/kernel-port.ts` and, in tests, by a model of the kernel. Calls answer later, in another turn, in order.
 */
export interface NetlinkPort {
  /** Room for one batch; undefined while as many as may be are on their way. */
  room(): Uint32Array | undefined;
  /**
   * Sends the first `words` of `room`, which belongs to the port from now on. Messages carry their index as sequence
   * number, and the last one asks for an acknowledgement. @param last sequence number of that one
   */
  submit(room: Uint32Array, words: number, last: number, answered: (answer: Answer) => void): void;
  /** Gives unused room back. */
  release(room: Uint32Array): void;
  /** @param received called with one borrowed piece of the dump after the other */
  dump(request: Uint32Array, received: (data: Received) => void, ended: (end: DumpEnd) => void): void;
  /** One listener at a time. */
  listen(listener: NotificationListener): void;
}
