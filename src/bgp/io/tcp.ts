import net from "node:net";
import { listenSocket, openTcpSocket, setMd5Key } from "#lib/io/libc.ts";
import { type Address, formatAddress, isLinkLocal } from "#route/address.ts";
import type { Call, Destination, DialEvents, ListenAddress, ListenEvents, Listener, Transport } from "../transport.ts";
import { ReadBudget } from "./read-budget.ts";
import { describe, type Shared, TcpConnection, TOS } from "./tcp-connection.ts";
import { WriteLine } from "./write-line.ts";

/** Listeners answer with it, or a neighbour with TTL security would drop our SYN-ACK (RFC 5082 §3). */
const LISTENER_TTL = 255;

/** Callers that the system keeps for us: a whole mesh may call at once. Linux takes no more than `somaxconn` of them. */
const BACKLOG = 4096;
/** Callers are let in for so long, then the others have their turn. */
const SLICE_MS = 2;

/** Accepted connections in a line: the system hands over all that wait at once. */
class Callers {
  #line: net.Socket[] = [];
  readonly #admit: (socket: net.Socket) => void;

  constructor(admit: (socket: net.Socket) => void) {
    this.#admit = admit;
  }

  add(socket: net.Socket): void {
    if (this.#line.push(socket) === 1) setImmediate(() => this.#admitSome());
  }

  #admitSome(): void {
    const endMs = performance.now() + SLICE_MS;
    let admitted = 0;
    for (const socket of this.#line) {
      if (admitted > 0 && performance.now() >= endMs) break;
      admitted++;
      this.#admit(socket);
    }
    this.#line = this.#line.slice(admitted);
    if (this.#line.length > 0) setImmediate(() => this.#admitSome());
  }
}

/** BGP's TCP on the machine's own stack. */
export class TcpTransport implements Transport {
  readonly #shared: Shared = { budget: new ReadBudget(), writes: new WriteLine() };

  dial(to: Destination, events: DialEvents): Call {
    let over = false;
    const fail = (error: unknown): void => {
      if (over) return;
      over = true;
      events.failed(describe(error));
    };
    try {
      const connection = TcpConnection.dialling(openTcpSocket(socketOptions(to)), this.#shared, to.interface);
      connection.socket.once("error", fail);
      connection.socket.once("connect", () => {
        if (over) return;
        over = true;
        if (connection.learnAddresses()) events.connected(connection);
        else events.failed("closed at once");
      });
      connection.socket.connect({ host: hostOf(to.address, to.interface), port: to.port });
      return {
        cancel: () => {
          if (!over) connection.socket.destroy();
          over = true;
        },
      };
    } catch (error) {
      setImmediate(() => fail(error));
      return {
        cancel: () => {
          over = true;
        },
      };
    }
  }

  listen(at: ListenAddress, events: ListenEvents): Listener {
    const server = net.createServer({ pauseOnConnect: true });
    let fd = -1;
    let closed = false;
    const fail = (error: unknown): void => {
      if (closed) return;
      closed = true;
      events.failed(describe(error));
    };
    const callers = new Callers((socket) => {
      const connection = TcpConnection.accepted(socket, this.#shared);
      if (connection !== undefined) events.accepted(connection);
    });
    server.on("connection", (socket) => callers.add(socket));
    server.once("listening", () => events.listening());
    server.once("error", fail);
    try {
      fd = listenSocket({ family: at.family, local: at.address, port: at.port, ttl: LISTENER_TTL, tos: TOS });
      server.listen({ fd, backlog: BACKLOG });
    } catch (error) {
      setImmediate(() => fail(error));
    }
    return {
      setPassword: (address, password) => {
        if (fd < 0 || closed) return undefined;
        try {
          setMd5Key(fd, address, password);
          return undefined;
        } catch (error) {
          return describe(error);
        }
      },
      close: () => {
        closed = true;
        server.close();
      },
    };
  }
}

function socketOptions(to: Destination): Parameters<typeof openTcpSocket>[0] {
  return {
    family: to.address.family,
    local: to.localAddress,
    interface: to.interface,
    md5: to.password === undefined ? [] : [{ peer: to.address, key: to.password }],
    ttl: to.ttl,
    minTtl: to.minimumTtl,
    tos: TOS,
  };
}

const hostOf = (address: Address, device: string | undefined): string =>
  isLinkLocal(address) && device !== undefined ? `${formatAddress(address)}%${device}` : formatAddress(address);
