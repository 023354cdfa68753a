import type net from "node:net";
import { LARGEST_READ, ReadSize } from "../read-size.ts";
import type { ConnectionEvents } from "../transport.ts";
import { HEAD_ROOM } from "../wire/framing.ts";

/** For all connections together, between two turns of the event loop. */
const SLICE_MS = 2;
/** Reads beyond the slice before everyone has to stop: the system reports up to a thousand sockets at once. */
const LATE_READS = 16;
/** Sockets that go on in a turn. */
const RESUMED = 16;

/** Who reads. Without `events` what comes is thrown away. */
export interface Reading {
  readonly socket: net.Socket | undefined;
  readonly events: ConnectionEvents | undefined;
}

/**
 * Reads all connections into one buffer, which works because a read and what it sets off are synchronous, and makes
 * them wait in a line when a slice's time is used: libuv alone would read a socket 32 times, and all others after it,
 * before it looks at anything else.
 */
export class ReadBudget {
  readonly #bytes = new Uint8Array(HEAD_ROOM + LARGEST_READ);
  readonly #size = new ReadSize();
  #area = new Uint8Array(this.#bytes.buffer, HEAD_ROOM, this.#size.octets);
  readonly #sockets = new Set<net.Socket>();
  /** Paused ones with more to read, the longest waiting first. */
  readonly #line = new Set<net.Socket>();
  #sliceEndMs = 0;
  #sliceOpen = false;
  #late = 0;

  /** For a socket's constructor. */
  onread(reader: Reading): net.OnReadOpts {
    return {
      buffer: () => {
        const { octets } = this.#size;
        if (this.#area.length !== octets) this.#area = new Uint8Array(this.#bytes.buffer, HEAD_ROOM, octets);
        return this.#area;
      },
      callback: (octets, { length: room }) => {
        const beganMs = performance.now();
        this.#openSlice(beganMs);
        reader.events?.received(this.#bytes, HEAD_ROOM, HEAD_ROOM + octets);
        const nowMs = performance.now();
        if (octets === room) this.#size.took(nowMs - beganMs);
        return reader.socket === undefined || this.#mayGoOn(reader.socket, octets === room, nowMs);
      },
    };
  }

  add(socket: net.Socket): void {
    this.#sockets.add(socket);
  }

  /** The socket is closed. */
  remove(socket: net.Socket): void {
    this.#sockets.delete(socket);
    this.#line.delete(socket);
  }

  #openSlice(nowMs: number): void {
    if (this.#sliceOpen) return;
    this.#sliceOpen = true;
    this.#sliceEndMs = nowMs + SLICE_MS;
    this.#size.next(this.#late);
    this.#late = 0;
    setImmediate(() => this.#closeSlice());
  }

  /** @param more the read filled the buffer. @returns false: the socket is paused */
  #mayGoOn(socket: net.Socket, more: boolean, nowMs: number): boolean {
    if (nowMs < this.#sliceEndMs) return true;
    if (++this.#late === LATE_READS) this.#stopOthers(socket);
    if (more) this.#line.add(socket);
    return !more;
  }

  #stopOthers(current: net.Socket): void {
    for (const socket of this.#sockets) {
      if (socket === current || this.#line.has(socket)) continue;
      socket.pause();
      this.#line.add(socket);
    }
  }

  #closeSlice(): void {
    this.#sliceOpen = false;
    let resumed = 0;
    for (const socket of this.#line) {
      if (resumed++ === RESUMED) break;
      this.#line.delete(socket);
      socket.resume();
    }
    if (this.#line.size > 0) this.#openSlice(performance.now());
  }
}
