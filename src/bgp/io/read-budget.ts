import type net from "node:net";
import type { ConnectionEvents } from "../transport.ts";
import { HEAD_ROOM } from "../wire/framing.ts";

/** One read; larger ones only hold the thread longer. */
const READ_OCTETS = 16 * 1024;
/** All connections together, between two turns of the event loop. */
const SLICE_MS = 2;

/** Who reads. Without `events` what comes is thrown away. */
export interface Reading {
  readonly socket: net.Socket | undefined;
  readonly events: ConnectionEvents | undefined;
}

/**
 * Reads all connections into one buffer, which works because a read and what it sets off are synchronous, and stops
 * them when a slice's time is used: libuv alone would read a socket 32 times before it looks at anything else.
 */
export class ReadBudget {
  readonly #bytes = new Uint8Array(HEAD_ROOM + READ_OCTETS);
  readonly #area = new Uint8Array(this.#bytes.buffer, HEAD_ROOM);
  #sliceEndMs = 0;
  #open = false;
  /** Sockets whose last read filled the buffer: there is more. */
  readonly #hungry = new Set<net.Socket>();
  readonly #paused = new Set<net.Socket>();

  /** For a socket's constructor. */
  onread(reader: Reading): net.OnReadOpts {
    return {
      buffer: this.#area,
      callback: (octets) => {
        this.#begin();
        reader.events?.received(this.#bytes, HEAD_ROOM, HEAD_ROOM + octets);
        return reader.socket === undefined || this.#goOn(reader.socket, octets === READ_OCTETS);
      },
    };
  }

  /** The socket is closed. */
  forget(socket: net.Socket): void {
    this.#hungry.delete(socket);
    this.#paused.delete(socket);
  }

  #begin(): void {
    if (this.#open) return;
    this.#open = true;
    this.#sliceEndMs = performance.now() + SLICE_MS;
    setImmediate(() => this.#end());
  }

  #goOn(socket: net.Socket, hungry: boolean): boolean {
    if (hungry) this.#hungry.add(socket);
    else this.#hungry.delete(socket);
    if (performance.now() < this.#sliceEndMs) return true;
    for (const other of this.#hungry) {
      if (other !== socket) other.pause();
      this.#paused.add(other);
    }
    this.#hungry.clear();
    this.#paused.add(socket);
    return false;
  }

  #end(): void {
    this.#open = false;
    const resumed = [...this.#paused];
    this.#paused.clear();
    for (const socket of resumed) socket.resume();
  }
}
