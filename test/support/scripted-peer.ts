import { openFor } from "#bgp/session/negotiate.ts";
import type { Connection, ConnectionEvents } from "#bgp/transport.ts";
import { describeCapabilities } from "#bgp/wire/capabilities.ts";
import { MessageCutter } from "#bgp/wire/framing.ts";
import { encodeKeepalive } from "#bgp/wire/keepalive.ts";
import { MessageType } from "#bgp/wire/message-type.ts";
import { decodeNotification, encodeNotification, type Notification } from "#bgp/wire/notification.ts";
import { decodeOpen, encodeOpen, type Open } from "#bgp/wire/open.ts";
import { decodeRouteRefresh, encodeRouteRefresh, type RouteRefresh } from "#bgp/wire/route-refresh.ts";
import type { PeerConfig } from "#config/node-config.ts";
import { type Address, formatAddress } from "#route/address.ts";
import { dialFrom, type FakeConnection, type FakeNetwork, listenAt } from "./fake-wire.ts";
import { peerConfig } from "./sessions.ts";

/** A neighbour without a mind: it says what the test tells it to say, and writes down what it hears. */
export class ScriptedPeer {
  /** Per connection, in the order in which they came up. */
  readonly lines: ScriptedLine[] = [];
  readonly #network: FakeNetwork;
  readonly #at: Address;

  constructor(network: FakeNetwork, at: Address) {
    this.#network = network;
    this.#at = at;
  }

  listen(): this {
    listenAt(this.#network, this.#at, (connection) => this.#take(connection));
    return this;
  }

  /** Calls; the line is there after a turn of the clock. */
  dial(to: Address): void {
    dialFrom(this.#network, this.#at, to, (connection) => this.#take(connection));
  }

  /** The last connection. */
  get line(): ScriptedLine {
    const line = this.lines.at(-1);
    if (line === undefined) throw new Error(`nobody called ${formatAddress(this.#at)}`);
    return line;
  }

  #take(connection: Connection): void {
    this.lines.push(new ScriptedLine(connection as FakeConnection));
  }
}

/** One of its connections. */
export class ScriptedLine implements ConnectionEvents {
  readonly connection: FakeConnection;
  /** `OPEN`, `KEEPALIVE`, `NOTIFICATION 6/2`, `UPDATE 23`, `ROUTE-REFRESH request ipv4`, `closed`. */
  heard: string[] = [];
  /** The OPEN that came. */
  open: Open | undefined;
  notification: Notification | undefined;
  readonly #cutter = new MessageCutter();

  constructor(connection: FakeConnection) {
    this.connection = connection;
    this.#cutter.maxOctets = 65_535;
    connection.open({ password: undefined, ttl: 64, minimumTtl: undefined }, this);
  }

  received(bytes: Uint8Array, start: number, end: number): void {
    this.#cutter.feed(bytes, start, end);
    while (this.#cutter.next()) this.heard.push(this.#show(this.#cutter));
  }

  closed(): void {
    this.heard.push("closed");
  }

  /** What came since the last call. */
  take(): string[] {
    return this.heard.splice(0);
  }

  say(octets: Uint8Array): void {
    this.connection.send(octets, 0, octets.length, () => {});
  }

  /** An OPEN as `openFor` makes it. */
  sayOpen(changes: Partial<PeerConfig> = {}, routerId = 9, restarting = false): void {
    const speaker = { routerId, clusterId: routerId, restarting, forwardingKept: () => true };
    this.say(encodeOpen(openFor({ ...peerConfig("me", "10.0.0.1"), ...changes }, speaker, false)));
  }

  sayKeepalive(): void {
    this.say(encodeKeepalive());
  }

  sayNotification(notification: Notification): void {
    this.say(encodeNotification(notification));
  }

  sayRefresh(message: RouteRefresh): void {
    this.say(encodeRouteRefresh(message));
  }

  #show({ type, bytes, start, end }: MessageCutter): string {
    switch (type) {
      case MessageType.open:
        this.open = decodeOpen(bytes, start, end);
        return this.open.capabilities.families.length > 0
          ? "OPEN"
          : `OPEN ${describeCapabilities(this.open.capabilities)}`;
      case MessageType.keepalive:
        return "KEEPALIVE";
      case MessageType.notification:
        this.notification = decodeNotification(bytes, start, end);
        return `NOTIFICATION ${this.notification.code}/${this.notification.subcode}`;
      case MessageType.update:
        return `UPDATE ${end - start}`;
      default: {
        const message = decodeRouteRefresh(bytes, start, end);
        return `ROUTE-REFRESH ${message?.kind} ${message?.family}`;
      }
    }
  }
}
