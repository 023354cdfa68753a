import net from "node:net";
import { dup, listenSocket, must, setMd5Key } from "#lib/io/libc.ts";
import type { Address } from "#route/address.ts";
import type { ListenAddress, ListenEvents, Listener } from "../transport.ts";
import { describe, type Shared, TcpConnection, TOS } from "./tcp-connection.ts";

/** Listeners answer with it, or a neighbour with TTL security would drop our SYN-ACK (RFC 5082 §3). */
const LISTENER_TTL = 255;
/** Callers that the system keeps for us: a whole mesh may call at once. Linux takes no more than `somaxconn` of them. */
const BACKLOG = 4096;
/** Callers that the system hands over in one turn of the event loop: libuv takes one for each handle of the socket. */
const HANDLES = 16;
/** Callers are let in for so long, then the others have their turn. */
const SLICE_MS = 2;

/** One address and port at which neighbours call. */
export class TcpListener implements Listener {
  readonly #shared: Shared;
  readonly #events: ListenEvents;
  /** Of one socket, all of them. */
  readonly #servers: net.Server[] = [];
  #fd = -1;
  #closed = false;
  /** Accepted connections that are not let in yet. */
  #line: net.Socket[] = [];

  constructor(at: ListenAddress, events: ListenEvents, shared: Shared) {
    this.#events = events;
    this.#shared = shared;
    try {
      this.#fd = listenSocket({ family: at.family, local: at.address, port: at.port, ttl: LISTENER_TTL, tos: TOS });
      this.#serve(this.#fd).once("listening", () => this.#listening());
    } catch (error) {
      setImmediate(() => this.#fail(error));
    }
  }

  setPassword(address: Address, password: string | undefined): string | undefined {
    if (this.#fd < 0 || this.#closed) return undefined;
    try {
      setMd5Key(this.#fd, address, password);
      return undefined;
    } catch (error) {
      return describe(error);
    }
  }

  close(): void {
    this.#closed = true;
    for (const server of this.#servers.splice(0)) server.close();
  }

  #serve(fd: number): net.Server {
    const server = net.createServer({ pauseOnConnect: true }, (socket) => this.#called(socket));
    this.#servers.push(server);
    server.once("error", (error) => this.#fail(error));
    return server.listen({ fd, backlog: BACKLOG });
  }

  #listening(): void {
    if (this.#closed) return;
    try {
      for (let more = 1; more < HANDLES; more++) this.#serve(must("dup", dup(this.#fd)));
      this.#events.listening();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#events.failed(describe(error));
  }

  #called(socket: net.Socket): void {
    if (this.#line.push(socket) === 1) setImmediate(() => this.#admitSome());
  }

  #admitSome(): void {
    const endMs = performance.now() + SLICE_MS;
    let admitted = 0;
    for (const socket of this.#line) {
      if (admitted > 0 && performance.now() >= endMs) break;
      admitted++;
      const connection = TcpConnection.accepted(socket, this.#shared);
      if (connection !== undefined) this.#events.accepted(connection);
    }
    this.#line = this.#line.slice(admitted);
    if (this.#line.length > 0) setImmediate(() => this.#admitSome());
  }
}
