import type net from "node:net";

/** Up to so many octets are copied together: cheaper than a list for the system to gather them from. */
const COPIED_OCTETS = 4096;

/** Borrowed octets, and who waits until they are written. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly start: number;
  end: number;
  readonly written: (() => void)[];
}

/** What a connection has to write, in order; pieces that lie behind each other in one buffer become one. */
export class Outgoing {
  #pieces: Piece[] = [];
  #octets = 0;

  get isEmpty(): boolean {
    return this.#octets === 0;
  }

  /** @param written called once the octets are with the system, or never will be */
  add(bytes: Uint8Array, start: number, end: number, written: () => void): void {
    this.#octets += end - start;
    const last = this.#pieces.at(-1);
    if (last?.bytes === bytes && last.end === start) {
      last.end = end;
      last.written.push(written);
    } else this.#pieces.push({ bytes, start, end, written: [written] });
  }

  /** Writes all of it to `socket`, with one system call where that takes it. */
  writeTo(socket: net.Socket): void {
    const pieces = this.#pieces;
    const octets = this.#octets;
    this.#pieces = [];
    this.#octets = 0;
    if (pieces.length > 1 && octets <= COPIED_OCTETS) {
      const told = pieces.flatMap(({ written }) => written);
      socket.write(Buffer.concat(pieces.map(view), octets), () => tell(told));
      return;
    }
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(view(piece), () => tell(piece.written));
    if (pieces.length > 1) socket.uncork();
  }
}

const view = ({ bytes, start, end }: Piece): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);

function tell(waiting: readonly (() => void)[]): void {
  for (const written of waiting) written();
}
