import type {
  Call,
  Connection,
  ConnectionEvents,
  ConnectionOptions,
  Destination,
  DialEvents,
  ListenAddress,
  ListenEvents,
  Listener,
  Transport,
} from "#bgp/transport.ts";
import { HEAD_ROOM } from "#bgp/wire/framing.ts";
import type { Clock } from "#lib/clock.ts";
import { type Address, formatAddress, sameAddress } from "#route/address.ts";

/**
 * A network in memory: hosts by address, who dial each other and listen. What one end sends arrives at the other a turn
 * of the clock later, in order, cut into pieces of `pieceOctets`.
 */
export class FakeNetwork {
  readonly clock: Clock;
  /** What all connections read into, as the real transport does. */
  readonly buffer = new Uint8Array(2 * HEAD_ROOM);
  /** Octets a piece; undefined: as they were sent. */
  pieceOctets: number | undefined;
  /** Calls to these addresses are never answered. */
  readonly silent = new Set<string>();
  /** All connections ever made, the caller's ends. */
  readonly connections: FakeConnection[] = [];
  readonly #listening: { at: ListenAddress; host: Address; events: ListenEvents; passwords: Map<string, string> }[] =
    [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** What leaves `end` arrives a turn later; what leaves it after that does not arrive before. */
  later(_end: FakeConnection, then: () => void): void {
    this.clock.soon(then);
  }

  /** The transport of the host that has `address`. */
  host(address: Address): Transport {
    return {
      dial: (to, events) => this.#dial(address, to, events),
      listen: (at, events) => this.#listen(address, at, events),
    };
  }

  #listen(host: Address, at: ListenAddress, events: ListenEvents): Listener {
    const entry = { at, host, events, passwords: new Map<string, string>() };
    const taken = this.#listening.some(
      (other) => sameAddress(other.host, host) && other.at.port === at.port && other.at.family === at.family,
    );
    if (!taken) this.#listening.push(entry);
    this.clock.soon(() => (taken ? events.failed("address already in use") : events.listening()));
    return {
      setPassword: (address, password) => {
        if (password?.includes("\n")) return "invalid argument";
        if (password === undefined) entry.passwords.delete(formatAddress(address));
        else entry.passwords.set(formatAddress(address), password);
        return undefined;
      },
      close: () => {
        const index = this.#listening.indexOf(entry);
        if (index >= 0) this.#listening.splice(index, 1);
      },
    };
  }

  #dial(from: Address, to: Destination, events: DialEvents): Call {
    let over = false;
    this.clock.soon(() => {
      if (!over && to.localAddress !== undefined && !sameAddress(to.localAddress, from)) {
        over = true;
        events.failed("address not available", "local address");
        return;
      }
      if (over || this.silent.has(formatAddress(to.address))) return;
      const listener = this.#listening.find(
        ({ host, at }) => sameAddress(host, to.address) && at.port === to.port && at.family === from.family,
      );
      if (listener === undefined) {
        over = true;
        events.failed("connection refused");
        return;
      }
      if (listener.passwords.get(formatAddress(from)) !== to.password) return;
      over = true;
      const near = new FakeConnection(this, from, to.address);
      const far = new FakeConnection(this, to.address, from);
      near.peer = far;
      far.peer = near;
      this.connections.push(near);
      events.connected(near);
      listener.events.accepted(far);
    });
    return {
      cancel: () => {
        over = true;
      },
    };
  }
}

/** One end. */
export class FakeConnection implements Connection {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly interface = undefined;
  peer: FakeConnection | undefined;
  /** What `open` and `change` said last. */
  options: ConnectionOptions | undefined;
  /** Nothing is taken from this end any more: what it sends stays unsent. */
  blocked = false;
  /** Closed from this end. */
  closed = false;
  /** After a `close` of ours what still comes is thrown away; after anything else it is answered with a reset. */
  #lingers = false;
  readonly #network: FakeNetwork;
  #events: ConnectionEvents | undefined;
  #early: Uint8Array[] = [];
  /** Why the connection was over before it was opened. */
  #lost: string | undefined;
  readonly #unsent: (() => void)[] = [];

  constructor(network: FakeNetwork, localAddress: Address, remoteAddress: Address) {
    this.#network = network;
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
  }

  open(options: ConnectionOptions, events: ConnectionEvents): void {
    this.options = options;
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const octets of early) this.#network.clock.soon(() => this.#deliver(octets));
    const lost = this.#lost;
    if (lost !== undefined) this.#network.clock.soon(() => this.#events?.closed(lost));
  }

  change(options: ConnectionOptions): void {
    this.options = options;
  }

  send(bytes: Uint8Array, start: number, end: number, written: () => void): void {
    if (this.blocked) {
      this.#unsent.push(written);
      return;
    }
    const octets = bytes.slice(start, end);
    this.#network.later(this, () => {
      written();
      if (this.peer?.receive(octets) === false) this.lose("connection reset by peer");
    });
  }

  close(): void {
    this.#events = undefined;
    if (this.closed) return;
    this.#lingers = true;
    this.#end();
    this.#network.later(this, () => this.peer?.lose("connection closed by the neighbour"));
  }

  /** Octets from the other end, or from a test. @returns false where nobody is there to take them */
  receive(octets: Uint8Array): boolean {
    if (this.closed) return this.#lingers;
    const step = this.#network.pieceOctets ?? octets.length;
    for (let at = 0; at < octets.length; at += step) {
      const piece = octets.slice(at, at + step);
      if (this.#events === undefined) this.#early.push(piece);
      else this.#deliver(piece);
    }
    return true;
  }

  /** The connection breaks. */
  lose(reason: string): void {
    const events = this.#events;
    if (this.closed) return;
    this.#end();
    if (events === undefined) this.#lost = reason;
    events?.closed(reason);
  }

  /** Both ends see the connection break. */
  break(): void {
    const { peer } = this;
    this.lose("connection reset by peer");
    peer?.lose("connection reset by peer");
  }

  #deliver(octets: Uint8Array): void {
    const { buffer } = this.#network;
    buffer.set(octets, HEAD_ROOM);
    this.#events?.received(buffer, HEAD_ROOM, HEAD_ROOM + octets.length);
  }

  #end(): void {
    this.closed = true;
    this.#events = undefined;
    for (const written of this.#unsent.splice(0)) this.#network.clock.soon(written);
  }
}

/** A host that takes every call to port 179. */
export function listenAt(network: FakeNetwork, at: Address, accepted: (connection: Connection) => void): void {
  const on = { family: at.family, address: undefined, port: 179 };
  network.host(at).listen(on, { listening: () => {}, accepted, failed: () => {} });
}

/** A call to port 179. */
export function dialFrom(
  network: FakeNetwork,
  at: Address,
  to: Address,
  connected: (connection: Connection) => void,
): void {
  const options = { password: undefined, ttl: 64, minimumTtl: undefined };
  const destination = { address: to, port: 179, localAddress: undefined, interface: undefined, ...options };
  network.host(at).dial(destination, { connected, failed: () => {} });
}
