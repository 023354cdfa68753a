import type { Address } from "#route/address.ts";

/** TCP as sessions need it; implemented by `io/tcp.ts` and, in tests, by two ends joined in memory. */
export interface Transport {
  /** Calls out. Exactly one of `events` follows, unless the call is cancelled. */
  dial(to: Destination, events: DialEvents): Call;
  /**
   * Takes calls until closed.
   * @param address undefined: all addresses of `family`
   */
  listen(at: ListenAddress, events: ListenEvents): Listener;
}

/** What TCP has to be told about one neighbour. */
export interface ConnectionOptions {
  /** TCP-MD5 key (RFC 2385). */
  readonly password: string | undefined;
  /** Time to live of what we send. */
  readonly ttl: number;
  /** Least time to live that received packets may have (RFC 5082 §3); undefined: any. */
  readonly minimumTtl: number | undefined;
}

export interface Destination extends ConnectionOptions {
  readonly address: Address;
  readonly port: number;
  readonly localAddress: Address | undefined;
  /** For link-local addresses, and to bind the connection to. */
  readonly interface: string | undefined;
}

export interface DialEvents {
  connected(connection: Connection): void;
  /** @param fault `local address`: the address to call from is none of this machine's */
  failed(reason: string, fault?: "local address"): void;
}

export interface Call {
  cancel(): void;
}

export interface ListenAddress {
  readonly family: Address["family"];
  readonly address: Address | undefined;
  readonly port: number;
}

export interface ListenEvents {
  listening(): void;
  /** Nothing is read, and nothing else happens, before `Connection.open`. */
  accepted(connection: Connection): void;
  /** The listener is gone. */
  failed(reason: string): void;
}

export interface Listener {
  /**
   * Sets or, with undefined, removes the TCP-MD5 key of callers from `address`.
   * @returns why the system refused it; undefined: it did not
   */
  setPassword(address: Address, password: string | undefined): string | undefined;
  close(): void;
}

export interface ConnectionEvents {
  /**
   * Octets `bytes[start, end)` came, borrowed for the call. `HEAD_ROOM` octets in front of `start` may be overwritten
   * as far as the buffer has them.
   */
  received(bytes: Uint8Array, start: number, end: number): void;
  /** The other side, or the system, ended the connection. Nothing follows. */
  closed(reason: string): void;
}

export interface Connection {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  /** Interface of a link-local connection. */
  readonly interface: string | undefined;
  /** Applies what was not known when the call came in, and begins to read. */
  open(options: ConnectionOptions, events: ConnectionEvents): void;
  /** Applies other options while it is open; where the system refuses them the connection ends. */
  change(options: ConnectionOptions): void;
  /**
   * Queues `bytes[start, end)`, borrowed until `written` is called: once, always, never before `send` returned. What is
   * queued in one turn may go out together.
   */
  send(bytes: Uint8Array, start: number, end: number, written: () => void): void;
  /** Sends what is queued, for a few seconds at most, and closes. No event follows. */
  close(): void;
}
