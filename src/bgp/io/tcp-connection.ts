import net from "node:net";
import { getSystemErrorMessage } from "node:util";
import { bug } from "#lib/bug.ts";
import { setMd5Key, setTcpOptions } from "#lib/io/libc.ts";
import { type Address, parseAddress } from "#route/address.ts";
import type { Connection, ConnectionEvents, ConnectionOptions } from "../transport.ts";
import { Outgoing } from "./outgoing.ts";
import type { ReadBudget, Reading } from "./read-budget.ts";
import type { WriteLine } from "./write-line.ts";

/** CS6, internetwork control: what routers mark BGP with (RFC 4594 §3.1). */
export const TOS = 0xc0;
/** How long a closed connection may take to send what is queued. */
const LINGER_MS = 5_000;

/** Node's handle of a TCP socket: the way to the number of an accepted one, and to reading it into our own buffer. */
interface Handle {
  readonly fd: number;
  close(): void;
}
type WithHandle = net.Socket & { _handle: Handle | null };

/** What all connections take turns at. */
export interface Shared {
  readonly budget: ReadBudget;
  readonly writes: WriteLine;
}

interface Ends {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly interface: string | undefined;
}

export class TcpConnection implements Connection, Reading {
  events: ConnectionEvents | undefined;
  readonly #shared: Shared;
  readonly #outgoing = new Outgoing();
  readonly #device: string | undefined;
  #socket: net.Socket | undefined;
  /** Of an accepted connection that is not open yet. */
  #handle: Handle | undefined;
  #fd: number;
  #ends: Ends | undefined;
  #closing = false;

  private constructor(shared: Shared, fd: number, device: string | undefined) {
    this.#shared = shared;
    this.#fd = fd;
    this.#device = device;
  }

  /** @param fd a prepared socket; owned from now on */
  static dialling(fd: number, shared: Shared, device: string | undefined): TcpConnection {
    const connection = new TcpConnection(shared, fd, device);
    connection.#adopt(new net.Socket({ fd, onread: shared.budget.onread(connection) }));
    connection.socket.setNoDelay(true);
    return connection;
  }

  /** TOS and NODELAY are those of the listener. @returns undefined where the caller is gone already */
  static accepted(socket: net.Socket, shared: Shared): TcpConnection | undefined {
    const handle = (socket as WithHandle)._handle;
    const ends = endsOf(socket, undefined);
    if (handle === null || ends === undefined) {
      socket.destroy();
      return undefined;
    }
    const connection = new TcpConnection(shared, handle.fd, undefined);
    connection.#handle = handle;
    connection.#ends = ends;
    return connection;
  }

  get socket(): net.Socket {
    return this.#socket ?? bug("a connection that is not open");
  }

  get localAddress(): Address {
    return this.#known().localAddress;
  }

  get remoteAddress(): Address {
    return this.#known().remoteAddress;
  }

  get interface(): string | undefined {
    return this.#known().interface;
  }

  /** Once connected: a socket that is closed knows them no more. @returns false where it is closed already */
  learnAddresses(): boolean {
    this.#ends = endsOf(this.socket, this.#device);
    return this.#ends !== undefined;
  }

  open(options: ConnectionOptions, events: ConnectionEvents): void {
    this.events = events;
    if (this.#handle === undefined) return;
    const constructing: object = { handle: this.#handle, onread: this.#shared.budget.onread(this) };
    this.#handle = undefined;
    this.#adopt(new net.Socket(constructing));
    const { ttl, minimumTtl: minTtl } = options;
    this.#tune(() => setTcpOptions(this.#fd, { family: this.remoteAddress.family, ttl, minTtl }));
  }

  change(options: ConnectionOptions): void {
    const { ttl, minimumTtl: minTtl = 0, password } = options;
    this.#tune(() => {
      setTcpOptions(this.#fd, { family: this.remoteAddress.family, ttl, minTtl });
      setMd5Key(this.#fd, this.remoteAddress, password);
    });
  }

  send(bytes: Uint8Array, start: number, end: number, written: () => void): void {
    if (this.#outgoing.isEmpty) this.#shared.writes.add(this);
    this.#outgoing.add(bytes, start, end, written);
  }

  /** Writes what came since the last time. */
  flush(): void {
    this.#outgoing.writeTo(this.socket);
  }

  /** What the neighbour still sends is read and thrown away: a reset would overtake our last words. */
  close(): void {
    this.events = undefined;
    if (this.#closing) return;
    this.#closing = true;
    if (this.#handle !== undefined) {
      this.#handle.close();
      return;
    }
    const { socket } = this;
    this.#shared.writes.remove(this);
    this.flush();
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
  }

  #adopt(socket: net.Socket): void {
    this.#socket = socket;
    this.#shared.budget.add(socket);
    let reason = "connection closed by the neighbour";
    socket.on("error", (error) => {
      reason = describe(error);
    });
    socket.once("close", () => {
      this.#closing = true;
      this.#shared.budget.remove(socket);
      const { events } = this;
      this.events = undefined;
      events?.closed(reason);
    });
  }

  #tune(set: () => void): void {
    if (this.#closing) return;
    try {
      set();
    } catch (error) {
      this.socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #known(): Ends {
    return this.#ends ?? bug("a connection without addresses");
  }
}

function endsOf({ localAddress, remoteAddress }: net.Socket, device: string | undefined): Ends | undefined {
  const [local = "", localZone] = (localAddress ?? "").split("%");
  const [remote = "", zone] = (remoteAddress ?? "").split("%");
  const [localParsed, remoteParsed] = [parseAddress(local), parseAddress(remote)];
  if (localParsed === undefined || remoteParsed === undefined) return undefined;
  return { localAddress: localParsed, remoteAddress: remoteParsed, interface: device ?? zone ?? localZone };
}

/** What the system says of a failure, without addresses that the reader knows already: `connection refused`. */
export function describe(error: unknown): string {
  if (error instanceof Error && "errno" in error && typeof error.errno === "number") {
    return getSystemErrorMessage(-Math.abs(error.errno));
  }
  return error instanceof Error ? error.message : String(error);
}
